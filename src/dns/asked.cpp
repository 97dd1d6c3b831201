#include "dns/asked.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "dns/zone.h"

namespace postern::dns {
namespace {

constexpr std::size_t max_text = 4000;
/// Of one message.
constexpr std::size_t usual_answers = 12;

/// As in a zone file (RFC 1035 section 5.1): what is not printable is `\DDD`.
void append_escaped(std::string& to, std::string_view octets, bool quoted) {
  for (const char c : octets) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet < 0x20 || octet >= 0x7f) {
      to += fmt::format("\\{:03}", octet);
    } else {
      if (quoted && (c == '"' || c == '\\')) to += '\\';
      to += c;
    }
  }
}

void append_records(std::string& to, const Answer& answer) {
  for (const IpAddress& address : answer.addresses) to += ' ' + address.to_string();
  for (const std::string& text : answer.texts) {
    to += " \"";
    append_escaped(to, text, true);
    to += '"';
  }
  for (const std::string& name : answer.names) {
    to += ' ';
    append_escaped(to, name, false);
  }
  for (const MailExchange& one : answer.mail_exchanges) {
    to += fmt::format(" {} ", one.preference);
    append_escaped(to, one.host.empty() ? "." : one.host, false);
  }
}

}  // namespace

void Asked::add(const AnswerSet& answers) {
  for (const auto& [question, answer] : answers) add(question, answer);
}

void Asked::add(const Asked& others) {
  for (const auto& [question, answer] : others.entries_) add(question, answer);
}

void Asked::add(const Question& question, const AnswerSet::Shared& answer) {
  if (entries_.capacity() == 0) entries_.reserve(usual_answers);
  const bool is_there =
      std::ranges::any_of(entries_, [&](const Entry& entry) { return entry.question == question; });
  if (!is_there && entries_.size() < max_answers) entries_.push_back({question, answer});
}

std::string to_text(const Question& question, const Answer& answer) {
  std::string text;
  append_escaped(text, question.name, false);
  text += ' ';
  text += to_string(question.type);
  for (const std::string& name : answer.cname_chain) {
    text += " -> ";
    append_escaped(text, name, false);
  }
  text += ':';
  switch (answer.status) {
    case Status::ok:
      append_records(text, answer);
      break;
    case Status::empty:
      text += " no such record";
      break;
    case Status::nxdomain:
      text += " no such name";
      break;
    case Status::failure:
      text += " no answer: ";
      append_escaped(text, answer.problem, false);
      break;
  }
  if (answer.secure) text += " (secure)";
  if (text.size() > max_text) text.resize(max_text);
  return text;
}

}  // namespace postern::dns
