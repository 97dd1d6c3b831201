#include "delivery/quarantine_folder.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/encoding.h"
#include "base/log.h"
#include "delivery/quarantine_description.h"
#include "directory/guid.h"

namespace postern::delivery {
namespace {

/// Messages whose rows are made in one transaction, or that are removed in one go.
constexpr std::size_t batch = 1000;

struct Names {
  std::vector<std::string> described;  ///< ids with a .json, in order
  std::vector<std::string> rest;       ///< files that belong to none of them
};

/// Only files that are named as ours are: others in the folder are nobody's business.
Result<Names> names_in(const std::string& folder) {
  std::set<std::string> messages;
  std::set<std::string> descriptions;
  Names names;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    const std::size_t dot = name.find('.');
    const auto id = directory::Guid::parse(std::string_view(name).substr(0, dot));
    if (!id || dot == std::string::npos) continue;
    const std::string_view ending = std::string_view(name).substr(dot);
    if (ending == ".json") {
      descriptions.insert(name.substr(0, dot));
    } else if (ending == ".eml") {
      messages.insert(name.substr(0, dot));
    } else if (ending == ".json.new" || ending == ".eml.new") {
      names.rest.push_back(name);
    }
  }
  if (error)
    return fail("Cannot read the quarantine folder " + folder + ": " + error.message() + ".");
  for (const std::string& id : messages) {
    if (!descriptions.contains(id)) names.rest.push_back(id + ".eml");
  }
  std::ranges::set_intersection(descriptions, messages, std::back_inserter(names.described));
  return names;
}

std::uint64_t size_of(const std::string& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

Result<std::string> read_file(const std::string& path, std::uint64_t limit) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail("Cannot read " + FileTrouble{errno, path}.to_string() + ".");
  const std::uint64_t size = size_of(path);
  if (size > limit) return fail(path + " is too large.");
  std::string text(size, '\0');
  file.read(text.data(), static_cast<std::streamsize>(size));
  if (static_cast<std::uint64_t>(file.gcount()) != size) return fail(path + " is cut off.");
  return text;
}

}  // namespace

std::string QuarantineFolder::path(const std::string& id, std::string_view ending) const {
  return folder_ + "/" + id + std::string(ending);
}

Result<std::unique_ptr<QuarantineFolder>> QuarantineFolder::open(std::string folder,
                                                                 net::BlockingPool& pool,
                                                                 std::uint64_t max_bytes,
                                                                 FileCalls& files) {
  if (files.mkdir(folder, 0700) != 0 && errno != EEXIST) {
    return fail("Cannot make the quarantine folder " + FileTrouble{errno, folder}.to_string() +
                ".");
  }
  const std::string parent = std::filesystem::path(folder).parent_path().string();
  if (auto synced = sync_folder(files, parent.empty() ? "." : parent); !synced) {
    return fail("Cannot sync the quarantine folder: " + synced.error().to_string() + ".");
  }
  std::unique_ptr<QuarantineFolder> quarantine(
      new QuarantineFolder(std::move(folder), pool, max_bytes, files));
  if (auto looked = quarantine->look_through(); !looked) return std::unexpected(looked.error());
  return quarantine;
}

Result<void> QuarantineFolder::look_through() {
  const auto names = names_in(folder_);
  if (!names) return std::unexpected(names.error());
  // Of these the client was never told 250, or they were being removed.
  for (const std::string& name : names->rest) {
    log_warning("quarantine_left_over", {{"file", name}});
    files_.unlink(folder_ + "/" + name);
  }
  messages_ = names->described.size();
  for (const std::string& id : names->described)
    size_ += size_of(path(id, ".eml")) + size_of(path(id, ".json"));
  return {};
}

Result<void> QuarantineFolder::use_rows(store::QuarantineRows& rows, const OwnerOf& owner_of) {
  rows_ = &rows;
  const auto names = names_in(folder_);
  if (!names) return std::unexpected(names.error());
  auto emptied = rows.ids_without_recipients();
  if (!emptied) return std::unexpected(emptied.error());
  for (const std::string& id : *emptied) {
    if (auto removed = remove(id); !removed) return removed;
  }
  const auto known = rows.ids();
  if (!known) return std::unexpected(known.error());

  std::vector<std::string> gone;
  std::ranges::set_difference(*known, names->described, std::back_inserter(gone));
  if (auto removed = rows.remove(gone); !removed) return removed;
  std::vector<std::string> missing;
  std::ranges::set_difference(names->described, *known, std::back_inserter(missing));
  std::erase_if(missing,
                [&](const std::string& id) { return std::ranges::binary_search(*emptied, id); });
  for (std::span<const std::string> rest(missing); !rest.empty();) {
    const auto piece = rest.first(std::min(rest.size(), batch));
    if (auto added = add_rows(piece, owner_of); !added) return added;
    rest = rest.subspan(piece.size());
  }
  if (!gone.empty() || !missing.empty())
    log_info("quarantine_rows", {{"added", missing.size()}, {"removed", gone.size()}});
  return {};
}

