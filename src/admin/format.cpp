#include "admin/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "base/ascii.h"
#include "base/wildcard.h"

namespace postern::admin {
namespace {

constexpr std::size_t most_table_properties = 4;
/// A column that is cut keeps at least this much.
constexpr std::size_t least_column = 8;

/// The columns in which the shell shows what a cmdlet returned; all properties are still there.
struct View {
  std::string_view kind;
  std::vector<std::string> columns;
};

std::span<const std::string> view_columns(std::string_view kind) {
  static const View views[] = {
      {"Organization", {"Name", "Guid", "AcceptedDomains", "Recipients", "InboundConnectors"}},
      {"AcceptedDomain", {"Name", "DomainName", "DomainType", "Default", "MatchSubDomains"}},
      {"Recipient", {"PrimarySmtpAddress", "EmailAddresses"}},
      {"DirectSendException", {"Name", "SenderIPAddresses", "ExpiresOn", "Expired", "Reason"}},
      {"InboundConnector",
       {"Name", "ConnectorType", "SenderDomains", "SenderIPAddresses", "Enabled"}},
      {"ConnectorFinding", {"Identity", "Severity", "Finding", "Remedy"}},
      {"AttributionStep", {"Rule", "Connector", "Result", "Why"}},
      {"QuarantineMessage",
       {"ReceivedTime", "SenderAddress", "RecipientAddress", "Subject", "Type", "ReleaseStatus"}},
      {"MessageTraceV2", {"Received", "SenderAddress", "RecipientAddress", "Subject", "Status"}},
      {"MessageTraceDetailV2", {"Event", "Action", "Detail"}},
      {"MessageVerdict",
       {"RecipientAddress", "Changed", "Decision", "NewDecision", "Action", "NewAction"}},
      {"DirectSendTest", {"Source", "Count", "NewlyRefused", "NewlyAccepted", "Kind", "Judgement"}},
      {"AntiPhishPolicy",
       {"Name", "IsDefault", "EnableSpoofIntelligence", "HonorDmarcPolicy",
        "AuthenticationFailAction"}},
      {"AntiPhishRule", {"Name", "State", "Priority", "AntiPhishPolicy"}},
      {"TenantAllowBlockListSpoofItems",
       {"Identity", "Action", "SpoofType", "SpoofedUser", "SendingInfrastructure"}},
      {"SpoofIntelligenceInsight",
       {"SpoofedUser", "SendingInfrastructure", "MessageCount", "LastSeen", "SpoofType", "Action"}},
      {"SpoofMailReport",
       {"Date", "SpoofedUser", "SendingInfrastructure", "Count", "Source", "ResultCode"}},
      {"DirectSendSource",
       {"Source", "Count", "WouldBeRefused", "Refused", "LastSeen", "Kind", "Judgement"}},
      {"DirectSendSender", {"Sender", "Count", "WouldBeRefused", "Refused", "LastSeen"}},
      {"DirectSendRecipient", {"Recipient", "Count", "WouldBeRefused", "Refused", "LastSeen"}},
      {"DirectSendTime",
       {"Time", "Count", "Vouched", "Yours", "Forwarder", "Unclear", "Spoof", "Refused"}},
      {"SpfInventory", {"Domain", "Term", "Status", "Count", "LastSeen", "Suggestion"}},
      {"Command", {"Name", "Synopsis"}},
  };
  for (const View& view : views) {
    if (iequals(view.kind, kind)) return view.columns;
  }
  return {};
}

/// Columns on the screen: one for each character of UTF-8, which is right for most scripts.
std::size_t screen_width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

/// The first `width` characters, the last of them `…` where something is cut.
std::string cut(std::string_view text, std::size_t width) {
  if (screen_width(text) <= width) return std::string(text);
  std::size_t end = 0;
  for (std::size_t seen = 0; end < text.size(); ++end) {
    if ((static_cast<unsigned char>(text[end]) & 0xc0) != 0x80 && ++seen == width) break;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string cell_text(const Value& value) {
  const bool braces = value.get<List>() != nullptr;
  return printable(braces ? "{" + value.to_text() + "}" : value.to_text());
}

bool stands_right(const Value& value) {
  return value.is_number() || value.get<bool>() != nullptr;
}

struct Column {
  std::string name;
  std::vector<std::string> cells;
  std::size_t width = 0;
  bool right = false;
};

Column make_column(const std::string& name, std::span<const Value> values) {
  Column column{name, {}, screen_width(name), false};
  bool decided = false;
  for (const Value& value : values) {
    const Object* object = value.get<Object>();
    const Value* cell = object == nullptr ? nullptr : object->find(name);
    column.cells.push_back(cell == nullptr ? std::string() : cell_text(*cell));
    column.width = std::max(column.width, screen_width(column.cells.back()));
    if (cell != nullptr && !cell->is_null() && !decided) {
      column.right = stands_right(*cell);
      decided = true;
    }
  }
  return column;
}

/// Takes from the widest column until all fit.
void fit(std::vector<Column>& columns, std::size_t width) {
  if (width == unlimited_width) return;
  for (;;) {
    const std::size_t total =
        std::accumulate(columns.begin(), columns.end(), columns.size() - 1,
                        [](std::size_t sum, const Column& column) { return sum + column.width; });
    if (total <= width) return;
    Column& widest = *std::ranges::max_element(columns, {}, &Column::width);
    if (widest.width <= least_column) return;
    widest.width = std::max(least_column, widest.width - std::min(widest.width, total - width));
  }
}

void append_cell(std::string& line, const Column& column, std::string_view text) {
  const std::string shown = cut(text, column.width);
  const std::string padding(column.width - screen_width(shown), ' ');
  if (!line.empty()) line += ' ';
  line += column.right ? padding + shown : shown + padding;
}

void append_line(std::string& out, std::string line) {
  while (line.ends_with(' ')) line.pop_back();
  out += line + '\n';
}

/// An empty first cell must still take its place, hence the row is built from its cells.
std::string join_row(const std::vector<Column>& columns, auto text_of) {
  std::string line;
  for (const Column& column : columns) {
    std::string cell;
    append_cell(cell, column, text_of(column));
    if (&column != &columns.front()) line += ' ';
    line += cell;
  }
  return line;
}

std::vector<std::string> all_names(const Object& object) {
  std::vector<std::string> names;
  for (const Property& property : object.properties()) names.push_back(property.name);
  return names;
}

const Object* first_object(std::span<const Value> values) {
  for (const Value& value : values) {
    if (const Object* object = value.get<Object>()) return object;
  }
  return nullptr;
}

std::string csv_field(std::string_view text) {
  std::string field = "\"";
  for (const char c : text) {
    if (c == '"') field += '"';
    field += c;
  }
  return field + "\"";
}

}  // namespace

std::string printable(std::string_view text) {
  std::string shown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool c1 =
        c == '\xc2' && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (c == '\n' || c == '\r' || c == '\t') {
      shown += ' ';
    } else if (c1) {
      shown += '?';
      ++i;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      shown += '?';
    } else {
      shown += c;
    }
  }
  return shown;
}

std::vector<std::string> select_columns(const Object& object,
                                        std::span<const std::string> patterns) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    const auto same = [&](const std::string& known) { return iequals(known, name); };
    if (std::ranges::none_of(names, same)) names.push_back(name);
  };
  for (const std::string& pattern : patterns) {
    bool found = false;
    for (const Property& property : object.properties()) {
      if (!matches_wildcard(property.name, pattern)) continue;
      add(property.name);
      found = true;
    }
    if (!found && !pattern.contains('*') && !pattern.contains('?')) add(pattern);
  }
  return names;
}

