#include "store/trace_day.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <cstring>
#include <optional>

#include "base/ascii.h"
#include "base/encoding.h"
#include "store/trace_query.h"

namespace postern::store {
namespace {

constexpr std::size_t max_known_strings = 50'000;
constexpr std::size_t max_known_answers = 2000;

// Between a next hop and its address.
constexpr char address_mark = '\n';
// Stand for time and session in a reply's template; no reply holds control characters.
constexpr char time_mark = '\x01';
constexpr char session_mark = '\x02';

constexpr const char* schema = R"sql(
CREATE TABLE string (id INTEGER PRIMARY KEY, hash INTEGER NOT NULL, text TEXT NOT NULL);
CREATE INDEX string_hash ON string (hash);
CREATE TABLE row (
  id BLOB NOT NULL, received INTEGER NOT NULL, organization INTEGER, forward_path INTEGER,
  reverse_path INTEGER, client INTEGER, session BLOB, iprev INTEGER, ptr INTEGER, hello INTEGER,
  tls INTEGER,
  certificate INTEGER, connector INTEGER, direction INTEGER, direct_send INTEGER NOT NULL,
  decision INTEGER, reply INTEGER, reply_milliseconds INTEGER NOT NULL, reasons INTEGER,
  status INTEGER NOT NULL, spf INTEGER, spf_domain INTEGER, dkim INTEGER, arc INTEGER,
  dmarc INTEGER, dmarc_policy INTEGER, compauth INTEGER, signals INTEGER, subject INTEGER, message_id INTEGER,
  author INTEGER, size INTEGER NOT NULL, next_hop INTEGER, content_milliseconds INTEGER NOT NULL,
  delivery_milliseconds INTEGER NOT NULL, settings INTEGER, facts INTEGER, evidence INTEGER,
  settings_revision INTEGER, answers BLOB, origin INTEGER);
CREATE UNIQUE INDEX row_id ON row (id, forward_path);
CREATE INDEX row_received ON row (organization, received);
CREATE INDEX row_forward_path ON row (forward_path);
CREATE INDEX row_reverse_path ON row (reverse_path);
CREATE INDEX row_client ON row (client);
CREATE INDEX row_message_id ON row (message_id);
PRAGMA user_version = 5;
)sql";
static_assert(trace_schema_version == 5, "the schema above says which version it is");

/// From version 3 to 4, and from there to 5. What rows of version 4 were judged on stood there in
/// another form, and is not read.
constexpr const char* migration_from_3 = R"sql(
ALTER TABLE row ADD COLUMN settings INTEGER;
ALTER TABLE row ADD COLUMN facts INTEGER;
ALTER TABLE row ADD COLUMN evidence INTEGER;
ALTER TABLE row ADD COLUMN settings_revision INTEGER;
ALTER TABLE row ADD COLUMN answers BLOB;
)sql";
constexpr const char* migration_from_4 = R"sql(
ALTER TABLE row ADD COLUMN origin INTEGER;
PRAGMA user_version = 5;
)sql";
static_assert(oldest_trace_schema_version == 3, "the migrations above say from which version");

constexpr std::size_t uuid_bytes = 16;
constexpr std::array<std::size_t, 4> uuid_dashes = {8, 13, 18, 23};
constexpr std::size_t session_bytes = 8;

/// Of a hexadecimal digit whose letters begin with `a`; -1: it is none.
int digit_value(char c, char a) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= a && c <= a + 5 ? c - a + 10 : -1;
}

/// The bytes of digits with dashes before those at `dashes`; nothing if `text` is not that, or its
/// letters do not begin with `a`.
std::optional<std::string> from_hex(std::string_view text, std::size_t size, char a,
                                    std::span<const std::size_t> dashes) {
  if (text.size() != 2 * size + dashes.size()) return std::nullopt;
  std::string bytes;
  bytes.reserve(size);
  for (std::size_t at = 0; at < text.size();) {
    if (!dashes.empty() && at == dashes.front()) {
      if (text[at++] != '-') return std::nullopt;
      dashes = dashes.subspan(1);
    }
    const int high = digit_value(text[at++], a);
    const int low = digit_value(text[at++], a);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high << 4 | low);
  }
  return bytes;
}

