#include "mail/received_hop.h"

#include <algorithm>
#include <vector>

#include "base/ascii.h"
#include "base/cursor.h"
#include "mail/date.h"
#include "mail/lexical.h"

namespace postern::mail {
namespace {

/// Any run of folding white space becomes one blank: how a field was folded means nothing.
std::string on_one_line(std::string_view body) {
  std::string line;
  for (const char c : body) {
    if (!is_fws(c)) {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  if (line.ends_with(' ')) line.pop_back();
  return line;
}

struct Token {
  enum class Kind { word, comment };
  Kind kind = Kind::word;
  std::string_view text;  ///< of a comment: what stands between the parentheses

  bool is_word(std::string_view wanted) const {
    return kind == Kind::word && iequals(text, wanted);
  }
};

/// The comment that the cursor stands before, without its parentheses; nothing if it does not end.
std::optional<std::string_view> take_comment(Cursor& in) {
  const std::string_view whole = in.rest();
  int depth = 0;
  while (!in.at_end()) {
    if (in.take('\\')) {
      in.take_count(1);
    } else if (in.take('(')) {
      if (++depth > max_comment_depth) return std::nullopt;
    } else if (in.take(')')) {
      if (--depth == 0) return whole.substr(1, whole.size() - in.rest().size() - 2);
    } else {
      in.take_count(1);
    }
  }
  return std::nullopt;
}

/// A word ends at a blank, a comment or the semicolon before the date, which in a path in angle
/// brackets, `<"a;b c"@contoso.com>`, is a letter like others.
std::optional<std::string_view> take_word(Cursor& in) {
  const std::string_view whole = in.rest();
  if (in.take('<')) {
    while (!in.take('>')) {
      if (in.at_end()) return std::nullopt;
      if (std::string quoted; !take_quoted_string(in, quoted)) in.take_count(1);
    }
  }
  in.take_while([](char c) { return c != ' ' && c != '(' && c != ';'; });
  return whole.substr(0, whole.size() - in.rest().size());
}

/// All before the first semicolon that is none of a comment or path.
std::optional<std::vector<Token>> take_tokens(Cursor& in) {
  std::vector<Token> tokens;
  while (true) {
    in.take_while(is_wsp);
    if (in.at_end() || in.peek() == ';') return tokens;
    const bool is_comment = in.peek() == '(';
    const auto text = is_comment ? take_comment(in) : take_word(in);
    if (!text) return std::nullopt;
    tokens.push_back({is_comment ? Token::Kind::comment : Token::Kind::word, *text});
  }
}

std::optional<IpAddress> parse_address(std::string_view text) {
  Cursor in(text);
  in.take_word("IPv6:");
  // Exchange adds the interface to link-local addresses: fe80::1%12.
  return IpAddress::parse(in.rest().substr(0, in.rest().find('%')));
}

/// Reverse names come with a final dot from some, and as a word for none from others.
std::string_view name_of(std::string_view text) {
  if (iequals(text, "unknown")) return {};
  if (text.ends_with('.')) text.remove_suffix(1);
  return text;
}

/// What comments behind `from` say of the client.
struct Remarks {
  enum class Shape { none, bracketed, bare };
  Shape shape = Shape::none;
  std::optional<IpAddress> address;  ///< there unless the shape is none
  std::string_view reverse_name;
  std::string_view helo;
  bool has_exim_helo = false;   ///< (helo=x)
  bool has_qmail_helo = false;  ///< (HELO x)
};

/// The value of `helo=` among words.
std::string_view exim_helo(std::string_view words) {
  constexpr auto is_no_blank = [](char c) { return c != ' '; };
  for (Cursor in(words); !in.at_end(); in.take_while(is_no_blank), in.take(' ')) {
    if (in.take_word("helo=")) return in.take_while(is_no_blank);
  }
  return {};
}

/// [name SP] "[" address "]" [":" port] *(SP word), where a word with brackets can only be a HELO
/// name: `mx.contoso.com [192.0.2.1] (may be forged)`, `[192.0.2.1]:25 helo=[10.0.0.1]`.
bool read_bracketed(std::string_view text, Remarks& remarks) {
  Cursor in(text);
  if (in.peek() != '[') {
    const std::string_view name = in.take_while([](char c) { return c != ' ' && c != '['; });
    // With ident it is user@name, and the user is the client's word.
    remarks.reverse_name = name_of(name.substr(name.rfind('@') + 1));
    if (!in.take(' ')) return false;
  }
  if (!in.take('[')) return false;
  const auto inside = in.take_until(']');
  if (!inside) return false;
  remarks.shape = Remarks::Shape::bracketed;
  remarks.address = parse_address(*inside);
  if (in.take(':')) in.take_while(is_digit);
  const std::string_view words = in.rest();
  while (in.take(' ')) {
    const std::string_view word = in.take_while([](char c) { return c != ' '; });
    if (word.contains('[') && !istarts_with(word, "helo=")) return false;
  }
  remarks.helo = exim_helo(trim(words));
  return remarks.address.has_value() && in.at_end();
}

/// `192.0.2.1`, or with ident `user@192.0.2.1`.
std::optional<IpAddress> read_bare(std::string_view text) {
  if (text.contains(' ')) return std::nullopt;
  return parse_address(text.substr(text.rfind('@') + 1));
}

/// Adds what one comment says; false if it contradicts another one, or can be read in two ways.
bool add_remark(std::string_view text, Remarks& remarks) {
  const bool has_helo = remarks.has_exim_helo || remarks.has_qmail_helo;
  if (istarts_with(text, "HELO ") || istarts_with(text, "EHLO ")) {
    if (has_helo || remarks.shape != Remarks::Shape::none) return false;
    remarks.has_qmail_helo = true;
    remarks.helo = text.substr(5);
    return true;
  }
  if (istarts_with(text, "helo=") || istarts_with(text, "port=")) {
    if (has_helo || remarks.shape != Remarks::Shape::none) return false;
    remarks.has_exim_helo = true;
    remarks.helo = exim_helo(text);
    return true;
  }
  if (const auto address = read_bare(text)) {
    if (remarks.has_exim_helo || remarks.shape != Remarks::Shape::none) return false;
    remarks.shape = Remarks::Shape::bare;
    remarks.address = address;
    return true;
  }
  // Others tell of TLS, or who logged in; but an address in a place that nobody uses is suspicious.
  if (!text.contains('[')) return true;
  if (has_helo || remarks.shape != Remarks::Shape::none) return false;
  return read_bracketed(text, remarks);
}

/// `name` is what stands between `from` and the first comment: the client's HELO name with some,
/// its reverse name with others, who then have the HELO name in a comment.
bool name_client(std::string_view name, const Remarks& remarks, ReceivedHop& hop) {
  hop.client = remarks.address;
  hop.helo = remarks.helo;
  switch (remarks.shape) {
    case Remarks::Shape::bracketed:
      (remarks.helo.empty() ? hop.helo : hop.reverse_name) = name;
      if (remarks.helo.empty()) hop.reverse_name = remarks.reverse_name;
      break;
    case Remarks::Shape::bare:
      (remarks.has_qmail_helo ? hop.reverse_name : hop.helo) = name;
      break;
    case Remarks::Shape::none:
      // Only Exim has the client's address here. With others, a literal is a HELO name.
      if (!remarks.has_exim_helo || !name.starts_with('[')) return false;
      hop.client = parse_address(name.substr(1, name.find(']') - 1));
      break;
  }
  hop.reverse_name = name_of(hop.reverse_name);
  return hop.client.has_value();
}

/// The field on one line, clause by clause.
class HopReader {
 public:
  explicit HopReader(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  std::optional<ReceivedHop> read() {
    const bool is_qmail = at_comment() && tokens_[0].text.starts_with("qmail ");
    while (at_comment()) ++next_;
    if (is_qmail && at_end()) return hop_;
    if (take("from") && !read_client()) return std::nullopt;
    if (!take("by") || at_end() || at_comment()) return std::nullopt;
    hop_.by = tokens_[next_++].text;
    while (!at_end()) {
      // A second clause of these came out of a name that the client chose.
      if (at("from") || at("by")) return std::nullopt;
      const bool is_first = hop_.protocol.empty();
      if (!take("with")) {
        ++next_;
      } else if (std::string protocol = take_words({"by", "from", "with", "id", "for", "via"});
                 is_first) {
        hop_.protocol = std::move(protocol);
      }
    }
    return hop_;
  }

 private:
  bool at_end() const { return next_ == tokens_.size(); }
  bool at_comment() const { return !at_end() && tokens_[next_].kind == Token::Kind::comment; }
  bool at(std::string_view word) const { return !at_end() && tokens_[next_].is_word(word); }
  bool take(std::string_view word) {
    if (!at(word)) return false;
    ++next_;
    return true;
  }

  /// Up to a comment or one of `stops`.
  std::string take_words(std::initializer_list<std::string_view> stops) {
    std::string words;
    for (; !at_end() && !at_comment(); ++next_) {
      if (std::ranges::any_of(stops, [&](std::string_view stop) { return at(stop); })) break;
      if (!words.empty()) words += ' ';
      words += tokens_[next_].text;
    }
    return words;
  }

  bool read_client() {
    const std::string name = take_words({"by"});
    Remarks remarks;
    for (; !at_end() && !at("by"); ++next_) {
      if (at_comment() && !add_remark(tokens_[next_].text, remarks)) return false;
    }
    return name_client(name, remarks, hop_);
  }

  std::vector<Token> tokens_;
  std::size_t next_ = 0;
  ReceivedHop hop_;
};

}  // namespace

std::optional<ReceivedHop> parse_received_hop(std::string_view body) {
  if (body.size() > max_received_field) return std::nullopt;
  const std::string line = on_one_line(body);
  Cursor in(line);
  auto tokens = take_tokens(in);
  if (!tokens) return std::nullopt;
  auto hop = HopReader(std::move(*tokens)).read();
  if (!hop || !in.take(';')) return hop;
  // Text that is no date means that the semicolon was not the one before the date.
  hop->time = parse_date(in.rest());
  return hop->time ? hop : std::nullopt;
}

}  // namespace postern::mail