std::string format_table(std::span<const Value> values, std::span<const std::string> columns,
                         std::size_t width) {
  const Object* first = first_object(values);
  if (first == nullptr) return format_output(values, width);
  const auto names = columns.empty() ? all_names(*first) : select_columns(*first, columns);
  if (names.empty()) return {};
  std::vector<Column> made;
  for (const std::string& name : names) made.push_back(make_column(name, values));
  fit(made, width);

  std::string out = "\n";
  append_line(out, join_row(made, [](const Column& column) { return column.name; }));
  append_line(out, join_row(made, [](const Column& column) {
                return std::string(std::min(screen_width(column.name), column.width), '-');
              }));
  for (std::size_t row = 0; row < values.size(); ++row) {
    append_line(out, join_row(made, [&](const Column& column) { return column.cells[row]; }));
  }
  return out + "\n";
}

std::string format_list(std::span<const Value> values, std::span<const std::string> columns) {
  std::string out = "\n";
  for (const Value& value : values) {
    const Object* object = value.get<Object>();
    if (object == nullptr) {
      out += cell_text(value) + "\n";
      continue;
    }
    const auto names = columns.empty() ? all_names(*object) : select_columns(*object, columns);
    std::size_t width = 0;
    for (const std::string& name : names) width = std::max(width, screen_width(name));
    for (const std::string& name : names) {
      const Value* cell = object->find(name);
      const std::string padding(width - screen_width(name), ' ');
      append_line(out, name + padding + " : " + (cell == nullptr ? "" : cell_text(*cell)));
    }
    out += '\n';
  }
  return out;
}

std::string format_output(std::span<const Value> values, std::size_t width) {
  const Object* first = first_object(values);
  if (first == nullptr) {
    std::string out;
    for (const Value& value : values) {
      if (const List* list = value.get<List>()) {
        out += format_output(*list, width);
      } else if (!value.is_null()) {
        // Text keeps its line breaks here: it may be what Format-Table or ConvertTo-Json made.
        out += value.to_text() + "\n";
      }
    }
    return out;
  }
  // Import-Recipient has the noun of Get-Recipient and returns something else.
  const auto columns = view_columns(first->kind);
  if (!columns.empty() && first->find(columns.front()) != nullptr) {
    return format_table(values, columns, width);
  }
  if (first->size() <= most_table_properties) return format_table(values, {}, width);
  return format_list(values, {});
}

std::vector<std::string> format_csv(std::span<const Value> values, char delimiter) {
  std::vector<std::string> lines;
  const Object* first = first_object(values);
  if (first == nullptr) return lines;
  const auto names = all_names(*first);
  const auto join = [&](auto text_of) {
    std::string line;
    for (const std::string& name : names) {
      if (&name != &names.front()) line += delimiter;
      line += csv_field(text_of(name));
    }
    lines.push_back(std::move(line));
  };
  join([](const std::string& name) { return name; });
  for (const Value& value : values) {
    const Object* object = value.get<Object>();
    if (object == nullptr) continue;
    join([&](const std::string& name) {
      const Value* cell = object->find(name);
      return cell == nullptr ? std::string() : cell->to_text();
    });
  }
  return lines;
}

}  // namespace postern::admin