/// Text that is not of the form expected: kept, and told apart by a length that packed ones
/// never have.
std::string pack_other(std::string_view text, std::size_t packed_size) {
  std::string stored = "=" + std::string(text);
  if (stored.size() == packed_size) stored.insert(0, "=");
  return stored;
}

std::string unpack_other(std::string_view stored) {
  while (stored.starts_with('=')) stored.remove_prefix(1);
  return std::string(stored);
}

Database open_day(const std::string& path) {
  Result<Database> database = Database::open(path);
  if (!database) throw SqliteError(database.error().message, opening_problem(path));

  Statement version = database->prepare("PRAGMA user_version");
  version.step();
  const std::int64_t found = version.number(0);
  version.reset();
  if (found == 0 || (found >= oldest_trace_schema_version && found < trace_schema_version)) {
    SqliteTransaction transaction(*database);
    if (found == 0) database->execute(schema);
    if (found == 3) database->execute(migration_from_3);
    if (found == 3 || found == 4) database->execute(migration_from_4);
    transaction.commit();
  } else if (found != trace_schema_version) {
    throw SqliteError(fmt::format("{} has the schema {} of another version", path, found),
                      SQLITE_NOTADB);
  }
  return std::move(*database);
}

std::string join(const std::vector<std::string>& list) {
  std::string joined;
  for (const std::string& text : list) {
    if (!joined.empty()) joined += '\n';
    joined += text;
  }
  return joined;
}

void cut(std::string& text) {
  if (text.size() <= max_trace_text) return;
  std::size_t end = max_trace_text;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
}

std::int64_t file_bytes(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 ? status.st_size : 0;
}

std::uint64_t inode_of(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

std::int64_t to_micros(Time time) {
  return time.time_since_epoch().count();
}

}  // namespace

std::string trace_day_name(Time time) {
  return format_iso(time).substr(0, 10);
}

void cut_to_size(TraceRecord& record) {
  for (std::string* text : {&record.message_trace_id,
                            &record.forward_path,
                            &record.session,
                            &record.client,
                            &record.iprev,
                            &record.ptr,
                            &record.hello,
                            &record.tls,
                            &record.certificate,
                            &record.reverse_path,
                            &record.organization,
                            &record.connector,
                            &record.direction,
                            &record.decision,
                            &record.reply,
                            &record.spf,
                            &record.spf_domain,
                            &record.arc,
                            &record.dmarc,
                            &record.dmarc_policy,
                            &record.compauth,
                            &record.signals,
                            &record.subject,
                            &record.message_id,
                            &record.author,
                            &record.next_hop,
                            &record.to_ip}) {
    cut(*text);
  }
  constexpr std::size_t max_list = 20;
  for (std::vector<std::string>* list : {&record.reasons, &record.dkim}) {
    if (list->size() > max_list) list->resize(max_list);
    for (std::string& text : *list) cut(text);
  }
}

std::int64_t trace_string_hash(std::string_view text) {
  const std::string digest = sha256(to_lower(text));
  std::int64_t hash = 0;
  for (int i = 0; i < 6; ++i)
    hash = hash << 8 | static_cast<unsigned char>(digest[static_cast<std::size_t>(i)]);
  return hash;
}

std::string pack_trace_id(std::string_view id) {
  const auto bytes = from_hex(id, uuid_bytes, 'a', uuid_dashes);
  return bytes ? *bytes : pack_other(id, uuid_bytes);
}

std::string unpack_trace_id(std::string_view stored) {
  if (stored.size() != uuid_bytes) return unpack_other(stored);
  std::string text = to_hex(stored);
  for (const std::size_t at : uuid_dashes) text.insert(at, 1, '-');
  return text;
}

std::string pack_session(std::string_view session) {
  const auto bytes = from_hex(session, session_bytes, 'A', {});
  return bytes ? *bytes : pack_other(session, session_bytes);
}

