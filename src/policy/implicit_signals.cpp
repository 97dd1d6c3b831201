#include "policy/implicit_signals.h"

#include <fmt/format.h>

#include <algorithm>

#include "mail/domain_name.h"

namespace postern::policy {
namespace {

using directory::CompositeAuthConfig;
using mail::is_below;
using mail::Self;

constexpr unsigned subnet_v4 = 24;
constexpr unsigned subnet_v6 = 48;

/// The confirmed reverse name; empty: none.
std::string_view reverse_name(const ImplicitFacts& facts) {
  if (facts.iprev == nullptr || facts.iprev->result != auth::IprevResult::pass) return {};
  return facts.iprev->name;
}

/// Do two hosts belong to one registrable domain?
bool share_domain(std::string_view a, std::string_view b, const auth::PublicSuffixList* suffixes) {
  if (a == b) return true;
  if (suffixes == nullptr) return false;
  const auto of_a = suffixes->registrable_domain(std::string(a));
  return of_a && of_a == suffixes->registrable_domain(std::string(b));
}

bool is_reverse_name(const ImplicitFacts& facts) {
  const std::string_view name = reverse_name(facts);
  return !name.empty() && is_below(name, facts.author_domain, Self::included);
}

bool is_reverse_name_above(const ImplicitFacts& facts) {
  const std::string_view name = reverse_name(facts);
  // Not farther up than the organization reaches, or a public suffix could speak for all below it.
  return !name.empty() && is_below(facts.author_domain, name, Self::excluded) &&
         is_below(name, facts.organizational_domain, Self::included);
}

bool is_mail_exchanger(const ImplicitFacts& facts) {
  const std::string_view name = reverse_name(facts);
  return !name.empty() && facts.hosts != nullptr &&
         std::ranges::find(facts.hosts->mail_exchangers, name) !=
             facts.hosts->mail_exchangers.end();
}

bool is_sibling_name(const ImplicitFacts& facts) {
  const std::string_view name = reverse_name(facts);
  return !name.empty() && is_below(name, facts.organizational_domain, Self::included) &&
         !is_reverse_name(facts) && !is_reverse_name_above(facts);
}

bool is_in_mail_exchanger_domain(const ImplicitFacts& facts) {
  const std::string_view name = reverse_name(facts);
  if (name.empty() || facts.hosts == nullptr || is_mail_exchanger(facts)) return false;
  return std::ranges::any_of(facts.hosts->mail_exchangers, [&](const std::string& exchanger) {
    return share_domain(name, exchanger, facts.suffixes);
  });
}

bool is_in_subnet(const ImplicitFacts& facts) {
  if (facts.hosts == nullptr) return false;
  const IpPrefix subnet(facts.client, facts.client.is_v4() ? subnet_v4 : subnet_v6);
  return std::ranges::any_of(facts.hosts->addresses, [&](const IpAddress& address) {
    return address.is_v4() == facts.client.is_v4() && subnet.contains(address);
  });
}

}  // namespace

const std::array<ImplicitSignal, 6> implicit_signals = {{
    {"ReverseName", is_reverse_name, &CompositeAuthConfig::reverse_name_weight, 103, 202},
    {"ReverseNameAbove", is_reverse_name_above, &CompositeAuthConfig::reverse_name_above_weight,
     104, 202},
    {"MailExchanger", is_mail_exchanger, &CompositeAuthConfig::mail_exchanger_weight, 116, 202},
    {"SiblingName", is_sibling_name, &CompositeAuthConfig::sibling_name_weight, 104, 202},
    {"MailExchangerDomain", is_in_mail_exchanger_domain,
     &CompositeAuthConfig::mail_exchanger_domain_weight, 116, 202},
    {"Subnet", is_in_subnet, &CompositeAuthConfig::subnet_weight, 116, 201},
}};

ImplicitFinding find_implicit_signals(const ImplicitFacts& facts,
                                      const CompositeAuthConfig& config) {
  ImplicitFinding finding;
  for (std::size_t i = 0; i < implicit_signals.size(); ++i) {
    const ImplicitSignal& signal = implicit_signals[i];
    const std::int64_t weight = config.*signal.weight;
    if (weight <= 0 || !signal.is_there(facts)) continue;
    finding.present |= static_cast<std::uint8_t>(1u << i);
    finding.weight += weight;
    if (finding.heaviest == nullptr || weight > config.*finding.heaviest->weight)
      finding.heaviest = &signal;
  }
  return finding;
}

std::string to_text(const ImplicitFinding& finding, const CompositeAuthConfig& config) {
  std::string text;
  for (std::size_t i = 0; i < implicit_signals.size(); ++i) {
    if ((finding.present >> i & 1) == 0) continue;
    const ImplicitSignal& signal = implicit_signals[i];
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", signal.name, config.*signal.weight);
  }
  return text;
}

}  // namespace postern::policy
