// Master files (RFC 1035 section 5.1), the part of them that a mail system has a use for:
//
//   $ORIGIN contoso.test.
//   $TTL 1h
//   @     IN SOA ns hostmaster 1 3600 600 86400 300
//         IN MX  10 mail          ; a blank owner is the last one again
//   mail  60 IN A 192.0.2.1
//   @     TXT ( "v=spf1 mx "      ; strings of one record are joined
//               "-all" )
//
// `Lexer` makes entries of words: comments dropped, parentheses joined. `Reader` gives an entry
// its meaning; the first fault ends it.
#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/cursor.h"
#include "dns/name.h"
#include "dns/zone.h"

namespace postern::dns {
namespace {

struct Word {
  std::string_view text;  ///< as written, escapes in place, without the quotes
  bool quoted = false;
};

struct Entry {
  int line = 0;  ///< where it begins
  bool blank_owner = false;
  std::vector<Word> words;
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : in_(text) {}

  int line() const { return line_; }
  bool at_end() const { return in_.at_end(); }

  /// The next line with its continuations; without words, if it holds none. Nothing: `problem`.
  std::optional<Entry> next(std::string& problem) {
    Entry entry{.line = line_, .blank_owner = is_wsp(in_.peek())};
    int depth = 0;
    while (!in_.at_end()) {
      in_.take_while([](char c) { return is_wsp(c) || c == '\r'; });
      if (in_.peek() == ';') in_.take_while([](char c) { return c != '\n'; });
      if (in_.take('\n')) {
        ++line_;
        if (depth == 0) return entry;
      } else if (in_.take('(')) {
        ++depth;
      } else if (in_.take(')')) {
        if (--depth < 0) return trouble(problem, "a closing parenthesis without an opening one");
      } else if (in_.take('"')) {
        const std::string_view text = take_escaped_text("\"\n");
        if (!in_.take('"')) return trouble(problem, "a quoted string does not end on its line");
        entry.words.push_back({text, true});
      } else if (!in_.at_end()) {
        const std::string_view text = take_escaped_text(" \t\r\n;()\"");
        if (text.empty()) return trouble(problem, "a backslash at the end");
        entry.words.push_back({text});
      }
    }
    if (depth > 0) return trouble(problem, "a parenthesis is not closed");
    return entry;
  }

 private:
  static std::nullopt_t trouble(std::string& problem, std::string_view what) {
    problem = what;
    return std::nullopt;
  }

  /// Up to one of `ends` that has no backslash before it.
  std::string_view take_escaped_text(std::string_view ends) {
    const std::string_view before = in_.rest();
    while (!in_.at_end() && !ends.contains(in_.peek())) {
      const bool escape = in_.peek() == '\\' && in_.rest().size() > 1 && in_.rest()[1] != '\n';
      in_.take_count(escape ? 2 : 1);
    }
    return before.substr(0, before.size() - in_.rest().size());
  }

  Cursor in_;
  int line_ = 1;
};

/// character-string (RFC 1035 section 5.1) with its escapes undone.
std::optional<std::string> character_string(std::string_view text) {
  std::string octets;
  Cursor in(text);
  while (!in.at_end()) {
    if (!in.take('\\')) {
      octets += in.take_count(1);
      continue;
    }
    if (!is_digit(in.peek())) {
      octets += in.take_count(1);
      continue;
    }
    const std::string_view digits = in.take_count(3);
    int number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (digits.size() != 3 || end != digits.data() + 3 || number > 255) return std::nullopt;
    octets += static_cast<char>(number);
  }
  return octets;
}

/// `300`, or with units as servers allow them: `1h30m`.
std::optional<std::uint32_t> parse_ttl(std::string_view text) {
  constexpr std::uint64_t most = 0x7fffffff;  // RFC 2181 section 8
  std::uint64_t total = 0;
  Cursor in(text);
  do {
    const std::string_view digits = in.take_while(is_digit);
    std::uint64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (digits.empty() || digits.size() > 10) return std::nullopt;
    const std::string_view units = "smhdw";
    constexpr std::uint64_t seconds[] = {1, 60, 3600, 86400, 604800};
    const std::size_t unit = in.at_end() ? 0 : units.find(to_lower(in.peek()));
    if (unit == std::string_view::npos) return std::nullopt;
    in.take_count(1);
    total += number * seconds[unit];
    if (total > most) return std::nullopt;
  } while (!in.at_end());
  return static_cast<std::uint32_t>(total);
}

std::string big_endian(std::uint64_t number, int octets) {
  std::string text;
  for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8)
    text += static_cast<char>(number >> shift & 0xff);
  return text;
}

class Reader {
 public:
  explicit Reader(Zone& zone) : zone_(zone) {}

