#include "delivery/quarantine_folder.h"

#include <sys/stat.h>

#include <boost/json.hpp>
#include <cerrno>
#include <filesystem>

#include "base/encoding.h"

namespace postern::delivery {
namespace {

namespace json = boost::json;

std::string describe(const std::string& id, const Envelope& envelope,
                     std::span<const RecipientOutcome> recipients, std::string_view reason,
                     std::uint64_t size, Time time) {
  json::array list;
  for (const RecipientOutcome& recipient : recipients) {
    list.push_back(json::object{{"ForwardPath", recipient.forward_path},
                                {"NextHop", recipient.next_hop},
                                {"Reply", recipient.reply.to_line()}});
  }
  const json::object description{{"Identity", id},
                                 {"MessageTraceId", envelope.id},
                                 {"Session", envelope.session},
                                 {"Received", format_iso(time)},
                                 {"Reason", reason},
                                 {"Client", envelope.client.to_string()},
                                 {"ReversePath", envelope.reverse_path.text},
                                 {"SmtpUtf8", envelope.smtp_utf8},
                                 {"EightBitMime", envelope.eight_bit_mime},
                                 {"Size", size},
                                 {"Recipients", std::move(list)}};
  return json::serialize(description) + "\n";
}

}  // namespace

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
  std::error_code error;
  for (std::filesystem::directory_iterator it(quarantine->folder_, error), end; !error && it != end;
       it.increment(error)) {
    std::error_code gone;  // someone else may be clearing up
    const std::uintmax_t size = it->file_size(gone);
    if (!gone) quarantine->size_ += size;
  }
  if (error)
    return fail("Cannot read the quarantine folder " + quarantine->folder_ + ": " +
                error.message() + ".");
  return quarantine;
}

awaitable<Result<std::string>> QuarantineFolder::keep(const Envelope& envelope,
                                                      std::span<const RecipientOutcome> recipients,
                                                      std::string_view reason,
                                                      const Content& content, const Edit& edit,
                                                      Time time) {
  auto work = [=, this, &envelope, &content, &edit] {
    return keep_now(envelope, recipients, reason, content, edit, time);
  };
  auto kept = co_await pool_.run(std::move(work));
  if (!kept) co_return fail("Too much waits for the disk already.");
  co_return std::move(*kept);
}

Result<std::string> QuarantineFolder::keep_now(const Envelope& envelope,
                                               std::span<const RecipientOutcome> recipients,
                                               std::string_view reason, const Content& content,
                                               const Edit& edit, Time time) {
  const std::string id = random_uuid();
  const std::string description =
      describe(id, envelope, recipients, reason, edited_size(content, edit), time);
  const std::uint64_t size = description.size() + edited_size(content, edit);
  if (size_.fetch_add(size) + size > max_bytes_) {
    size_.fetch_sub(size);
    return fail("The quarantine has reached its limit of " + std::to_string(max_bytes_) +
                " octets.");
  }
  if (auto written = write(id, description, content, edit); !written) {
    size_.fetch_sub(size);
    return fail("Cannot write to the quarantine: " + written.error().to_string() + ".");
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

}  // namespace postern::delivery
