#include "mail/received_spf.h"

#include "mail/lexical.h"

namespace postern::mail {
namespace {

/// dot-atom-text of RFC 5322 section 3.2.3
bool is_dot_atom(std::string_view text) {
  char previous = '.';
  for (const char c : text) {
    if (c == '.' ? previous == '.' : !is_ascii(c) || !is_atext(c)) return false;
    previous = c;
  }
  return previous != '.';
}

/// key-value-pair = key [CFWS] "=" ( dot-atom / quoted-string )
void add_pair(FieldWriter& field, std::string_view key, std::string_view value) {
  std::string& word = field.open_word().append(key).append("=");
  if (is_dot_atom(value)) {
    word += value;
  } else {
    append_quoted(word, value);
  }
  word += ';';
  field.close_word();
}

}  // namespace

std::string to_received_spf_field(const ReceivedSpf& spf) {
  FieldWriter field("Received-SPF");
  field.word(spf.result);
  field.new_line();
  if (!spf.comment.empty()) {
    append_comment(field.open_word(), spf.comment);
    field.close_word().new_line();
  }
  add_pair(field, "identity", spf.identity);
  add_pair(field, "client-ip", spf.client.to_string());
  add_pair(field, "helo", spf.helo);
  add_pair(field, "envelope-from", spf.envelope_from);
  add_pair(field, "receiver", spf.receiver);
  if (!spf.mechanism.empty()) add_pair(field, "mechanism", spf.mechanism);
  if (!spf.problem.empty()) add_pair(field, "problem", spf.problem);
  return field.finish();
}

}  // namespace postern::mail