  /// False: `problem()`.
  bool read(const Entry& entry) {
    words_ = entry.words;
    if (words_.empty()) return true;
    if (!words_.front().quoted && words_.front().text.starts_with('$')) return read_directive();
    if (!entry.blank_owner) {
      const auto owner = take_name("the owner");
      if (!owner) return false;
      owner_ = *owner;
      has_owner_ = true;
    }
    if (!has_owner_) return trouble("the first record has no owner");
    return read_record();
  }

  const std::string& problem() const { return problem_; }

 private:
  bool trouble(std::string what) {
    problem_ = std::move(what);
    return false;
  }

  bool read_directive() {
    const std::string_view directive = take_word();
    if (iequals(directive, "$ORIGIN")) {
      const auto name = take_name("$ORIGIN");
      if (!name) return false;
      origin_ = *name;
    } else if (iequals(directive, "$TTL")) {
      const auto ttl = parse_ttl(take_word());
      if (!ttl) return trouble("$TTL wants a number of seconds");
      default_ttl_ = *ttl;
    } else {
      return trouble(fmt::format("unknown directive {}", directive));
    }
    return at_end();
  }

  // [TTL] [class] type rdata, or [class] [TTL] type rdata
  bool read_record() {
    Record record{.ttl = default_ttl_};
    for (int i = 0; i < 2 && !words_.empty(); ++i) {
      if (iequals(words_.front().text, "IN")) {
        take_word();
      } else if (is_digit(words_.front().text.empty() ? ' ' : words_.front().text.front())) {
        const auto ttl = parse_ttl(take_word());
        if (!ttl) return trouble("the TTL is no number of seconds");
        record.ttl = *ttl;
      }
    }
    const std::string_view word = take_word();
    if (iequals(word, "TIMEOUT")) return read_failure("timeout");
    if (iequals(word, "SERVFAIL")) return read_failure("SERVFAIL");
    if (iequals(word, "SECURE")) {
      zone_.add_secure(owner_);
      return at_end();
    }
    const auto type = type_from_text(word);
    if (!type) return trouble(fmt::format("unknown record type `{}`", word));
    record.type = *type;
    if (!read_data(record) || !at_end()) return false;
    zone_.add(owner_, std::move(record));
    return true;
  }

  bool read_failure(std::string_view problem) {
    if (words_.empty()) zone_.add_failure(owner_, std::nullopt, std::string(problem));
    while (!words_.empty()) {
      const std::string_view word = take_word();
      const auto type = type_from_text(word);
      if (!type) return trouble(fmt::format("unknown record type `{}`", word));
      zone_.add_failure(owner_, type, std::string(problem));
    }
    return true;
  }

  bool read_data(Record& record) {
    switch (record.type) {
      case Type::a:
      case Type::aaaa:
        return read_address(record);
      case Type::txt:
        return read_texts(record);
      case Type::mx:
        return read_number(record.preference, "MX preference") && read_name(record.name);
      case Type::ptr:
      case Type::ns:
      case Type::cname:
        return read_name(record.name);
      case Type::soa:
        return read_soa(record);
      case Type::tlsa:
        return read_tlsa(record);
    }
    return false;
  }

