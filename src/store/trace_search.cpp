#include "store/trace_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "base/ascii.h"
#include "base/cursor.h"
#include "base/wildcard.h"
#include "store/sqlite.h"
#include "store/trace_day.h"
#include "store/trace_packing.h"

namespace postern::store {
namespace {

// Columns by the number that `SELECT` below gives them.
enum Column {
  id,
  received,
  organization,
  forward_path,
  reverse_path,
  client,
  session,
  iprev,
  ptr,
  hello,
  tls,
  certificate,
  connector,
  direction,
  direct_send,
  decision,
  reply,
  reply_milliseconds,
  reasons,
  status,
  spf,
  spf_domain,
  dkim,
  arc,
  dmarc,
  dmarc_policy,
  compauth,
  signals,
  subject,
  message_id,
  author,
  size,
  next_hop,
  content_milliseconds,
  delivery_milliseconds,
  settings,
  facts,
  origin,
  evidence,
  settings_revision,
  answers
};
constexpr std::string_view columns =
    "id, received, organization, forward_path, reverse_path, client, session, iprev, ptr, hello, "
    "tls, "
    "certificate, connector, direction, direct_send, decision, reply, reply_milliseconds, reasons, "
    "status, spf, spf_domain, dkim, arc, dmarc, dmarc_policy, compauth, signals, subject, "
    "message_id, author, size, "
    "next_hop, content_milliseconds, "
    "delivery_milliseconds";
constexpr std::string_view basis_columns =
    ", settings, facts, origin, evidence, settings_revision, answers";
/// Of a file that has no such columns yet.
constexpr std::string_view no_basis_columns = ", NULL, NULL, NULL, NULL, 0, NULL";

bool is_exact(const std::vector<std::string>& patterns) {
  const auto plain = [](const std::string& pattern) {
    return !pattern.contains('*') && !pattern.contains('?') && pattern != "<>";
  };
  return !patterns.empty() && std::ranges::all_of(patterns, plain);
}

bool matches_any(std::string_view text, const std::vector<std::string>& patterns) {
  const auto matches = [&](const std::string& pattern) {
    return pattern == "<>" ? text.empty() : matches_wildcard(text, pattern);
  };
  return patterns.empty() || std::ranges::any_of(patterns, matches);
}

bool matches_subject(std::string_view text, const TraceQuery& query) {
  switch (query.subject_filter) {
    case SubjectFilter::contains:
      return to_lower(text).contains(to_lower(query.subject));
    case SubjectFilter::starts_with:
      return istarts_with(text, query.subject);
    case SubjectFilter::ends_with:
      return iends_with(text, query.subject);
  }
  std::abort();  // A number that was never a SubjectFilter: our bug.
}

class DaySearch {
 public:
  DaySearch(Database& database, const TraceQuery& query, TraceRange range, bool has_basis)
      : database_(database),
        has_basis_(has_basis),
        query_(query),
        range_(range),
        by_id_(database.prepare("SELECT text FROM string WHERE id = ?")),
        by_hash_(database.prepare("SELECT id, text FROM string WHERE hash = ?")) {}

  std::vector<TraceRecord> run() {
    std::vector<TraceRecord> found;
    const auto condition = sql_condition();
    if (!condition) return found;
    Statement row = database_.prepare(
        fmt::format("SELECT {}{} FROM row WHERE {} ORDER BY received DESC", columns,
                    has_basis_ ? basis_columns : no_basis_columns, *condition));
    row.bind(1, range_.start.time_since_epoch().count());
    row.bind(2, range_.end.time_since_epoch().count());
    if (!query_.message_trace_id.empty()) row.bind_blob(3, pack_trace_id(query_.message_trace_id));
    while (row.step()) {
      // The rows of one moment are ordered by recipient, so the last moment must be complete.
      if (found.size() > query_.limit && found.back().received != time(row)) break;
      if (matches(row)) found.push_back(read(row));
    }
    std::ranges::sort(found, [](const TraceRecord& a, const TraceRecord& b) {
      if (a.received != b.received) return a.received > b.received;
      return to_lower(a.forward_path) < to_lower(b.forward_path);
    });
    return found;
  }

 private:
  /// The numbers of the strings equal to one of `texts`, as `(1,7)`.
  std::string ids_of(const std::vector<std::string>& texts) {
    std::string ids;
    for (const std::string& wanted : texts) {
      by_hash_.bind(1, trace_string_hash(wanted));
      while (by_hash_.step()) {
        if (!iequals(by_hash_.text(1), wanted)) continue;
        ids += (ids.empty() ? "" : ",") + std::to_string(by_hash_.number(0));
      }
    }
    return "(" + ids + ")";
  }

  /// Nothing: a string that the query needs does not occur on this day.
  std::optional<std::string> sql_condition() {
    // Of the conditions that have an index the narrow ones come first; the plus sign keeps SQLite
    // from using the wide ones then.
    std::vector<std::string> narrow;
    const auto require = [&](const char* column, const std::vector<std::string>& texts) {
      narrow.push_back(fmt::format("{} IN {}", column, ids_of(texts)));
    };
    if (is_exact(query_.recipients)) require("forward_path", query_.recipients);
    if (is_exact(query_.senders)) require("reverse_path", query_.senders);
    if (!query_.message_ids.empty()) require("message_id", query_.message_ids);
    if (!query_.from_ip.empty()) require("client", {query_.from_ip});
    if (!query_.message_trace_id.empty()) narrow.push_back("id = ?3");
    if (std::ranges::any_of(narrow, [](const std::string& text) { return text.ends_with("()"); })) {
      return std::nullopt;
    }
    const std::string owner = ids_of({query_.organization});
    if (owner == "()") return std::nullopt;

    const char* plus = narrow.empty() ? "" : "+";
    std::string sql =
        fmt::format("{0}organization IN {1} AND {0}received BETWEEN ?1 AND ?2", plus, owner);
    for (const std::string& condition : narrow) sql += " AND " + condition;
    return sql;
  }