Result<void> QuarantineFolder::add_rows(std::span<const std::string> ids, const OwnerOf& owner_of) {
  std::vector<store::QuarantinedMessage> messages;
  for (const std::string& id : ids) {
    auto message = read_description(id);
    if (!message) {
      // It stays where it is: perhaps a person can make something of it.
      log_error("quarantine_unreadable", {{"id", id}, {"problem", message.error().message}});
      continue;
    }
    if (message->organization.empty())
      message->organization = owner_of(message->recipients.front().forward_path);
    messages.push_back(std::move(*message));
  }
  return rows_->add(messages);
}

Result<store::QuarantinedMessage> QuarantineFolder::read_description(const std::string& id) const {
  const auto text = read_file(path(id, ".json"), max_description);
  if (!text) return std::unexpected(text.error());
  auto message = parse_description(*text);
  if (message && message->id != id) return fail("The description is of another message.");
  return message;
}

awaitable<std::expected<std::string, NotKept>> QuarantineFolder::keep(
    const Envelope& envelope, std::span<const RecipientOutcome> recipients, std::string_view reason,
    const Content& content, const Edit& edit, Time time) {
  auto work = [=, this, &envelope, &content, &edit] {
    return keep_now(envelope, recipients, reason, content, edit, time);
  };
  auto kept = co_await pool_.run(std::move(work));
  if (!kept)
    co_return std::unexpected(
        NotKept{.message = "Too much waits for the disk already.", .is_full = false});
  co_return std::move(*kept);
}

std::expected<std::string, NotKept> QuarantineFolder::keep_now(
    const Envelope& envelope, std::span<const RecipientOutcome> recipients, std::string_view reason,
    const Content& content, const Edit& edit, Time time) {
  const std::string id = random_uuid();
  const store::QuarantinedMessage message =
      describe(id, envelope, recipients, reason, content, edit, time);
  const std::string description = to_json(message);
  const std::uint64_t size = description.size() + message.size;
  const std::uint64_t max_bytes = max_bytes_;
  if (size_.fetch_add(size) + size > max_bytes) {
    size_.fetch_sub(size);
    ++full_;
    return std::unexpected(NotKept{.message = "The quarantine has reached its limit of " +
                                              std::to_string(max_bytes) + " octets.",
                                   .is_full = true});
  }
  if (auto written = write(id, description, content, edit); !written) {
    size_.fetch_sub(size);
    const bool is_full = written.error().is_full();
    if (is_full) ++full_;
    return std::unexpected(
        NotKept{.message = "Cannot write to the quarantine: " + written.error().to_string() + ".",
                .is_full = is_full});
  }
  ++messages_;
  if (rows_ != nullptr) {
    // The message is safe; without its row it is found after the next start.
    if (auto added = rows_->add({&message, 1}); !added)
      log_error("quarantine", {{"id", id}, {"error", added.error().message}});
  }
  return id;
}

FileResult<void> QuarantineFolder::write(const std::string& id, std::string_view description,
                                         const Content& content, const Edit& edit) {
  const std::string base = folder_ + "/" + id;
  auto message = NewFile::create(files_, base + ".eml.new");
  if (!message) return std::unexpected(message.error());
  EditedReader reader(content, edit);
  std::string buffer;
  for (;;) {
    const auto piece = reader.next(buffer);
    if (!piece) return file_trouble(EIO, "the content of the message");
    if (piece->empty()) break;
    if (auto written = message->write(*piece); !written) return written;
  }
  auto data = NewFile::create(files_, base + ".json.new");
  if (!data) return std::unexpected(data.error());
  if (auto written = data->write(description); !written) return written;
  if (auto synced = message->sync(); !synced) return synced;
  if (auto synced = data->sync(); !synced) return synced;

  if (auto renamed = message->rename(base + ".eml"); !renamed) return renamed;
  auto done = data->rename(base + ".json");
  if (done) done = sync_folder(files_, folder_);
  if (!done) {
    // Not kept after all: the client comes again, and one copy is enough.
    files_.unlink(base + ".json");
    files_.unlink(base + ".eml");
  }
  return done;
}

Result<std::string> QuarantineFolder::read(const std::string& id) const {
  return read_file(path(id, ".eml"), max_kept_message);
}

Result<void> QuarantineFolder::remove(const std::string& id) {
  const std::uint64_t size = size_of(path(id, ".eml")) + size_of(path(id, ".json"));
  // In this order a crash leaves nothing that would be taken for a message.
  for (const char* ending : {".json", ".eml"}) {
    if (files_.unlink(path(id, ending)) == 0) continue;
    if (errno != ENOENT)
      return fail("Cannot remove " + FileTrouble{errno, path(id, ending)}.to_string() + ".");
  }
  if (size > 0) {
    size_.fetch_sub(size);
    --messages_;
  }
  return rows_ != nullptr ? rows_->remove({&id, 1}) : Result<void>{};
}

Result<std::size_t> QuarantineFolder::remove_before(Time time) {
  std::size_t count = 0;
  if (rows_ == nullptr) return count;
  for (;;) {
    const auto old = rows_->ids_before(time, batch);
    if (!old) return std::unexpected(old.error());
    for (const std::string& id : *old) {
      if (auto removed = remove(id); !removed) return std::unexpected(removed.error());
      log_info("quarantine_expired", {{"quarantine", id}});
      ++expired_;
      ++count;
    }
    if (old->size() < batch) return count;
  }
}

}  // namespace postern::delivery
