#include "auth/dkim_key_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <span>
#include <utility>

namespace postern::auth {
namespace {

std::span<const std::string> records_of(const dns::Answer& answer) {
  return std::span(answer.texts).first(std::min(answer.texts.size(), max_key_records));
}

std::shared_ptr<DkimKeySet> parse_records(const dns::Answer& answer) {
  auto set = std::make_shared<DkimKeySet>();
  for (const std::string& text : records_of(answer)) {
    if (text.size() > max_key_record_size) {
      set->keys.push_back(std::unexpected(
          DkimFault{DkimProblem::key_syntax, fmt::format("a record of {} octets", text.size())}));
      set->texts.emplace_back();
    } else {
      set->keys.push_back(parse_dkim_key(text));
      set->texts.push_back(text);
    }
  }
  return set;
}

}  // namespace

DkimKeyLookup look_up_keys(const std::string& name, const dns::AnswerSet& answers,
                           DkimKeyCache& cache, Time now) {
  dns::Question question{.name = name, .type = dns::Type::txt};
  const dns::Answer* answer = answers.find(question);
  std::shared_ptr<DkimKeySet> known = cache.find(name);
  if (!answer) {
    if (known && now < known->expires) return {.keys = std::move(known)};
    return {.question = std::move(question)};
  }

  switch (answer->status) {
    case dns::Status::ok:
      break;
    case dns::Status::empty:
    case dns::Status::nxdomain:
      return {.fault = DkimFault{DkimProblem::key_missing, fmt::format("{} has no TXT", name)}};
    case dns::Status::failure:
      return {.fault = DkimFault{DkimProblem::key_unavailable,
                                 fmt::format("{}: {}", name, answer->problem)}};
  }
  if (answer->texts.empty())
    return {.fault = DkimFault{DkimProblem::key_missing, fmt::format("{} has no TXT", name)}};

  // The answer of this message decides. Only the work of decoding is saved where it is no news.
  if (!known || !std::ranges::equal(known->texts, records_of(*answer))) {
    known = parse_records(*answer);
    cache.store(name, known);
  }
  known->is_secure = answer->secure;
  known->expires =
      now + std::min<std::chrono::seconds>(std::chrono::seconds(answer->ttl), max_key_ttl);
  return {.keys = std::move(known)};
}

}  // namespace postern::auth
