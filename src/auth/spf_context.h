// What the evaluation of SPF (spf_evaluate.cpp) and its looking ahead (spf_look_ahead.cpp) share:
// the query, the answers so far, and the questions that are missing.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/spf.h"
#include "auth/spf_record_cache.h"
#include "dns/answer.h"

namespace postern::auth {

// RFC 7208 section 4.6.4.
inline constexpr int max_spf_lookups = 10;
inline constexpr int max_spf_void_lookups = 2;
inline constexpr std::size_t max_spf_mx_names = 10;
inline constexpr std::size_t max_spf_ptr_names = 10;

class SpfContext {
 public:
  SpfContext(const SpfQuery& query, const dns::AnswerSet& answers, SpfRecordCache* records);

  /// False (section 4.3: not even worth a question): no domain of two labels or more.
  bool has_domain() const { return !domain_.empty(); }
  /// The domain that is checked: of the reverse-path, or of HELO where that is null.
  const std::string& domain() const { return domain_; }
  const IpAddress& client() const { return query_.client; }
  /// A or AAAA, by the client's address.
  dns::Type address_type() const;

  /// Null: not answered yet, and noted as missing.
  const dns::Answer* find(std::string_view name, dns::Type type);

  /// The record that `text` is. Never null.
  std::shared_ptr<const ParsedSpfRecord> parse(std::string_view text) const;

  /// The target-name of a term (section 4.8): its domain-spec with macros expanded, or `domain`
  /// where it has none, in the form of dns/name.h. An empty name is none that the DNS could know,
  /// so nothing matches it. Nothing: a question for %{p} is missing.
  std::optional<std::string> target_name(std::string_view domain_spec, std::string_view domain);

  /// An explanation text (section 6.2), checked and expanded; empty if it has a fault. Nothing: a
  /// question for %{p} is missing.
  std::optional<std::string> explain(std::string_view text, std::string_view domain);

  /// The names of the client that resolve back to it (section 5.5), as the PTR record has them.
  /// Nothing: some questions are missing.
  std::optional<std::vector<std::string_view>> validated_names();

  const std::vector<dns::Question>& missing() const { return missing_; }
  std::vector<dns::Question> take_missing() { return std::move(missing_); }

 private:
  std::optional<std::string> expand(std::string_view text, std::string_view domain);
  std::optional<std::string> validated_name(std::string_view domain);

  const SpfQuery& query_;
  const dns::AnswerSet& answers_;
  SpfRecordCache* const records_;
  std::string_view local_part_;
  std::string domain_;
  std::vector<dns::Question> missing_;
};

/// The hosts of an MX answer in the order of preference, so that a result does not depend on the
/// order of the answer; null MX (RFC 7505) left out.
std::vector<std::string_view> mx_hosts(const dns::Answer& answer);

/// The one SPF record among the TXT records of a name (section 4.5). `several`: there are more.
struct SpfSelection {
  const std::string* text = nullptr;
  bool several = false;
};
SpfSelection select_spf_record(const dns::Answer& answer);

/// Adds to the context's missing questions what the rest of the evaluation may need, as far as
/// the records are known: all that a round trip can fetch at once. Never changes a result.
void look_ahead(SpfContext& context);

}  // namespace postern::auth
