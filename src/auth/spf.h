// SPF (RFC 7208): may this client send mail with this identity?
//
// `check_host` is a pure function of the identity and the DNS answers so far. It returns a
// result or the questions it still needs; calling it again with more answers starts over,
// which costs nothing beside a DNS round trip.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "base/time.h"
#include "dns/answer.h"

namespace postern::auth {

/// RFC 7208 section 2.6, spelled as the protocol spells them.
enum class SpfResult { none, neutral, pass, fail, softfail, temperror, permerror };
std::string_view to_string(SpfResult result);

/// RFC 7208 sections 2.3 and 2.4.
enum class SpfIdentity { helo, mail_from };
std::string_view to_string(SpfIdentity identity);

struct SpfQuery {
  IpAddress client;
  /// HELO or EHLO argument as the client sent it.
  std::string helo;
  SpfIdentity identity = SpfIdentity::mail_from;
  /// For mail_from: the reverse-path `local@domain`; if it is null, `postmaster@` HELO is checked
  /// (section 2.4). Domain as A-label.
  std::string local_part;
  std::string domain;
  /// Our host name, for the `r` macro, and the time for `t` (section 7.2).
  std::string receiver;
  Time now;
};

/// One step of the evaluation, for `postern check` and explain.
struct SpfStep {
  std::string domain;   ///< whose record
  std::string text;     ///< `include:_spf.example.com`, `record "v=spf1 …"`
  std::string outcome;  ///< `match`, `no match`, `not found`, …
};

struct SpfEvaluation {
  SpfResult result = SpfResult::none;
  SpfIdentity identity = SpfIdentity::mail_from;
  /// The domain that was checked.
  std::string domain;
  /// The directive that decided, as written, with its domain if it stood in an included record:
  /// `ip4:192.0.2.0/24 of _spf.example.com`; `default` where none matched; empty without a record.
  std::string mechanism;
  /// For none, temperror and permerror: what is the matter, in a few words.
  std::string problem;
  /// For fail, when the record has exp= (section 6.2), expanded; else empty.
  std::string explanation;
  std::vector<SpfStep> steps;
  int lookups = 0;
  int void_lookups = 0;
};

class SpfRecordCache;

/// `record` fills SpfEvaluation::steps; without it an evaluation allocates little.
enum class Steps { none, record };

/// `records` (auth/spf_record_cache.h) keeps what is parsed for later evaluations, of which it
/// changes nothing but the cost; null: nothing is kept.
dns::Asking<SpfEvaluation> check_host(const SpfQuery& query, const dns::AnswerSet& answers,
                                      Steps steps = Steps::none, SpfRecordCache* records = nullptr);

}  // namespace postern::auth
