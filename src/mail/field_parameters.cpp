#include "mail/field_parameters.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "base/cursor.h"
#include "mail/charset.h"
#include "mail/lexical.h"
#include "mail/utf8.h"

namespace postern::mail {
namespace {

/// One piece as it stands there: `filename*1*=%20b`.
struct Piece {
  bool is_encoded = false;
  std::string value;
};

/// All pieces of one name.
struct Pieces {
  std::optional<std::string> plain;  ///< `filename=`
  std::map<int, Piece> numbered;     ///< `filename*0=`, and as 0 `filename*=`
};

/// The rest of a parameter that is not understood.
void skip_to_semicolon(Cursor& in) {
  std::string ignored;
  while (skip_cfws(in) && !in.at_end() && in.peek() != ';')
    if (!take_quoted_string(in, ignored)) in.take_count(1);
}

/// value = token / quoted-string; unquoted, more letters stand there than a token may have.
std::string take_value(Cursor& in) {
  std::string value;
  if (take_quoted_string(in, value)) return value;
  return std::string(in.take_while([](char c) { return !is_fws(c) && c != ';' && c != '('; }));
}

std::string percent_decoded(std::string_view text) {
  const auto hex = [](char c) -> int {
    if (is_digit(c)) return c - '0';
    const char lower = to_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
  };
  std::string bytes;
  for (; !text.empty(); text.remove_prefix(1)) {
    if (text.size() > 2 && text[0] == '%' && hex(text[1]) >= 0 && hex(text[2]) >= 0) {
      bytes += static_cast<char>(hex(text[1]) << 4 | hex(text[2]));
      text.remove_prefix(2);
    } else {
      bytes += text.front();
    }
  }
  return bytes;
}

/// RFC 2231 sections 3 and 4: the first piece may begin with `charset'language'`, and pieces count
/// up to the first that is missing.
std::string put_together(const std::map<int, Piece>& pieces) {
  std::string charset = "utf-8";
  std::string bytes;
  int next = 0;
  for (const auto& [number, piece] : pieces) {
    if (number != next++) break;
    std::string_view value = piece.value;
    if (number == 0 && piece.is_encoded) {
      Cursor in(value);
      const auto name = in.take_until('\'');
      if (name && in.take_until('\'')) {
        if (!name->empty()) charset = *name;
        value = in.rest();
      }
    }
    bytes += piece.is_encoded ? percent_decoded(value) : std::string(value);
  }
  return to_utf8(bytes, charset).value_or(repaired_utf8(bytes));
}

/// `*`, `*0`, `*1*` behind a name: which piece it is and whether it is encoded.
std::optional<std::pair<int, bool>> parse_suffix(std::string_view suffix) {
  if (suffix == "*") return std::pair(0, true);
  Cursor in(suffix);
  in.take('*');
  const std::string_view digits = in.take_while(is_digit);
  const bool is_encoded = in.take('*');
  if (digits.empty() || digits.size() > 2 || !in.at_end()) return std::nullopt;
  int number = 0;
  for (const char digit : digits) number = number * 10 + (digit - '0');
  return std::pair(number, is_encoded);
}

}  // namespace

std::string_view FieldWithParameters::parameter(std::string_view name) const {
  const auto found = std::ranges::find(parameters, name, &FieldParameter::name);
  return found == parameters.end() ? std::string_view() : found->value;
}

FieldWithParameters parse_field_with_parameters(std::string_view body) {
  FieldWithParameters field;
  Cursor in(body);
  skip_cfws(in);
  field.value = to_lower(in.take_while(is_token_character));
  skip_cfws(in);
  if (in.take('/')) {
    skip_cfws(in);
    const std::string_view subtype = in.take_while(is_token_character);
    field.value =
        field.value.empty() || subtype.empty() ? "" : field.value + "/" + to_lower(subtype);
  }

  std::map<std::string, Pieces> found;
  for (std::size_t count = 0; count < max_parameters; ++count) {
    skip_to_semicolon(in);
    if (!in.take(';')) break;
    skip_cfws(in);
    const std::string_view whole = in.take_while(is_token_character);
    skip_cfws(in);
    if (whole.empty() || !in.take('=')) continue;
    skip_cfws(in);
    std::string value = take_value(in);
    const std::size_t star = std::min(whole.find('*'), whole.size());
    Pieces& pieces = found[to_lower(whole.substr(0, star))];
    if (star == whole.size()) {
      if (!pieces.plain) pieces.plain = std::move(value);
    } else if (const auto suffix = parse_suffix(whole.substr(star))) {
      pieces.numbered.try_emplace(suffix->first, suffix->second, std::move(value));
    }
  }
  for (auto& [name, pieces] : found) {
    if (pieces.numbered.contains(0)) {
      field.parameters.push_back({name, put_together(pieces.numbered)});
    } else if (pieces.plain) {
      field.parameters.push_back({name, *std::move(pieces.plain)});
    }
  }
  return field;
}

}  // namespace postern::mail
