// What the parsers of command lines take, they take whole: verbs in any case, client names that
// can stand in a header field, parameters that print and parse to the same values.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/ascii.h"
#include "smtp/command.h"
#include "smtp/parameters.h"

using namespace postern;
using namespace postern::smtp;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

constexpr Offers everything{.max_message_size = 0, .binary_mime = true, .dsn = true};

std::string print(const MailParameters& parameters) {
  std::string text;
  if (parameters.size) text += " SIZE=" + std::to_string(*parameters.size);
  if (parameters.body == BodyType::eight_bit_mime) text += " BODY=8BITMIME";
  if (parameters.body == BodyType::binary_mime) text += " BODY=BINARYMIME";
  if (parameters.smtp_utf8) text += " SMTPUTF8";
  if (!parameters.ret.empty()) text += " RET=" + parameters.ret;
  if (!parameters.envelope_id.empty()) text += " ENVID=" + parameters.envelope_id;
  return text;
}

std::string print(const RcptParameters& parameters) {
  std::string text;
  if (!parameters.notify.empty()) text += " NOTIFY=" + parameters.notify;
  if (!parameters.original_recipient.empty()) text += " ORCPT=" + parameters.original_recipient;
  return text;
}

void try_command(std::string_view line) {
  const Command command = parse_command(line);
  require(parse_command(to_lower(line)).verb == command.verb);
  require(command.argument == trim(command.argument));
  if (is_client_name(command.argument)) {
    require(command.argument.size() <= 255);
    for (const char c : command.argument) require(c != ' ' && c != ';' && c != '(');
  }
  if (const auto chunk = parse_chunk(command.argument)) {
    const std::string printed = std::to_string(chunk->size) + (chunk->is_last ? " LAST" : "");
    require(parse_chunk(printed)->size == chunk->size);
    require(parse_chunk(printed)->is_last == chunk->is_last);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  try_command(text);

  if (const auto parsed = parse_mail_parameters(text, everything)) {
    const std::string printed = print(*parsed);
    const auto again = parse_mail_parameters(printed, everything);
    require(again && print(*again) == printed);
  } else {
    require(parsed.error().is_permanent());
  }
  if (const auto parsed = parse_rcpt_parameters(text, everything)) {
    const std::string printed = print(*parsed);
    const auto again = parse_rcpt_parameters(printed, everything);
    require(again && print(*again) == printed);
  } else {
    require(parsed.error().is_permanent());
  }
  return 0;
}
