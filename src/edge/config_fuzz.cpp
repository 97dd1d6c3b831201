// Whatever stands in a configuration file: it is a configuration, whose parts can be made as the
// daemon makes them, or a list of mistakes of which each names the file.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "delivery/next_hop.h"
#include "edge/config.h"
#include "net/endpoint.h"

using namespace postern;
using namespace postern::edge;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = parse_config(text, "postern.toml");
  if (!config) {
    if (config.error().empty()) std::abort();
    for (const std::string& error : config.error())
      if (!error.starts_with("postern.toml:")) std::abort();
    return 0;
  }
  if (!config->hostname.contains('.') || config->listeners.empty()) std::abort();
  if (!config->data_directory.is_absolute()) std::abort();
  for (const ListenerConfig& listener : config->listeners)
    if (!net::parse_endpoint(listener.address)) std::abort();
  if (!delivery::parse_next_hop(config->delivery.default_hop)) std::abort();
  for (const LimitKey& key : limit_keys()) {
    const std::int64_t value = key.get(config->limits);
    if (value < key.minimum || value > key.maximum) std::abort();
  }
  return 0;
}
