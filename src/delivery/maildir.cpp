#include "delivery/maildir.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <set>

#include "base/encoding.h"
#include "base/log.h"
#include "base/time.h"
#include "delivery/line_endings.h"

namespace postern::delivery {

struct Maildir::Target {
  const Recipient* recipient = nullptr;
  MailboxPath path;
  std::string name;  ///< unique; in tmp/ as it is, in new/ with the size behind it
  std::optional<NewFile> file;
  std::uint64_t size = 0;
  mail::Reply reply;
  bool failed = false;

  void fail(mail::Reply why) {
    failed = true;
    reply = std::move(why);
    file.reset();
  }
  std::string new_folder() const { return path.folder + "/new"; }
};

namespace {

/// How many mailboxes this process remembers to have synced, before it starts anew.
constexpr std::size_t max_prepared = 100'000;
/// Domains whose mailboxes are counted, before it starts anew.
constexpr std::size_t max_counted = 10'000;
/// A full domain is counted again after this time: its mailboxes may have been cleared out.
constexpr auto recount_after = std::chrono::minutes(1);
/// Output is written in pieces of about this size.
constexpr std::size_t write_size = 256 * 1024;

const mail::Reply busy{451, "4.3.1", "The system is too busy; try again later"};
const mail::Reply full{452, "4.3.1", "Insufficient system storage; try again later"};
const mail::Reply failing{451, "4.3.0",
                          "The mailbox cannot be written at the moment; try again later"};
const mail::Reply too_many{452, "4.2.2", "Too many mailboxes in this domain; no new one is made"};

mail::Reply reply_for(const FileTrouble& trouble) {
  log_error("maildir", {{"error", trouble.to_string()}});
  return trouble.is_full() ? full : failing;
}

/// Names in a Maildir may hold neither a slash nor a colon.
std::string escape_host(std::string_view name) {
  std::string escaped;
  for (const char c : name) {
    if (c == '/') {
      escaped += "\\057";
    } else if (c == ':') {
      escaped += "\\072";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

/// One line, whatever the text holds.
std::string field(std::string_view name, std::string_view text) {
  std::string line(name);
  line += text;
  std::ranges::replace_if(line, [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; }, '?');
  return line + '\n';
}

FileResult<void> make_folder(FileCalls& files, const std::string& path) {
  if (files.mkdir(path, 0700) == 0 || errno == EEXIST) return {};
  return file_trouble(errno, path);
}

}  // namespace

Maildir::Maildir(std::string data_directory, std::string_view host_name, net::BlockingPool& pool,
                 MaildirLimits limits, FileCalls& files)
    : data_directory_(std::move(data_directory)),
      host_name_(escape_host(host_name)),
      pool_(pool),
      limits_(limits),
      files_(files),
      folder_sync_(files) {}

awaitable<std::vector<mail::Reply>> Maildir::deliver(const Envelope& envelope,
                                                     std::vector<const Recipient*> recipients,
                                                     const Content& content, const Edit& edit) {
  const std::size_t count = recipients.size();
  auto work = [this, &envelope, &content, &edit, recipients = std::move(recipients)] {
    return deliver_now(envelope, recipients, content, edit);
  };
  auto replies = co_await pool_.run(std::move(work));
  if (!replies) co_return std::vector<mail::Reply>(count, busy);
  co_return std::move(*replies);
}

std::vector<mail::Reply> Maildir::deliver_now(const Envelope& envelope,
                                              const std::vector<const Recipient*>& recipients,
                                              const Content& content, const Edit& edit) {
  std::vector<Target> targets(recipients.size());
  std::vector<Target*> fine;
  for (std::size_t i = 0; i < recipients.size(); ++i) {
    Target& target = targets[i];
    target.recipient = recipients[i];
    target.path =
        mailbox_path(recipients[i]->next_hop.path, data_directory_, recipients[i]->address);
    target.name = unique_name();
    if (!may_have_mailbox(*recipients[i], target.path)) {
      target.fail(too_many);
    } else if (const auto prepared = prepare(target); !prepared) {
      target.fail(reply_for(prepared.error()));
    } else {
      fine.push_back(&target);
    }
  }

  if (const auto written = write_files(fine, envelope, content, edit); !written) {
    const mail::Reply reply = reply_for(written.error());
    for (Target* target : fine) target->fail(reply);
    fine.clear();
  }
  publish(fine);

  std::vector<mail::Reply> replies;
  for (Target& target : targets) replies.push_back(std::move(target.reply));
  return replies;
}

/// The mailbox, and for junk the folder in it, in whose name Maildir++ puts a dot.
FileResult<void> Maildir::prepare(Target& target) {
  if (auto prepared = prepare(target.path); !prepared) return prepared;
  const Recipient& recipient = *target.recipient;
  if (!recipient.is_junk || recipient.junk_detail.empty()) return {};
  target.path.folder += "/." + recipient.junk_detail;
  return prepare(target.path);
}

/// Afterwards the mailbox is there and outlasts a crash. Another thread, or a process before us,
/// may have made a folder that is not synced yet: so all are synced once by this process.
FileResult<void> Maildir::prepare(const MailboxPath& path) {
  if (prepared_.with([&](auto& known) { return known.contains(path.folder); })) return {};
  std::vector<std::string> parents{path.root};
  for (std::size_t slash = path.root.size(); slash < path.folder.size();) {
    slash = std::min(path.folder.find('/', slash + 1), path.folder.size());
    const std::string folder = path.folder.substr(0, slash);
    if (auto made = make_folder(files_, folder); !made) return made;
    parents.push_back(folder);
  }
  for (const char* name : {"/tmp", "/new", "/cur"}) {
    if (auto made = make_folder(files_, path.folder + name); !made) return made;
  }
  for (const std::string& parent : parents) {
    if (auto synced = folder_sync_.sync(parent); !synced) return synced;
  }
  prepared_.with([&](auto& known) {
    if (known.size() >= max_prepared) known.clear();
    known.insert(path.folder);
  });
  return {};
}

/// A stranger may invent any number of names under a wildcard recipient, but not as many folders.
bool Maildir::may_have_mailbox(const Recipient& recipient, const MailboxPath& path) {
  if (!recipient.wildcard) return true;
  if (prepared_.with([&](auto& known) { return known.contains(path.folder); })) return true;
  std::error_code error;
  if (std::filesystem::exists(path.folder, error)) return true;

  const auto time = std::chrono::steady_clock::now();
  return mailboxes_.with([&](auto& counts) {
    if (counts.size() >= max_counted) counts.clear();
    auto [entry, is_new] = counts.try_emplace(path.siblings);
    Count& count = entry->second;
    const bool is_full = count.entries >= limits_.wildcard_mailboxes;
    if (is_new || (is_full && time - count.counted > recount_after)) {
      count = {.entries = 0, .counted = time};
      for (std::filesystem::directory_iterator it(path.siblings, error), end; !error && it != end;
           it.increment(error)) {
        ++count.entries;
      }
    }
    if (count.entries >= limits_.wildcard_mailboxes) return false;
    ++count.entries;
    return true;
  });
}

FileResult<NewFile> Maildir::open_file(Target& target) {
  const std::string path = target.path.folder + "/tmp/" + target.name;
  auto file = NewFile::create(files_, path);
  if (file || file.error().error != ENOENT) return file;
  // The mailbox was removed while we ran; a new one is made.
  prepared_.with([&](auto& known) { known.erase(target.path.folder); });
  if (auto prepared = prepare(target.path); !prepared) return std::unexpected(prepared.error());
  return NewFile::create(files_, path);
}

/// Writes and syncs the files of all targets, those of a mailbox that cannot be opened excepted.
FileResult<void> Maildir::write_files(std::vector<Target*>& targets, const Envelope& envelope,
                                      const Content& content, const Edit& edit) {
  for (std::size_t begin = 0; begin < targets.size(); begin += limits_.open_files) {
    const std::size_t end = std::min(begin + limits_.open_files, targets.size());
    for (std::size_t i = begin; i < end; ++i) {
      Target& target = *targets[i];
      if (auto file = open_file(target)) {
        target.file.emplace(std::move(*file));
      } else if (file.error().is_full()) {
        return std::unexpected(file.error());
      } else {
        target.fail(reply_for(file.error()));
        continue;
      }
      if (auto written = write_file(target, envelope, content, edit); !written) return written;
    }
    // All are written before the first is synced: the file system then commits them together.
    for (std::size_t i = begin; i < end; ++i) {
      if (targets[i]->failed) continue;
      if (auto synced = targets[i]->file->sync(); !synced) return synced;
    }
  }
  std::erase_if(targets, [](const Target* target) { return target->failed; });
  return {};
}

FileResult<void> Maildir::write_file(Target& target, const Envelope& envelope,
                                     const Content& content, const Edit& edit) {
  // RFC 5321 section 4.4: the delivering system writes the reverse-path at the top.
  std::string out = field("Return-Path: ", "<" + envelope.reverse_path.text + ">") +
                    field("Delivered-To: ", target.recipient->forward_path.text);
  UnixLines lines;
  EditedReader reader(content, edit);
  std::string buffer;
  for (bool more = true; more;) {
    const auto piece = reader.next(buffer);
    if (!piece) {
      log_error("spool", {{"error", piece.error().message}});
      return file_trouble(EIO, "the content of the message");
    }
    more = !piece->empty();
    lines.append(*piece, out);
    if (!more) lines.finish(out);
    if (more && out.size() < write_size) continue;
    if (auto written = target.file->write(out); !written) return written;
    target.size += out.size();
    out.clear();
  }
  return {};
}

void Maildir::publish(std::vector<Target*>& targets) {
  std::set<std::string> folders;
  for (Target* target : targets) {
    target->name += ",S=" + std::to_string(target->size);
    const auto renamed = target->file->rename(target->new_folder() + "/" + target->name);
    if (!renamed) {
      prepared_.with([&](auto& known) { known.erase(target->path.folder); });  // new/ may be gone
      target->fail(reply_for(renamed.error()));
      continue;
    }
    folders.insert(target->new_folder());
    target->reply = {250, "2.0.0", "Saved as " + target->name};
  }
  for (const std::string& folder : folders) {
    const auto synced = folder_sync_.sync(folder);
    if (synced) continue;
    const mail::Reply reply = reply_for(synced.error());
    for (Target* target : targets) {
      if (target->failed || target->new_folder() != folder) continue;
      // It would be there twice once the client has come again.
      files_.unlink(folder + "/" + target->name);
      target->fail(reply);
    }
  }
}

/// Time, process and a counter, as the Maildir convention wants; the random part tells apart
/// processes that share a mailbox and, in containers, both the process id and the host name.
std::string Maildir::unique_name() {
  static const std::string process = "P" + std::to_string(::getpid()) + "R" + random_hex(4);
  static std::atomic<std::uint64_t> counter{0};
  const auto time = now().time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return std::to_string(seconds.count()) + ".M" + std::to_string((time - seconds).count()) +
         process + "Q" + std::to_string(counter.fetch_add(1)) + "." + host_name_;
}

}  // namespace postern::delivery
