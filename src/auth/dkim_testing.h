// For tests of DKIM and ARC: a DNS of a few TXT records, and one call that does all the steps.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/dkim_verify.h"

namespace postern::auth::testing {

/// A TXT record for each pair of name and text; every other name is unknown to it.
inline dns::AnswerSet txt_answers(
    std::initializer_list<std::pair<std::string, std::string>> records) {
  dns::AnswerSet answers;
  for (const auto& [name, text] : records) {
    auto answer = std::make_shared<dns::Answer>();
    answer->status = dns::Status::ok;
    answer->ttl = 3600;
    answer->texts = {text};
    answers.add({.name = name, .type = dns::Type::txt}, std::move(answer));
  }
  return answers;
}

inline dns::AnswerSet failing_answer(std::string name, dns::Status status,
                                     std::string problem = {}) {
  auto answer = std::make_shared<dns::Answer>();
  answer->status = status;
  answer->problem = std::move(problem);
  dns::AnswerSet answers;
  answers.add({.name = std::move(name), .type = dns::Type::txt}, std::move(answer));
  return answers;
}

/// Lines of a message as SMTP has them.
inline std::string with_crlf(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\n') result += '\r';
    result += c;
  }
  return result;
}

/// Every question that `answers` leaves open is answered with NXDOMAIN.
inline std::vector<DkimResult> verify_dkim(std::string_view message, dns::AnswerSet answers,
                                           Time now = {}, const DkimOptions& options = {}) {
  const mail::HeaderSection section = mail::parse_header_section(message);
  BodyHashes body;
  DkimVerifier verifier(message, section, body, options);
  body.update(message.substr(section.body_begin));
  body.finish();
  DkimKeyCache keys;
  auto asking = verifier.evaluate(answers, keys, now);
  for (const dns::Question& question : asking.questions) {
    auto nothing = std::make_shared<dns::Answer>();
    nothing->status = dns::Status::nxdomain;
    answers.add(question, std::move(nothing));
  }
  if (!asking.value) asking = verifier.evaluate(answers, keys, now);
  return *std::move(asking.value);
}

/// `pass`, or `fail: body hash did not verify`; several results separated by ` | `.
inline std::string summary(const std::vector<DkimResult>& results) {
  std::string text;
  for (const DkimResult& result : results) {
    if (!text.empty()) text += " | ";
    text += to_string(result.status);
    if (result.problem != DkimProblem::none) text += ": ";
    text += to_sentence(result.problem);
  }
  return text.empty() ? "none" : text;
}

}  // namespace postern::auth::testing
