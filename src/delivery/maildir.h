// Delivery into Maildir folders: 250 means that the file is on the disk under its final name.
//
//   1. every mailbox is made if it is missing (0700), and its place in the tree is synced
//   2. every recipient's file is written in tmp/ (0600) and synced
//   3. all are renamed into new/
//   4. the new/ folders are synced; what cannot be is taken back
//
// Trouble with one mailbox (its rights, the limit on wildcard mailboxes) concerns that recipient
// alone. Trouble in step 2 means that the disk is full or failing: then nobody gets the message,
// so that a full disk does not fill mailboxes with copies each time the client comes again.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/guarded.h"
#include "delivery/edited.h"
#include "delivery/envelope.h"
#include "delivery/file_calls.h"
#include "delivery/folder_sync.h"
#include "delivery/maildir_path.h"
#include "mail/reply.h"
#include "net/blocking_pool.h"

namespace postern::delivery {

struct MaildirLimits {
  /// Mailboxes in one folder beyond which a wildcard recipient gets no new one (452 4.2.2).
  std::size_t wildcard_mailboxes = 10'000;
  /// Files of one message that are open at the same time.
  std::size_t open_files = 64;
};

/// Shared by all threads.
class Maildir {
 public:
  Maildir(std::string data_directory, std::string_view host_name, net::BlockingPool& pool,
          MaildirLimits limits = {}, FileCalls& files = FileCalls::system());

  /// One reply for each recipient, whose next hop must be a maildir. What is passed must live
  /// until the pool's work is done, so the pool is stopped before the caller is destroyed.
  awaitable<std::vector<mail::Reply>> deliver(const Envelope& envelope,
                                              std::vector<const Recipient*> recipients,
                                              const Content& content, const Edit& edit);

  /// The same on the thread that calls.
  std::vector<mail::Reply> deliver_now(const Envelope& envelope,
                                       const std::vector<const Recipient*>& recipients,
                                       const Content& content, const Edit& edit);

 private:
  struct Target;
  struct Count {
    std::size_t entries = 0;
    std::chrono::steady_clock::time_point counted;
  };

  FileResult<void> prepare(Target& target);
  FileResult<void> prepare(const MailboxPath& path);
  bool may_have_mailbox(const Recipient& recipient, const MailboxPath& path);
  FileResult<NewFile> open_file(Target& target);
  FileResult<void> write_files(std::vector<Target*>& targets, const Envelope& envelope,
                               const Content& content, const Edit& edit);
  FileResult<void> write_file(Target& target, const Envelope& envelope, const Content& content,
                              const Edit& edit);
  void publish(std::vector<Target*>& targets);
  std::string unique_name();

  const std::string data_directory_;
  const std::string host_name_;
  net::BlockingPool& pool_;
  const MaildirLimits limits_;
  FileCalls& files_;
  FolderSync folder_sync_;
  /// Mailboxes whose place in the tree this process has synced.
  Guarded<std::unordered_set<std::string>> prepared_;
  Guarded<std::map<std::string, Count>> mailboxes_;
};

}  // namespace postern::delivery
