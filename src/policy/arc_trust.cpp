#include "policy/arc_trust.h"

#include <fmt/format.h>

#include "mail/domain_name.h"

namespace postern::policy {
namespace {

/// As RFC 8617 section 4.1.1 wants it, or as Exchange Online writes it: with properties that have
/// no ptype (`action=none`).
std::vector<mail::AuthenticationResult> read_results(std::string_view body) {
  if (auto parsed = mail::parse_authentication_results(body)) return std::move(parsed->results);
  // That dialect knows no authserv-id, which is there in an ARC field.
  const std::size_t semicolon = body.find(';');
  if (semicolon == std::string_view::npos) return {};
  auto parsed = mail::parse_exchange_authentication_results(body.substr(semicolon + 1));
  return parsed ? std::move(parsed->results) : std::vector<mail::AuthenticationResult>();
}

}  // namespace

std::string_view ArcTestimony::word(std::string_view method) const {
  std::string_view first;
  for (const mail::AuthenticationResult& one : results) {
    if (one.method != method) continue;
    if (one.result == "pass") return one.result;
    if (first.empty()) first = one.result;
  }
  return first;
}

std::vector<std::string> ArcTestimony::passed(std::string_view method, std::string_view ptype,
                                              std::string_view property) const {
  std::vector<std::string> domains;
  for (const mail::AuthenticationResult& one : results) {
    if (one.method != method || one.result != "pass") continue;
    for (const mail::AuthenticationProperty& about : one.properties) {
      if (about.ptype != ptype || about.property != property) continue;
      // `smtp.mailfrom=` is a domain or an address, `header.i=` begins with its @.
      const std::string_view value = about.value;
      if (auto domain = mail::to_a_label(value.substr(value.rfind('@') + 1)))
        domains.push_back(*std::move(domain));
    }
  }
  return domains;
}

std::optional<ArcTestimony> find_arc_testimony(const auth::ArcResult& chain,
                                               const directory::ArcConfig& config) {
  if (chain.status != auth::ArcStatus::pass || config.trusted_sealers.empty()) return std::nullopt;
  const auth::ArcHop* const hop = auth::trusted_results(chain, config.trusted_sealers.to_vector());
  if (hop == nullptr) return std::nullopt;
  return ArcTestimony{
      .instance = hop->instance, .sealer = hop->seal_domain, .results = read_results(hop->results)};
}

std::string to_text(const ArcTestimony& testimony) {
  std::string text = fmt::format("trusted sealer {} i={}:", testimony.sealer, testimony.instance);
  for (const std::string_view method : {"spf", "dkim", "dmarc"}) {
    const std::string_view word = testimony.word(method);
    if (!word.empty()) text += fmt::format(" {}={}", method, word);
  }
  if (text.ends_with(':')) text += " no results";
  return text;
}

}  // namespace postern::policy
