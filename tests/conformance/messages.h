// What the suites of signed messages share: texts as SMTP has them, records, and driving.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "auth/dkim_key_cache.h"
#include "base/time.h"
#include "dns/ask.h"
#include "dns/name.h"
#include "dns/zone.h"

namespace postern::conformance {

/// The time at which all messages are verified: after every t= and, in Mail::DKIM's corpus, after
/// the x= of the signature that is expired.
inline Time default_time() {
  return Time(std::chrono::seconds(1'700'000'000));
}

inline std::string with_crlf(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\n') result += '\r';
    result += c;
  }
  return result;
}

/// `{name: text}`.
inline dns::Zone txt_zone(const boost::json::object& records) {
  dns::Zone zone;
  for (const auto& [owner, text] : records)
    zone.add(*dns::name_from_octets(owner),
             {.type = dns::Type::txt, .text = std::string(text.as_string())});
  return zone;
}

/// Calls `evaluate(answers, keys)` until it has a value, with a cache that is empty.
template <class Value, class Evaluate>
Value ask_zone(const dns::Zone& zone, Evaluate evaluate) {
  dns::ZoneResolver resolver(zone);
  dns::AnswerSet answers;
  dns::AskBudget budget;
  auth::DkimKeyCache keys;
  return dns::ask_until_done(resolver, answers, budget,
                             [&](const dns::AnswerSet& known) { return evaluate(known, keys); });
}

}  // namespace postern::conformance
