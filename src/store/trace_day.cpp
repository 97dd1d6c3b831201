#include "store/trace_day.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <cstring>

#include "store/trace_packing.h"

namespace postern::store {
namespace {

constexpr std::size_t max_known_strings = 50'000;
constexpr std::size_t max_known_answers = 2000;

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
  row.bind(2, record.received.time_since_epoch().count());
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
