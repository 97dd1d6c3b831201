#include "mail/authentication_results.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "mail/domain_name.h"
#include "mail/lexical.h"

namespace postern::mail {
namespace {

// value = token / quoted-string (RFC 2045 section 5.1)
void append_value(std::string& out, std::string_view value) {
  const bool is_token = !value.empty() && std::ranges::all_of(value, is_token_character);
  if (is_token) {
    out += value;
  } else {
    append_quoted(out, value);
  }
}

// pvalue = [CFWS] ( ( value / [ [ local-part ] "@" ] domain-name ) ) [CFWS]
void append_property_value(std::string& out, std::string_view value) {
  const auto is_plain = [](std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return is_atext(c) || c == '.'; }) &&
           !text.starts_with('=');
  };
  const std::size_t at = value.find('@');
  const bool is_address = at != std::string_view::npos && at + 1 < value.size() &&
                          is_plain(value.substr(0, at)) && to_a_label(value.substr(at + 1));
  if (is_address) {
    out += value;
  } else {
    append_value(out, value);
  }
}

// resinfo = ";" methodspec [ CFWS reasonspec ] [ CFWS 1*propspec ], the semicolon at the end
void write(FieldWriter& field, const AuthenticationResult& result, bool last) {
  std::string& out = field.new_line().open_word();
  out.append(result.method).append("=").append(result.result);
  if (!result.comment.empty()) append_comment(field.close_word().open_word(), result.comment);
  if (!result.reason.empty())
    append_value(field.close_word().open_word().append("reason="), result.reason);
  for (const AuthenticationProperty& property : result.properties) {
    field.close_word().open_word().append(property.ptype);
    if (!property.ptype.empty()) out += '.';
    append_property_value(out.append(property.property).append("="), property.value);
  }
  if (!last) out += ';';
  field.close_word();
}

void write(FieldWriter& field, const AuthenticationResults& results) {
  if (!results.authserv_id.empty()) {
    std::string& id = field.open_word();
    append_value(id, results.authserv_id);
    if (!results.version.empty()) id.append(" ").append(results.version);
    id += ';';
    field.close_word();
  }
  if (results.results.empty()) field.word("none");
  for (const AuthenticationResult& result : results.results)
    write(field, result, &result == &results.results.back());
}

// Keyword of RFC 5321 section 4.1.2, and the underscore that some methods have.
std::string take_keyword(Cursor& in) {
  return to_lower(in.take_while([](char c) { return is_alnum(c) || c == '-' || c == '_'; }));
}

enum class Dialect { rfc8601, exchange };

/// A reader of the grammar. Each `take` leaves the cursor behind white space and comments.
class Parser {
 public:
  Parser(std::string_view body, Dialect dialect) : in_(body), dialect_(dialect) {}

  Result<AuthenticationResults> parse() {
    AuthenticationResults parsed;
    skip();
    if (!take_value(parsed.authserv_id) || parsed.authserv_id.empty())
      return fail("There is no authserv-id.");
    skip();
    // authres-version = 1*DIGIT [CFWS]
    parsed.version = in_.take_while(is_digit);
    skip();
    // no-result = [CFWS] ";" [CFWS] "none"
    Cursor before = in_;
    if (in_.take(';') && skip() && take_keyword(in_) == "none" && skip() && in_.at_end())
      return parsed;
    in_ = before;

    do {
      if (!in_.take(';')) return fail("A semicolon is missing.");
      skip();
      if (in_.at_end() && !parsed.results.empty()) break;  // one semicolon too many
      if (parsed.results.size() == max_authentication_results) return fail("Too many results.");
      AuthenticationResult result;
      if (!take_result(result)) return fail("A result is not `method=result`.");
      parsed.results.push_back(std::move(result));
    } while (!in_.at_end());
    if (!closed_) return fail("A comment does not end.");
    return parsed;
  }

  Result<AuthenticationResults> parse_exchange() {
    AuthenticationResults parsed;
    bool is_empty = true;
    for (skip(); !in_.at_end(); skip()) {
      if (in_.take(';')) continue;
      is_empty = false;
      if (skip_domain()) continue;
      if (parsed.results.size() == max_authentication_results) return fail("Too many results.");
      AuthenticationResult result;
      if (!take_result(result)) return fail("A result is not `method=result`.");
      parsed.results.push_back(std::move(result));
    }
    if (is_empty) return fail("There is no result.");
    if (!closed_) return fail("A comment does not end.");
    return parsed;
  }

 private:
  /// Something without an equals sign between semicolons.
  bool skip_domain() {
    const Cursor before = in_;
    const std::string_view domain =
        in_.take_while([](char c) { return is_value_character(c) && c != '='; });
    skip();
    if (!domain.empty() && (in_.at_end() || in_.peek() == ';')) return true;
    in_ = before;
    return false;
  }

