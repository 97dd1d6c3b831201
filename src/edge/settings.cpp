#include "edge/settings.h"

#include "base/log.h"

namespace postern::edge {
namespace {

net::TlsSettings tls_settings(const Config& config) {
  net::TlsSettings settings{.hostname = config.hostname,
                            .files = {config.tls.certificate, config.tls.private_key},
                            .client_ca = config.tls.client_ca};
  for (const SniConfig& sni : config.tls.sni) {
    settings.sni.push_back({.names = sni.names, .files = {sni.certificate, sni.private_key}});
  }
  return settings;
}

}  // namespace

Result<SharedSettings> make_settings(Config config) {
  auto settings = std::make_shared<Settings>();
  auto tls = net::TlsContext::server(tls_settings(config));
  if (!tls) return fail("[tls] " + tls.error().message);
  settings->tls = std::move(*tls);
  for (const std::string& warning : settings->tls->warnings())
    log_warning("tls", {{"problem", warning}});

  auto hop_tls = net::TlsContext::client({}, config.delivery.tls_ca);
  if (!hop_tls) return fail("[delivery] tls_ca: " + hop_tls.error().message);
  settings->hop_tls = std::move(*hop_tls);

  auto default_hop = delivery::parse_next_hop(config.delivery.default_hop);
  if (!default_hop) return fail("[delivery] default: " + default_hop.error().message);
  settings->default_hop = std::move(*default_hop);
  if (!config.delivery.relay.empty()) {
    auto relay = delivery::parse_relay(config.delivery.relay);
    if (!relay) return fail("[delivery] relay: " + relay.error().message);
    settings->relay = std::move(*relay);
  }
  if (auto suffixes = auth::PublicSuffixList::system()) {
    settings->suffixes = std::make_shared<const auth::PublicSuffixList>(*std::move(suffixes));
  } else {
    log_warning("public_suffix_list", {{"problem", suffixes.error().message}});
  }
  settings->session = {
      .hostname = config.hostname, .limits = config.limits.session, .offer_tls = true};
  const Limits& limits = config.limits;
  settings->milter = {.max_packet = static_cast<std::uint64_t>(limits.milter_packet),
                      .idle_time = std::chrono::seconds(limits.milter_idle_time),
                      .packet_time = std::chrono::seconds(limits.milter_packet_time),
                      .max_recipients = limits.session.max_recipients};
  settings->config = std::move(config);
  return settings;
}

}  // namespace postern::edge
