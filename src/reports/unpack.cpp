#include "reports/unpack.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "base/cursor.h"

namespace postern::reports {
namespace {

constexpr std::string_view gzip_magic = "\x1f\x8b";
constexpr std::string_view zip_magic = "PK\x03\x04";

Error too_large() {
  return {"Unpacked, the report is too large."};
}

/// zlib's window bits say what stands around the deflated octets.
enum class Wrapping : int { none = -MAX_WBITS, gzip = MAX_WBITS + 16 };

struct Inflated {
  std::string content;
  std::size_t consumed = 0;
};

class Inflater {
 public:
  explicit Inflater(Wrapping wrapping) {
    is_open_ = inflateInit2(&stream_, static_cast<int>(wrapping)) == Z_OK;
  }
  ~Inflater() {
    if (is_open_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// Up to the end of the deflated octets.
  Result<Inflated> run(std::string_view bytes, std::size_t most) {
    Inflated result;
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(std::min<std::size_t>(bytes.size(), max_report_bytes));
    const std::size_t given = stream_.avail_in;
    std::array<char, 64 * 1024> buffer;
    for (int status = is_open_ ? Z_OK : Z_MEM_ERROR; status != Z_STREAM_END;) {
      if (status != Z_OK) return fail("The packed report is damaged.");
      stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
      stream_.avail_out = static_cast<uInt>(buffer.size());
      status = inflate(&stream_, Z_NO_FLUSH);
      const std::size_t count = buffer.size() - stream_.avail_out;
      if (result.content.size() + count > most) return std::unexpected(too_large());
      result.content.append(buffer.data(), count);
      result.consumed = given - stream_.avail_in;
    }
    return result;
  }

 private:
  z_stream stream_{};
  bool is_open_ = false;
};

/// RFC 1952 section 2.2: members follow each other; what stands behind the last is ignored.
Result<std::string> unpack_gzip(std::string_view bytes, std::size_t most) {
  std::string content;
  do {
    auto member = Inflater(Wrapping::gzip).run(bytes, most - content.size());
    if (!member) return std::unexpected(member.error());
    content += member->content;
    bytes.remove_prefix(member->consumed);
  } while (bytes.starts_with(gzip_magic));
  return content;
}

/// `count` octets, the least significant first.
std::optional<std::size_t> take_number(Cursor& in, std::size_t count) {
  const std::string_view octets = in.take_count(count);
  if (octets.size() != count) return std::nullopt;
  std::size_t number = 0;
  for (std::size_t i = count; i-- > 0;) number = number << 8 | static_cast<std::uint8_t>(octets[i]);
  return number;
}

/// The first file of an archive. Sizes are taken from the directory at the end: the header in front
/// of a file that was written as a stream has none. (APPNOTE 4.3; archives of this size need no
/// Zip64.)
Result<std::string> unpack_zip(std::string_view bytes, std::size_t most) {
  const auto damaged = [] { return fail("The zip archive is damaged."); };
  const std::size_t end_record = bytes.rfind("PK\x05\x06");
  if (end_record == std::string_view::npos) return damaged();
  Cursor end(bytes.substr(end_record));
  end.take_count(16);
  const auto directory = take_number(end, 4);
  if (!directory || *directory >= bytes.size()) return damaged();

  Cursor entry(bytes.substr(*directory));
  if (!entry.take("PK\x01\x02")) return damaged();
  entry.take_count(4);
  const auto flags = take_number(entry, 2);
  const auto method = take_number(entry, 2);
  entry.take_count(8);
  const auto packed_size = take_number(entry, 4);
  entry.take_count(18);
  const auto offset = take_number(entry, 4);
  if (!offset || *offset >= bytes.size()) return damaged();
  if (*flags & 1) return fail("The zip archive is encrypted.");

  Cursor file(bytes.substr(*offset));
  if (!file.take(zip_magic)) return damaged();
  file.take_count(22);
  const auto name_size = take_number(file, 2);
  const auto extra_size = take_number(file, 2);
  if (!name_size || !extra_size) return damaged();
  file.take_count(*name_size + *extra_size);
  const std::string_view packed = file.take_count(*packed_size);
  if (packed.size() != *packed_size) return damaged();

  constexpr std::size_t stored = 0, deflated = 8;
  if (*method == stored) {
    if (packed.size() > most) return std::unexpected(too_large());
    return std::string(packed);
  }
  if (*method != deflated)
    return fail("The zip archive is packed in a way that is not known here.");
  auto content = Inflater(Wrapping::none).run(packed, most);
  if (!content) return std::unexpected(content.error());
  return std::move(content->content);
}

}  // namespace

Result<std::string> unpack(std::string_view bytes, std::size_t most) {
  if (bytes.starts_with(gzip_magic)) return unpack_gzip(bytes, most);
  if (bytes.starts_with(zip_magic)) return unpack_zip(bytes, most);
  if (bytes.size() > most) return std::unexpected(too_large());
  return std::string(bytes);
}

}  // namespace postern::reports
