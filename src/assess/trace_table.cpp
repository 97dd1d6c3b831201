#include "assess/trace_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>

#include "assess/record_time.h"
#include "base/cursor.h"
#include "mail/utf8.h"

namespace postern::assess {
namespace {

namespace json = boost::json;

/// Of one row: RFC 5321 section 4.5.3.1.8 has 100, Exchange Online 500.
constexpr std::size_t max_recipients = 1000;

/// `Origin_timestamp (UTC)` and `origin timestamp utc` are one name.
std::string simple_name(std::string_view name) {
  std::string simple;
  for (const char c : name) {
    if (is_alnum(c)) simple += to_lower(c);
  }
  return simple;
}

/// What is repeated of a row in a sentence.
std::string shown(std::string_view text) {
  constexpr std::size_t max_shown = 60;
  std::string result = mail::displayable(text.substr(0, max_shown));
  return text.size() > max_shown ? result + "…" : result;
}

/// `<ann@contoso.com>`, `smtp:ann@contoso.com`, `ann@contoso.com`; `<>` is empty.
std::string address_of(std::string_view text) {
  text = trim(text);
  if (istarts_with(text, "smtp:")) text.remove_prefix(5);
  if (text.starts_with('<') && text.ends_with('>')) text = text.substr(1, text.size() - 2);
  return std::string(text);
}

/// `ann@contoso.com##Receive, Deliver;bob@contoso.com##Receive, Fail`
std::vector<std::string> recipients_of(std::string_view text) {
  std::vector<std::string> found;
  Cursor in(text);
  while (!in.at_end() && found.size() < max_recipients) {
    std::string_view one = in.take_while([](char c) { return c != ';'; });
    in.take(';');
    std::string address = address_of(one.substr(0, one.find("##")));
    // `Receive, Deliver` has commas, and some exports put them between recipients.
    if (const std::size_t comma = address.find(','); comma != std::string::npos)
      address.resize(comma);
    if (!address.empty()) found.push_back(std::move(address));
  }
  return found;
}

Direction direction_of(std::string_view word) {
  const std::string simple = simple_name(word);
  if (simple == "1" || simple == "inbound" || simple == "incoming") return Direction::inbound;
  if (simple == "2" || simple == "outbound" || simple == "originating") return Direction::outbound;
  if (simple == "intraorg" || simple == "internal") return Direction::internal;
  return Direction::unknown;
}

/// Mail that no connector of the tenant's matched came by the built-in one, `SERVER\Default
/// SERVER`.
bool is_own_connector(std::string_view name) {
  name = trim(name);
  if (name.empty() || name == "[]") return false;
  const std::size_t slash = name.find('\\');
  return slash == std::string_view::npos || !istarts_with(name.substr(slash + 1), "Default ");
}

std::optional<bool> passes(const json::object& details, std::string_view method) {
  for (const auto& [key, value] : details) {
    if (!iequals(std::string_view(key.data(), key.size()), method)) continue;
    const json::string* word = value.if_string();
    if (!word || word->empty()) return std::nullopt;
    const std::string result = to_lower(std::string_view(word->data(), word->size()));
    // Neither says anything about the sender.
    if (result == "temperror" || result == "timeout" || result == "unknown") return std::nullopt;
    return result == "pass" || result == "softpass" || result == "bestguesspass";
  }
  return std::nullopt;
}

/// `{"SPF":"fail","DKIM":"none","DMARC":"fail","CompAuth":"fail"}`
bool read_authentication(std::string_view text, Observation& out) {
  if (trim(text).empty()) return true;
  boost::system::error_code error;
  const json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  const json::object* details = error ? nullptr : value.if_object();
  if (!details) return false;
  out.spf = passes(*details, "SPF");
  out.dmarc = passes(*details, "DMARC");
  out.composite = passes(*details, "CompAuth");
  // Whose signature passed is not told. It counts where DMARC passes and SPF does not, for then it
  // was the domain's own.
  const std::optional<bool> dkim = passes(*details, "DKIM");
  if (dkim == false) out.dkim = false;
  if (dkim == true && out.dmarc == true && out.spf == false) out.dkim = true;
  return true;
}

}  // namespace

struct TraceTable::KnownColumn {
  std::string_view name;
  Role role;
};

/// For each role the best first.
const std::vector<TraceTable::KnownColumn>& TraceTable::known_columns() {
  static const std::vector<KnownColumn> known{{"networkmessageid", Role::id},
                                              {"messagetraceid", Role::id},
                                              {"messageid", Role::id},
                                              {"internetmessageid", Role::id},
                                              {"origintimestamp", Role::time},
                                              {"origintimestamputc", Role::time},
                                              {"datetime", Role::time},
                                              {"datetimeutc", Role::time},
                                              {"timestamp", Role::time},
                                              {"received", Role::time},
                                              {"receivedutc", Role::time},
                                              {"date", Role::time},
                                              {"dateutc", Role::time},
                                              {"returnpath", Role::reverse_path},
                                              {"sendermailfromaddress", Role::reverse_path},
                                              {"senderaddress", Role::sender},
                                              {"sender", Role::sender},
                                              {"senderfromaddress", Role::author},
                                              {"recipientstatus", Role::recipients},
                                              {"recipientaddress", Role::recipients},
                                              {"recipientemailaddress", Role::recipients},
                                              {"recipient", Role::recipients},
                                              {"originalclientip", Role::client},
                                              {"clientip", Role::client},
                                              {"senderipv4", Role::client},
                                              {"senderipv6", Role::client},
                                              {"fromip", Role::client},
                                              {"clienthostname", Role::client_name},
                                              {"directionality", Role::direction},
                                              {"emaildirection", Role::direction},
                                              {"direction", Role::direction},
                                              {"connectorid", Role::connector},
                                              {"connectors", Role::connector},
                                              {"eventid", Role::event},
                                              {"authenticationdetails", Role::authentication}};
  return known;
}

std::string_view to_string(TraceKind kind) {
  switch (kind) {
    case TraceKind::summary:
      return "message trace (summary)";
    case TraceKind::enhanced:
      return "message trace (enhanced summary)";
    case TraceKind::extended:
      return "message trace (extended)";
    case TraceKind::email_events:
      return "Advanced Hunting EmailEvents";
  }
  std::abort();
}

Result<TraceTable> TraceTable::from_header(const std::vector<std::string>& names) {
  std::vector<std::string> simple;
  simple.reserve(names.size());
  for (const std::string& name : names) simple.push_back(simple_name(name));
  TraceTable table;
  table.width_ = names.size();
  for (const KnownColumn& known : known_columns()) {
    const auto at = std::ranges::find(simple, known.name);
    if (at != simple.end())
      table.columns_[static_cast<std::size_t>(known.role)].push_back(
          static_cast<std::size_t>(at - simple.begin()));
  }
  if (!table.has(Role::sender) && !table.has(Role::reverse_path))
    return fail(
        "there is no column for the sender (Sender, sender_address, return_path, "
        "SenderMailFromAddress)");
  if (!table.has(Role::time) && !table.has(Role::recipients))
    return fail("there is no column for the time and none for the recipient");
  const auto names_it = [&simple](std::string_view name) {
    return std::ranges::find(simple, name) != simple.end();
  };
  TraceFeatures& features = table.features_;
  features.clients = table.has(Role::client);
  features.connectors = table.has(Role::connector);
  features.reverse_paths = table.has(Role::reverse_path);
  features.authentication = table.has(Role::authentication);
  if (names_it("sendermailfromaddress")) {
    features.kind = TraceKind::email_events;
  } else if (table.has(Role::event)) {
    features.kind = TraceKind::extended;
  } else if (table.has(Role::direction) || table.has(Role::connector)) {
    features.kind = TraceKind::enhanced;
  }
  return table;
}

/// Of the first column of the role that is not empty here.
std::string_view TraceTable::first(Role role, const std::vector<std::string>& fields) const {
  for (const std::size_t column : columns_[static_cast<std::size_t>(role)]) {
    if (const std::string_view text = trim(fields[column]); !text.empty()) return text;
  }
  return {};
}

std::expected<std::optional<Observation>, std::string> TraceTable::read(
    const std::vector<std::string>& fields) const {
  if (fields.size() != width_)
    return std::unexpected(
        fmt::format("the row has {} fields, the header {}", fields.size(), width_));
  // A message's way through the tenant has many events; it comes in once.
  if (has(Role::event) && !iequals(first(Role::event, fields), "RECEIVE")) return std::nullopt;

  Observation out;
  out.id = first(Role::id, fields);
  if (const std::string_view text = first(Role::time, fields); !text.empty()) {
    out.time = parse_record_time(text);
    if (!out.time)
      return std::unexpected(fmt::format("the time \"{}\" is not understood", shown(text)));
  }
  if (const std::string_view text = first(Role::client, fields); !text.empty()) {
    out.client = IpAddress::parse(text);
    if (!out.client)
      return std::unexpected(fmt::format("the client \"{}\" is no IP address", shown(text)));
  }
  const std::string_view reverse_path = first(Role::reverse_path, fields);
  out.has_reverse_path = !reverse_path.empty();
  out.sender = address_of(out.has_reverse_path ? reverse_path : first(Role::sender, fields));
  out.author = address_of(first(Role::author, fields));
  out.recipients = recipients_of(first(Role::recipients, fields));
  out.client_name = first(Role::client_name, fields);
  out.direction = direction_of(first(Role::direction, fields));
  out.tells_client = features_.clients;
  out.tells_attribution = features_.connectors;
  out.is_attributed = is_own_connector(first(Role::connector, fields));
  if (!read_authentication(first(Role::authentication, fields), out))
    return std::unexpected("AuthenticationDetails is no JSON object");
  return out;
}

std::expected<JsonFields, std::string> read_json_record(std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error) return std::unexpected("it is no JSON: " + error.message());
  const json::object* object = value.if_object();
  if (!object) return std::unexpected("it is no JSON object");
  JsonFields fields;
  for (const auto& [key, one] : *object) {
    // Kusto's answers name the type of a value beside it.
    if (key.contains("@odata")) continue;
    fields.names.emplace_back(key);
    if (const json::string* word = one.if_string()) {
      fields.values.emplace_back(*word);
    } else if (one.is_null()) {
      fields.values.emplace_back();
    } else {
      fields.values.push_back(json::serialize(one));
    }
  }
  return fields;
}

}  // namespace postern::assess