  /// Returns true so that it can stand in a condition; an open comment is told at the end.
  bool skip(std::string* comments = nullptr) {
    closed_ = skip_cfws(in_, comments) && closed_;
    return true;
  }

  // value = token / quoted-string; beyond it, whatever stands before a blank or semicolon.
  bool take_value(std::string& value) {
    if (take_quoted_string(in_, value)) {
      // local-part "@" domain-name, with the local part quoted
      if (in_.peek() == '@') {
        value = quoted(value);
        value += in_.take_while(is_value_character);
      }
      return true;
    }
    value = in_.take_while(is_value_character);
    return !value.empty();
  }

  static bool is_value_character(char c) {
    return (!is_ascii(c) || (c > ' ' && c < '\x7f')) && !std::string_view("();\"").contains(c);
  }

  bool take_equals() { return skip() && in_.take('=') && skip(); }

  bool take_result(AuthenticationResult& result) {
    // methodspec = [CFWS] method [CFWS] "=" [CFWS] result
    result.method = take_keyword(in_);
    skip();
    // method = Keyword [ [CFWS] "/" [CFWS] method-version ]; there is only version 1.
    if (in_.take('/')) {
      skip();
      in_.take_while(is_digit);
    }
    if (result.method.empty() || !take_equals()) return false;
    result.result = take_keyword(in_);
    if (result.result.empty()) return false;
    skip(&result.comment);

    while (!in_.at_end() && in_.peek() != ';') {
      AuthenticationProperty property;
      property.ptype = take_keyword(in_);
      skip();
      if (property.ptype.empty()) return false;
      if (property.ptype == "reason" && in_.peek() == '=') {
        if (!take_equals() || !take_value(result.reason)) return false;
      } else {
        // propspec = ptype [CFWS] "." [CFWS] property [CFWS] "=" pvalue
        if (dialect_ == Dialect::exchange && in_.peek() == '=') {
          property.property = std::exchange(property.ptype, {});
        } else {
          if (!in_.take('.')) return false;
          skip();
          property.property = take_keyword(in_);
        }
        if (property.property.empty() || !take_equals()) return false;
        if (!take_value(property.value) && !in_.at_end() && in_.peek() != ';') return false;
        result.properties.push_back(std::move(property));
      }
      skip();
    }
    return true;
  }

  Cursor in_;
  Dialect dialect_;
  bool closed_ = true;
};

bool is_same_id(std::string_view claimed, std::string_view authserv_id) {
  if (iequals(claimed, authserv_id)) return true;
  const auto name = to_a_label(claimed);
  return name && iequals(*name, authserv_id);
}

}  // namespace

std::string to_authentication_results_field(const AuthenticationResults& results) {
  FieldWriter field("Authentication-Results");
  write(field, results);
  return field.finish();
}

std::string to_authentication_results_body(const AuthenticationResults& results) {
  std::string field = to_authentication_results_field(results);
  field.erase(0, field.find(':') + 1);
  field.resize(field.size() - 2);
  return field;
}

Result<AuthenticationResults> parse_authentication_results(std::string_view body) {
  return Parser(body, Dialect::rfc8601).parse();
}

Result<AuthenticationResults> parse_exchange_authentication_results(std::string_view body) {
  return Parser(body, Dialect::exchange).parse_exchange();
}

bool claims_authserv_id(std::string_view body, std::string_view authserv_id) {
  // The words before the first semicolon, as one reader or the other might cut them: the first
  // alone, and all of them together (a reader may drop comments before it looks for blanks).
  constexpr std::size_t longest_id = 1000;
  std::string joined;
  Cursor in(body);
  while (joined.size() <= longest_id) {
    // How far a broken comment goes, every reader decides for himself.
    if (!skip_cfws(in)) return true;
    std::string word;
    if (in.peek() != '"' || !take_quoted_string(in, word)) {
      const std::string_view plain = in.take_while(
          [](char c) { return !is_wsp(c) && !std::string_view(";(\r\n").contains(c); });
      for (const char c : plain)
        if (c != '"' && c != '\\') word += c;
      if (plain.empty()) break;
    }
    // `mx.example.com/1`: a version where RFC 8601 puts none, but somebody will.
    const std::string_view before_slash = std::string_view(word).substr(0, word.find('/'));
    if (joined.empty() && is_same_id(trim(before_slash), authserv_id)) return true;
    joined += word;
    if (is_same_id(joined, authserv_id)) return true;
  }
  return false;
}

}  // namespace postern::mail
