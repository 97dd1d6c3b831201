// Mail that Postern hands on by itself: what an administrator releases from quarantine, and the
// digests that tell recipients what lies there. It goes where mail that comes in goes, through the
// courier of an I/O thread, for one recipient at a time: so a refusal is an answer to whoever
// asked, and no notification goes to the sender.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <string>

#include "base/guarded.h"
#include "base/result.h"
#include "delivery/hand_off.h"
#include "directory/snapshot.h"
#include "edge/settings.h"
#include "store/directory_store.h"

namespace postern::edge {

struct OwnMessage {
  delivery::Envelope envelope;
  delivery::Recipient recipient;
  std::string content;
  delivery::Edit edit;
};

/// On the courier's thread.
boost::asio::awaitable<delivery::RecipientOutcome> hand_over(delivery::Courier& courier,
                                                             delivery::ContentStore& contents,
                                                             OwnMessage message);

/// Where mail for `forward_path` goes now. `envelope` says whose recipient it was; one of another
/// domain is reached by the relay if the mail was Originating. The error is a sentence.
Result<delivery::Recipient> route(const std::string& forward_path,
                                  const delivery::Envelope& envelope,
                                  const directory::Snapshot& directory, const Settings& settings);

class OwnMail {
 public:
  using Done = std::function<void(delivery::RecipientOutcome)>;
  using HandOver = std::function<void(OwnMessage, Done)>;

  /// How long the next hop's answer is waited for.
  static constexpr std::chrono::seconds patience{120};

  /// `hand_over` gives a message to an I/O thread.
  OwnMail(store::DirectoryStore& directory, const Guarded<SharedSettings>& settings,
          HandOver hand_over)
      : directory_(directory), settings_(settings), hand_over_(std::move(hand_over)) {}

  /// Blocks until the next hop has answered. From any thread but those of the workers. An error:
  /// the message went nowhere, or nobody knows; the outcome tells all else.
  Result<delivery::RecipientOutcome> deliver(delivery::Envelope envelope,
                                             const std::string& forward_path, std::string content,
                                             delivery::Edit edit) const;

  /// From now on no answer is waited for.
  void stop() { stopping_ = true; }

 private:
  store::DirectoryStore& directory_;
  const Guarded<SharedSettings>& settings_;
  const HandOver hand_over_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace postern::edge