std::string unpack_session(std::string_view stored) {
  if (stored.size() != session_bytes) return unpack_other(stored);
  std::string text = to_hex(stored);
  for (char& c : text) {
    if (c >= 'a') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

PackedReply pack_reply(const TraceRecord& record) {
  const std::string end = " " + record.session + "]";
  const std::size_t bracket = record.reply.rfind(" [");
  if (record.session.empty() || bracket == std::string::npos || !record.reply.ends_with(end)) {
    return {record.reply, 0};
  }
  const std::string_view before(record.reply.data(), record.reply.size() - end.size());
  const std::size_t blank = before.rfind(' ');
  const auto time = parse_iso(before.substr(blank + 1));
  if (blank <= bracket || !time || format_iso(*time) != before.substr(blank + 1)) {
    return {record.reply, 0};
  }
  PackedReply packed{std::string(before.substr(0, blank + 1)), 0};
  packed.text += time_mark;
  packed.text += ' ';
  packed.text += session_mark;
  packed.text += ']';
  packed.milliseconds = to_micros(*time) / 1000 - to_micros(record.received) / 1000;
  return packed;
}

std::string unpack_reply(const PackedReply& packed, Time received, std::string_view session) {
  std::string text;
  for (const char c : packed.text) {
    if (c == time_mark) {
      const std::int64_t milliseconds = to_micros(received) / 1000 + packed.milliseconds;
      text += format_iso(Time(std::chrono::milliseconds(milliseconds)));
    } else if (c == session_mark) {
      text += session;
    } else {
      text += c;
    }
  }
  return text;
}

std::string pack_next_hop(const TraceRecord& record) {
  if (record.to_ip.empty() || next_hop_address(record.next_hop) == record.to_ip)
    return record.next_hop;
  return record.next_hop + address_mark + record.to_ip;
}

void unpack_next_hop(std::string_view packed, TraceRecord& record) {
  const std::size_t mark = packed.find(address_mark);
  record.next_hop = packed.substr(0, mark);
  record.to_ip =
      mark == std::string_view::npos ? next_hop_address(record.next_hop) : packed.substr(mark + 1);
}

std::string pack_ids(std::span<const std::int64_t> ids) {
  std::string packed;
  packed.reserve(ids.size() * sizeof ids[0]);
  for (const std::int64_t id : ids) {
    for (int shift = 0; shift < 64; shift += 8)
      packed += static_cast<char>((static_cast<std::uint64_t>(id) >> shift) & 0xff);
  }
  return packed;
}

std::vector<std::int64_t> unpack_ids(std::string_view packed) {
  std::vector<std::int64_t> ids;
  for (; packed.size() >= 8; packed.remove_prefix(8)) {
    std::uint64_t id = 0;
    for (std::size_t i = 8; i-- > 0;) id = id << 8 | static_cast<unsigned char>(packed[i]);
    ids.push_back(static_cast<std::int64_t>(id));
  }
  return ids;
}

TraceDayWriter::TraceDayWriter(const std::string& path)
    : path_(path),
      database_(open_day(path)),
      inode_(inode_of(path)),
      find_string_(database_.prepare("SELECT id FROM string WHERE hash = ? AND text = ?")),
      add_string_(database_.prepare("INSERT INTO string (hash, text) VALUES (?, ?)")),
      add_row_(database_.prepare(
          "INSERT OR REPLACE INTO row VALUES "
          "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")) {
  // Fewer, larger checkpoints: each one is an fsync of the file. A cache of 32 MB, so that the
  // pages of the indexes are not read again for every batch.
  database_.execute(
      "PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864; "
      "PRAGMA cache_size = -32768");
}

void TraceDayWriter::write(std::span<const TraceRecord> records) {
  try {
    SqliteTransaction transaction(database_);
    for (const TraceRecord& record : records) insert(record);
    transaction.commit();
  } catch (const SqliteError&) {
    find_string_.reset();
    add_string_.reset();
    add_row_.reset();
    known_strings_.clear();
    known_answers_.clear();
    previous_ = {};
    throw;
  }
}

std::int64_t TraceDayWriter::intern(std::string_view text) {
  // A digest of what a message was judged on is shorter, and no text begins like that.
  constexpr std::size_t longest_key = 100;
  std::array<char, 1 + 16> digest{};
  std::string_view key = text;
  if (text.size() > longest_key) {
    const auto hashes = digest_.digest(text);
    static_assert(1 + sizeof hashes == sizeof digest);
    std::memcpy(digest.data() + 1, hashes.data(), sizeof hashes);
    key = {digest.data(), digest.size()};
  }
  if (const auto known = known_strings_.find(key); known != known_strings_.end()) {
    return known->second;
  }
  const std::int64_t hash = trace_string_hash(text);
  std::int64_t id = 0;
  find_string_.bind(1, hash).bind(2, text);
  if (find_string_.step()) {
    id = find_string_.number(0);
    find_string_.reset();
  } else {
    add_string_.bind(1, hash).bind(2, text).run();
    id = database_.last_insert_id();
  }
  if (known_strings_.size() >= max_known_strings) known_strings_.clear();
  known_strings_.emplace(key, id);
  return id;
}

std::int64_t TraceDayWriter::intern(int column, std::string_view text) {
  Previous& previous = previous_[static_cast<std::size_t>(column) - 1];
  if (previous.id == 0 || previous.text != text) {
    previous.id = intern(text);
    previous.text = text;
  }
  return previous.id;
}

void TraceDayWriter::bind_string(int column, std::string_view text) {
  if (text.empty()) {
    add_row_.bind_null(column);
  } else {
    add_row_.bind(column, intern(column, text));
  }
}

std::int64_t TraceDayWriter::intern(const dns::Asked::Entry& entry) {
  const auto known = known_answers_.find(entry.answer.get());
  // A failure may be the answer to several questions.
  if (known != known_answers_.end() && known->second.entry.question == entry.question)
    return known->second.id;
  const std::int64_t id = intern(dns::to_text(entry.question, *entry.answer));
  if (known_answers_.size() >= max_known_answers) known_answers_.clear();
  known_answers_.insert_or_assign(entry.answer.get(), KnownAnswer{entry, id});
  return id;
}

std::string TraceDayWriter::pack_answers(const TraceRecord& record) {
  std::vector<std::int64_t> ids;
  if (record.asked) ids.reserve(record.asked->entries().size());
  if (record.asked) {
    for (const dns::Asked::Entry& entry : record.asked->entries()) ids.push_back(intern(entry));
  }
  for (const std::string& text : record.answers) ids.push_back(intern(text));
  return pack_ids(ids);
}

void TraceDayWriter::insert(const TraceRecord& record) {
  const PackedReply reply = pack_reply(record);
  Statement& row = add_row_;
  row.bind_blob(1, pack_trace_id(record.message_trace_id));
  row.bind(2, to_micros(record.received));
  bind_string(3, record.organization);
  // Never null: null is not equal to null, and the row would not be replaced.
  row.bind(4, intern(4, record.forward_path));
  bind_string(5, record.reverse_path);
  bind_string(6, record.client);
  row.bind_blob(7, pack_session(record.session));
  bind_string(8, record.iprev);
  bind_string(9, record.ptr);
  bind_string(10, record.hello);
  bind_string(11, record.tls);
  bind_string(12, record.certificate);
  bind_string(13, record.connector);
  bind_string(14, record.direction);
  row.bind(15, std::int64_t{record.direct_send});
  bind_string(16, record.decision);
  bind_string(17, reply.text);
  row.bind(18, reply.milliseconds);
  bind_string(19, join(record.reasons));
  row.bind(20, static_cast<std::int64_t>(record.status));
  bind_string(21, record.spf);
  bind_string(22, record.spf_domain);
  bind_string(23, join(record.dkim));
  bind_string(24, record.arc);
  bind_string(25, record.dmarc);
  bind_string(26, record.dmarc_policy);
  bind_string(27, record.compauth);
  bind_string(28, record.signals);
  bind_string(29, record.subject);
  bind_string(30, record.message_id);
  bind_string(31, record.author);
  row.bind(32, static_cast<std::int64_t>(record.size));
  bind_string(33, pack_next_hop(record));
  row.bind(34, record.content_milliseconds);
  row.bind(35, record.delivery_milliseconds);
  bind_string(36, record.settings);
  bind_string(37, record.facts);
  bind_string(38, record.evidence);
  row.bind(39, static_cast<std::int64_t>(record.settings_revision));
  row.bind_blob(40, pack_answers(record));
  bind_string(41, record.origin);
  row.run();
}

bool TraceDayWriter::is_in_place() const {
  return inode_of(path_) == inode_;
}

std::int64_t TraceDayWriter::bytes() const {
  return file_bytes(path_) + file_bytes(path_ + "-wal");
}

}  // namespace postern::store