  Time time(const Statement& row) const {
    return Time(std::chrono::microseconds(row.number(received)));
  }

  /// The string behind a column. Kept: the same few come again and again.
  const std::string& text(const Statement& row, Column column) {
    static const std::string nothing;
    return row.is_null(column) ? nothing : text(row.number(column));
  }

  const std::string& text(std::int64_t id) {
    constexpr std::size_t max_strings = 100'000;
    if (strings_.size() >= max_strings) strings_.clear();
    const auto [known, added] = strings_.try_emplace(id);
    if (added) {
      by_id_.bind(1, id);
      if (by_id_.step()) known->second = by_id_.text(0);
      by_id_.reset();
    }
    return known->second;
  }

  bool matches(const Statement& row) {
    if (!query_.statuses.empty() &&
        std::ranges::find(query_.statuses, static_cast<TraceStatus>(row.number(status))) ==
            query_.statuses.end()) {
      return false;
    }
    if (!query_.starting_recipient.empty() && time(row) == range_.end &&
        to_lower(text(row, forward_path)) <= to_lower(query_.starting_recipient)) {
      return false;
    }
    if (!query_.recipients.empty() && !matches_any(text(row, forward_path), query_.recipients)) {
      return false;
    }
    if (!query_.senders.empty() && !matches_any(text(row, reverse_path), query_.senders)) {
      return false;
    }
    if (!query_.to_ip.empty()) {
      TraceRecord record;
      unpack_next_hop(text(row, next_hop), record);
      if (record.to_ip != query_.to_ip) return false;
    }
    return query_.subject.empty() || matches_subject(text(row, subject), query_);
  }

  std::vector<std::string> list(const Statement& row, Column column) {
    std::vector<std::string> texts;
    Cursor in(text(row, column));
    while (!in.at_end()) {
      texts.emplace_back(in.take_while([](char c) { return c != '\n'; }));
      in.take('\n');
    }
    return texts;
  }

  TraceRecord read(const Statement& row) {
    TraceRecord record;
    record.message_trace_id = unpack_trace_id(row.blob(id));
    record.forward_path = text(row, forward_path);
    record.received = time(row);
    record.session = unpack_session(row.blob(session));
    record.client = text(row, client);
    record.iprev = text(row, iprev);
    record.ptr = text(row, ptr);
    record.hello = text(row, hello);
    record.tls = text(row, tls);
    record.certificate = text(row, certificate);
    record.reverse_path = text(row, reverse_path);
    record.organization = text(row, organization);
    record.connector = text(row, connector);
    record.direction = text(row, direction);
    record.direct_send = row.number(direct_send) != 0;
    record.decision = text(row, decision);
    record.reply = unpack_reply({text(row, reply), row.number(reply_milliseconds)}, record.received,
                                record.session);
    record.reasons = list(row, reasons);
    record.status = static_cast<TraceStatus>(row.number(status));
    record.spf = text(row, spf);
    record.spf_domain = text(row, spf_domain);
    record.dkim = list(row, dkim);
    record.arc = text(row, arc);
    record.dmarc = text(row, dmarc);
    record.dmarc_policy = text(row, dmarc_policy);
    record.compauth = text(row, compauth);
    record.signals = text(row, signals);
    record.subject = text(row, subject);
    record.message_id = text(row, message_id);
    record.author = text(row, author);
    record.size = static_cast<std::uint64_t>(row.number(size));
    unpack_next_hop(text(row, next_hop), record);
    record.content_milliseconds = row.number(content_milliseconds);
    record.delivery_milliseconds = row.number(delivery_milliseconds);
    if (query_.with_basis) {
      record.settings = text(row, settings);
      record.facts = text(row, facts);
      record.origin = text(row, origin);
      record.evidence = text(row, evidence);
      record.settings_revision = static_cast<std::uint64_t>(row.number(settings_revision));
      for (const std::int64_t one : unpack_ids(row.blob(answers)))
        record.answers.push_back(text(one));
    }
    return record;
  }

  Database& database_;
  const bool has_basis_;
  const TraceQuery& query_;
  const TraceRange range_;
  Statement by_id_;
  Statement by_hash_;
  std::unordered_map<std::int64_t, std::string> strings_;
};

}  // namespace

Result<std::vector<TraceRecord>> search_trace_day(const std::string& path, const TraceQuery& query,
                                                  TraceRange range) {
  Result<Database> database = Database::open(path, Database::Mode::read_only);
  if (!database) return std::unexpected(database.error());
  try {
    Statement version = database->prepare("PRAGMA user_version");
    version.step();
    const std::int64_t found = version.number(0);
    version.reset();
    if (found < oldest_trace_schema_version || found > trace_schema_version) {
      return fail(fmt::format("{} was written by another version of Postern.", path));
    }
    return DaySearch(*database, query, range, found >= first_trace_schema_with_basis).run();
  } catch (const SqliteError& error) {
    return fail(fmt::format("{} cannot be read: {}.", path, error.what()));
  }
}

}  // namespace postern::store
