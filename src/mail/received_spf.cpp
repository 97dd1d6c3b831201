#include "mail/received_spf.h"

#include <algorithm>

#include "mail/lexical.h"

namespace postern::mail {
namespace {

/// key-value-pair = key [CFWS] "=" ( dot-atom / quoted-string )
std::string pair(std::string_view key, std::string_view value) {
  const bool is_dot_atom =
      !value.empty() && value.front() != '.' && value.back() != '.' && !value.contains("..") &&
      std::ranges::all_of(value, [](char c) { return c == '.' || (is_ascii(c) && is_atext(c)); });
  std::string text;
  text.reserve(key.size() + value.size() + 4);
  text.append(key).append("=");
  if (is_dot_atom) {
    text += value;
  } else {
    text += quoted(value);
  }
  return text += ';';
}

}  // namespace

std::string to_received_spf_field(const ReceivedSpf& spf) {
  FieldWriter field("Received-SPF");
  field.word(spf.result);
  if (!spf.comment.empty()) field.new_line().word(comment(spf.comment));
  field.new_line().word(pair("identity", spf.identity));
  field.word(pair("client-ip", spf.client.to_string()));
  field.word(pair("helo", spf.helo));
  field.word(pair("envelope-from", spf.envelope_from));
  field.word(pair("receiver", spf.receiver));
  if (!spf.mechanism.empty()) field.word(pair("mechanism", spf.mechanism));
  if (!spf.problem.empty()) field.word(pair("problem", spf.problem));
  return field.finish();
}

}  // namespace postern::mail
