#include "policy/enhanced_filtering.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "mail/lexical.h"
#include "mail/received_hop.h"

namespace postern::policy {
namespace {

/// What EFSkipIPs lists, and private addresses.
class TrustedHosts {
 public:
  explicit TrustedHosts(const directory::NameList& entries) {
    for (const std::string_view entry : entries) add(entry);
  }

  bool contains(const IpAddress& address) const {
    return is_private(address) ||
           std::ranges::any_of(prefixes_, [&](const auto& p) { return p.contains(address); }) ||
           std::ranges::any_of(ranges_, [&](const Range& range) {
             return range.first.is_v4() == address.is_v4() && range.first <= address &&
                    address <= range.second;
           });
  }

 private:
  using Range = std::pair<IpAddress, IpAddress>;  // both belong to it

  void add(std::string_view entry) {
    const std::size_t dash = entry.find('-');
    if (dash == std::string_view::npos) {
      if (const auto prefix = IpPrefix::parse(entry)) prefixes_.push_back(*prefix);
      return;
    }
    const auto first = IpAddress::parse(entry.substr(0, dash));
    const auto last = IpAddress::parse(entry.substr(dash + 1));
    if (first && last) ranges_.emplace_back(*first, *last);
  }

  std::vector<IpPrefix> prefixes_;
  std::vector<Range> ranges_;
};

/// Has a field without a client been written for mail that came by the network after all? Some
/// servers hide the addresses of users that way; what stands below is then the users' word.
bool hides_client(const mail::ReceivedHop& hop) {
  const std::string protocol = to_lower(hop.protocol);
  if (!protocol.contains("smtp") && !protocol.contains("http")) return false;
  // Google writes `by … with SMTP` when one machine of its own hands over to another.
  if (iends_with(hop.by, ".google.com")) return false;
  const auto by = IpAddress::parse(hop.by);
  return !by || !is_private(*by);
}

}  // namespace

bool is_private(const IpAddress& address) {
  static const std::array prefixes = [] {
    std::array<IpPrefix, 10> all;
    std::ranges::transform(
        std::to_array<std::string_view>({"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
                                         "127.0.0.0/8", "169.254.0.0/16", "fc00::/7", "fe80::/10",
                                         "2002:a00::/24", "2002:ac10::/28", "2002:c0a8::/32"}),
        all.begin(), [](std::string_view text) { return *IpPrefix::parse(text); });
    return all;
  }();
  return address.is_loopback() ||
         std::ranges::any_of(prefixes, [&](const auto& p) { return p.contains(address); });
}

FilteringResult find_true_client(const IpAddress& client, const mail::HeaderSection& header,
                                 const directory::InboundConnector& connector) {
  FilteringResult result;
  const bool skips_last = connector.ef_skip_last_ip;
  if (!has_enhanced_filtering(connector)) return result;

  // EFSkipLastIP means this one address: then the list does not count.
  const TrustedHosts trusted(skips_last ? directory::NameList() : connector.ef_skip_ips);
  const auto ended = [&](FilteringEnd end) {
    result.end = end;
    return result;
  };
  if (!skips_last && !trusted.contains(client)) return ended(FilteringEnd::not_skipped);

  for (const mail::HeaderField& field : header.fields) {
    if (!field.is("Received")) continue;
    if (result.fields == max_filtered_hops) return ended(FilteringEnd::too_many_hops);
    ++result.fields;
    auto hop = mail::parse_received_hop(field.body);
    if (!hop) return ended(FilteringEnd::unreadable);
    if (!hop->client) {
      if (hides_client(*hop)) return ended(FilteringEnd::hidden);
    } else if (!trusted.contains(*hop->client)) {
      result.client = TrueClient{.address = *hop->client,
                                 .helo = std::move(hop->helo),
                                 .reverse_name = std::move(hop->reverse_name)};
      return ended(FilteringEnd::found);
    }
  }
  return ended(FilteringEnd::out_of_fields);
}

bool has_enhanced_filtering(const directory::InboundConnector& connector) {
  return connector.ef_skip_last_ip || !connector.ef_skip_ips.empty();
}

bool filters_for(const directory::InboundConnector& connector,
                 std::span<const std::string> recipients) {
  return connector.ef_users.empty() ||
         std::ranges::all_of(recipients, [&](const std::string& recipient) {
           return std::ranges::any_of(
               connector.ef_users, [&](std::string_view user) { return iequals(user, recipient); });
         });
}

std::string to_text(const FilteringResult& result) {
  switch (result.end) {
    case FilteringEnd::off:
      return "Enhanced Filtering is off";
    case FilteringEnd::not_skipped:
      return "the connecting address is not skipped";
    case FilteringEnd::found:
      return fmt::format(
          "true client {}{} behind {} Received field{}", result.client->address.to_string(),
          result.client->helo.empty() ? ""
                                      : fmt::format(" ({})", mail::printable(result.client->helo)),
          result.fields, result.fields == 1 ? "" : "s");
    case FilteringEnd::out_of_fields:
      return fmt::format("true client unknown: {} Received fields lead to no other host",
                         result.fields);
    case FilteringEnd::unreadable:
      return fmt::format("true client unknown: Received field {} cannot be read", result.fields);
    case FilteringEnd::hidden:
      return fmt::format("true client unknown: Received field {} hides its client", result.fields);
    case FilteringEnd::too_many_hops:
      return fmt::format("true client unknown: more than {} Received fields", max_filtered_hops);
  }
  std::abort();  // never a FilteringEnd
}

std::string to_text(const Filtering& filtering) {
  const std::string text = to_text(filtering.result);
  return filtering.for_all_recipients ? text : "not for all recipients: " + text;
}

std::string to_sender_body(const TrueClient& client) {
  constexpr std::size_t longest_name = 255;
  std::string domain = mail::printable(client.helo.substr(0, longest_name));
  // A HELO name must not look like another part of the field.
  std::ranges::replace_if(domain, [](char c) { return c == ';' || c == ' '; }, '?');
  return fmt::format("ip=[{}];domain={}", client.address.to_string(), domain);
}

}  // namespace postern::policy
