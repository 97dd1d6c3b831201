#include "admin/failed_logins.h"

namespace postern::admin {
namespace {

constexpr unsigned v6_network = 64;

IpAddress network_of(const IpAddress& client) {
  return client.is_v4() ? client : IpPrefix(client, v6_network).network();
}

}  // namespace

bool FailedLogins::is_blocked(const IpAddress& client, Time now) const {
  const auto found = clients_.find(network_of(client));
  return found != clients_.end() && found->second.count >= max_failures &&
         now - found->second.first < period;
}

void FailedLogins::note(const IpAddress& client, Time now) {
  const auto has_ended = [now](const auto& one) { return now - one.second.first >= period; };
  if (clients_.size() >= max_clients) std::erase_if(clients_, has_ended);
  if (clients_.size() >= max_clients) clients_.clear();
  Failures& failures = clients_[network_of(client)];
  if (now - failures.first >= period) failures = {.first = now};
  ++failures.count;
}

}  // namespace postern::admin
