#include "admin/recipient_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/cursor.h"
#include "directory/validation.h"

namespace postern::admin {
namespace {

bool is_separator(char c) {
  return is_wsp(c) || c == ',' || c == ';' || c == '\r';
}

/// Many editors on Windows write it, and lists put together have it in their midst: invisible, it
/// would be a part of the address behind it.
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

/// The words of a line; a quoted local-part (RFC 5321 section 4.1.2) keeps its blanks.
std::vector<std::string> split(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  bool quoted = false;
  bool escaped = false;
  for (const char c : line) {
    if (c == '"' && !escaped) quoted = !quoted;
    escaped = quoted && c == '\\' && !escaped;
    if (!quoted && is_separator(c)) {
      if (!word.empty()) words.push_back(std::exchange(word, {}));
    } else {
      word += c;
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

class Reader {
 public:
  Reader(const directory::Snapshot& snapshot, const directory::Organization& organization)
      : snapshot_(snapshot), organization_(organization) {}

  RecipientList read(std::string_view content) {
    Cursor in(content);
    for (std::size_t number = 1; !in.at_end(); ++number) {
      const std::string_view line = in.take_while([](char c) { return c != '\n'; });
      in.take('\n');
      read_line(number, line);
      if (list_.bad_lines.size() == max_bad_lines) break;
    }
    for (directory::Recipient& recipient : list_.recipients) {
      std::ranges::sort(recipient.aliases);
      const auto repeated = std::ranges::unique(recipient.aliases);
      recipient.aliases.erase(repeated.begin(), repeated.end());
    }
    return std::move(list_);
  }

 private:
  void read_line(std::size_t number, std::string_view line) {
    while (line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
    const std::vector<std::string> words = split(line);
    if (words.empty() || words.front().starts_with('#')) return;
    const bool continues = is_wsp(line.front()) && !words.front().contains('@');
    if (continues && !list_.recipients.empty()) return;

    const Result<std::string> address = check(words.front());
    if (!address) {
      list_.bad_lines.push_back({number, address.error().message});
      return;
    }
    const bool one_target = words.size() == 2 && words[1].contains('@');
    const Result<std::string> target = one_target ? check(words[1]) : fail("");
    if (target && *target != *address) {
      recipient(*target).aliases.push_back(*address);
    } else {
      recipient(*address);
    }
  }

  /// An address in a domain of the organization.
  Result<std::string> check(const std::string& text) const {
    Result<std::string> address = directory::check_address(text);
    if (!address) return address;
    const auto owner = snapshot_.find_domain(address->substr(address->rfind('@') + 1));
    if (!owner || owner.organization->id() != organization_.id()) {
      return fail(
          fmt::format("{} is not in an accepted domain of {}.", *address, organization_.name()));
    }
    return address;
  }

  directory::Recipient& recipient(const std::string& address) {
    const auto [known, added] = places_.try_emplace(address, list_.recipients.size());
    if (added) list_.recipients.push_back({address, {}});
    return list_.recipients[known->second];
  }

  const directory::Snapshot& snapshot_;
  const directory::Organization& organization_;
  RecipientList list_;
  std::unordered_map<std::string, std::size_t> places_;
};

}  // namespace

RecipientList parse_recipient_list(std::string_view content, const directory::Snapshot& snapshot,
                                   const directory::Organization& organization) {
  return Reader(snapshot, organization).read(content);
}

}  // namespace postern::admin
