#include "smtp/command.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/ascii.h"
#include "base/cursor.h"
#include "base/ip_address.h"
#include "mail/mailbox.h"
#include "mail/utf8.h"

namespace postern::smtp {
namespace {

struct Word {
  std::string_view text;
  Verb verb;
};

// The frequent ones first.
constexpr std::array words{
    Word{"RCPT", Verb::rcpt},
    Word{"MAIL", Verb::mail},
    Word{"DATA", Verb::data},
    Word{"EHLO", Verb::ehlo},
    Word{"QUIT", Verb::quit},
    Word{"STARTTLS", Verb::starttls},
    Word{"BDAT", Verb::bdat},
    Word{"RSET", Verb::rset},
    Word{"NOOP", Verb::noop},
    Word{"HELO", Verb::helo},
    Word{"VRFY", Verb::vrfy},
    Word{"EXPN", Verb::expn},
    Word{"HELP", Verb::help},
    Word{"AUTH", Verb::not_implemented},
    Word{"ETRN", Verb::not_implemented},
    Word{"ATRN", Verb::not_implemented},
    Word{"TURN", Verb::not_implemented},
    Word{"SEND", Verb::not_implemented},
    Word{"SOML", Verb::not_implemented},
    Word{"SAML", Verb::not_implemented},
    Word{"BURL", Verb::not_implemented},
    Word{"LHLO", Verb::not_implemented},
    Word{"GET", Verb::other_protocol},
    Word{"POST", Verb::other_protocol},
    Word{"PUT", Verb::other_protocol},
    Word{"HEAD", Verb::other_protocol},
    Word{"OPTIONS", Verb::other_protocol},
    Word{"CONNECT", Verb::other_protocol},
};

// address-literal with either kind of address; the tag of IPv6 may be missing.
bool is_literal(std::string_view text) {
  Cursor in(text);
  if (!in.take('[')) return false;
  in.take_word("IPv6:");
  const auto address = in.take_until(']');
  return address && in.at_end() && IpAddress::parse(*address);
}

bool is_name_octet(char c) {
  return is_alnum(c) || c == '-' || c == '_' || !is_ascii(c);
}

}  // namespace

std::string_view to_string(Verb verb) {
  switch (verb) {
    case Verb::not_implemented:
    case Verb::other_protocol:
    case Verb::unknown:
      return "OTHER";
    case Verb::ehlo:
    case Verb::helo:
    case Verb::mail:
    case Verb::rcpt:
    case Verb::data:
    case Verb::bdat:
    case Verb::rset:
    case Verb::noop:
    case Verb::quit:
    case Verb::vrfy:
    case Verb::expn:
    case Verb::help:
    case Verb::starttls:
      return std::ranges::find(words, verb, &Word::verb)->text;
  }
  std::abort();  // An integer that was never a Verb: our bug.
}

Command parse_command(std::string_view line) {
  Cursor in(line);
  const std::string_view verb = in.take_while([](char c) { return !is_wsp(c); });
  const auto word =
      std::ranges::find_if(words, [&](const Word& known) { return iequals(known.text, verb); });
  return Command{.verb = word == words.end() ? Verb::unknown : word->verb,
                 .argument = trim(in.rest())};
}

bool is_client_name(std::string_view text) {
  if (text.empty() || text.size() > mail::max_domain || !mail::is_utf8(text)) return false;
  if (IpAddress::parse(text) || is_literal(text)) return true;
  Cursor in(text);
  do {
    if (in.take_while(is_name_octet).empty()) return false;
  } while (in.take('.') && !in.at_end());
  return in.at_end();
}

std::optional<std::string_view> after_keyword(std::string_view argument, std::string_view keyword) {
  Cursor in(argument);
  if (!in.take_word(keyword) || !in.take(':')) return std::nullopt;
  in.take_while(is_wsp);
  return in.rest();
}

std::optional<Chunk> parse_chunk(std::string_view argument) {
  // Every number of so many digits fits.
  constexpr std::size_t max_digits = 18;
  Cursor in(argument);
  const std::string_view digits = in.take_while(is_digit);
  if (digits.empty() || digits.size() > max_digits) return std::nullopt;
  Chunk chunk;
  for (const char digit : digits) chunk.size = chunk.size * 10 + static_cast<unsigned>(digit - '0');
  if (in.at_end()) return chunk;
  if (in.take_while(is_wsp).empty() || !iequals(in.rest(), "LAST")) return std::nullopt;
  chunk.is_last = true;
  return chunk;
}

}  // namespace postern::smtp