  bool read_address(Record& record) {
    const std::string_view word = take_word();
    const auto address = IpAddress::parse(word);
    const bool colon = word.contains(':');
    if (!address || colon != (record.type == Type::aaaa))
      return trouble(
          fmt::format("`{}` is no {} address", word, record.type == Type::a ? "IPv4" : "IPv6"));
    record.address = *address;
    return true;
  }

  bool read_texts(Record& record) {
    if (words_.empty()) return trouble("TXT wants at least one string");
    for (; !words_.empty(); take_word()) {
      const auto octets = character_string(words_.front().text);
      if (!octets) return trouble("a wrong escape in a string");
      if (octets->size() > 255) return trouble("a string is longer than 255 octets; split it");
      record.text += *octets;
    }
    return true;
  }

  bool read_soa(Record& record) {
    std::string primary, mailbox;
    if (!read_name(primary) || !read_name(mailbox)) return false;
    record.raw = to_wire(primary) + to_wire(mailbox);
    for (const char* what : {"serial", "refresh", "retry", "expire", "minimum"}) {
      const auto number = parse_ttl(take_word());
      if (!number) return trouble(fmt::format("the {} of the SOA is no number", what));
      record.raw += big_endian(*number, 4);
    }
    return true;
  }

  bool read_tlsa(Record& record) {
    for (const char* what : {"usage", "selector", "matching type"}) {
      std::uint16_t number = 0;
      if (!read_number(number, what)) return false;
      if (number > 255) return trouble(fmt::format("the TLSA {} is above 255", what));
      record.raw += static_cast<char>(number);
    }
    std::string digits;
    for (; !words_.empty(); take_word()) digits += words_.front().text;
    if (digits.empty() || digits.size() % 2 != 0) return trouble("TLSA wants hexadecimal digits");
    for (std::size_t i = 0; i < digits.size(); i += 2) {
      unsigned octet = 0;
      const char* const pair = digits.data() + i;
      if (std::from_chars(pair, pair + 2, octet, 16).ptr != pair + 2)
        return trouble("TLSA wants hexadecimal digits");
      record.raw += static_cast<char>(octet);
    }
    return true;
  }

  bool read_number(std::uint16_t& number, std::string_view what) {
    const std::string_view word = take_word();
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc() || end != word.data() + word.size())
      return trouble(fmt::format("`{}` is no {}", word, what));
    return true;
  }

  bool read_name(std::string& name) {
    auto taken = take_name("the record");
    if (!taken) return false;
    name = *std::move(taken);
    return true;
  }

  /// A name, made absolute by the origin.
  std::optional<std::string> take_name(std::string_view what) {
    const std::string text(take_word());
    if (text == "@") return origin_;
    const bool absolute = text.ends_with('.') || origin_.empty();
    auto name = name_from_presentation(absolute || text.empty() ? text : text + "." + origin_);
    if (!name) trouble(fmt::format("`{}` in {} is no domain name", text, what));
    return name;
  }

  /// Empty: there is none, which no rule above takes for a value.
  std::string_view take_word() {
    if (words_.empty()) return {};
    const std::string_view text = words_.front().text;
    words_.erase(words_.begin());
    return text;
  }

  bool at_end() {
    if (words_.empty()) return true;
    return trouble(fmt::format("`{}` is one word too many", words_.front().text));
  }

  Zone& zone_;
  std::vector<Word> words_;
  std::string origin_;
  std::string owner_;
  bool has_owner_ = false;
  std::uint32_t default_ttl_ = 3600;
  std::string problem_;
};

}  // namespace

Result<Zone> Zone::parse(std::string_view text, std::string_view file) {
  Zone zone;
  Lexer lexer(text);
  Reader reader(zone);
  while (!lexer.at_end()) {
    std::string problem;
    const auto entry = lexer.next(problem);
    if (!entry) return fail(fmt::format("{}:{}: {}", file, lexer.line(), problem));
    if (!reader.read(*entry))
      return fail(fmt::format("{}:{}: {}", file, entry->line, reader.problem()));
  }
  return zone;
}

}  // namespace postern::dns
