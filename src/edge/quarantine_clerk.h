// Looks after the quarantine on a thread of its own: removes what was kept for long enough, and
// sends the digests that are due.
//
// A digest of an organization is due once a day, or on Mondays, from its hour on; a slot that
// passed while posternd was down is made up for once. Whoever was told of a message is remembered
// with its row, so nobody is told twice, and a digest that could not be delivered is tried again
// with the next one.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/result.h"
#include "delivery/quarantine_folder.h"
#include "directory/objects.h"
#include "edge/own_mail.h"
#include "store/directory_store.h"
#include "store/quarantine_rows.h"
#include "store/trace_sink.h"

namespace postern::edge {

/// The last time at which digests were to be sent; nothing: none are.
std::optional<Time> last_digest_slot(const directory::OrganizationConfig& config, Time now);

class QuarantineClerk {
 public:
  struct Parts {
    store::DirectoryStore& directory;
    store::TraceSink& trace;
    store::QuarantineRows& rows;
    delivery::QuarantineFolder& folder;
    const OwnMail& mail;
    const Guarded<SharedSettings>& settings;
  };

  explicit QuarantineClerk(Parts parts);
  /// Ends between two digests.
  ~QuarantineClerk();
  QuarantineClerk(const QuarantineClerk&) = delete;
  QuarantineClerk& operator=(const QuarantineClerk&) = delete;

  /// Now, to those of its recipients who were not told yet, or to one of them; how many digests
  /// were delivered. Blocks for next hops.
  Result<std::size_t> send_digests(const directory::Organization& organization,
                                   const std::string& recipient);

 private:
  void work();
  void remove_expired();
  void send_due_digests();
  Result<bool> send_digest(const directory::Organization& organization,
                           const std::string& recipient);
  bool is_stopping();

  const Parts parts_;
  std::mutex sending_;  ///< the cmdlet and the thread must not tell the same
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace postern::edge
