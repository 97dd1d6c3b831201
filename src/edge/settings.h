// What a session goes by: made of the configuration at start and on SIGHUP, never changed, so
// that a session keeps the settings it began with.
#pragma once

#include <memory>
#include <optional>

#include "auth/public_suffix_list.h"
#include "base/result.h"
#include "delivery/next_hop.h"
#include "edge/config.h"
#include "milter/session.h"
#include "net/tls_context.h"
#include "smtp/session.h"

namespace postern::edge {

struct Settings {
  Config config;
  smtp::SessionSettings session;
  milter::SessionSettings milter;
  delivery::NextHop default_hop;
  std::optional<delivery::NextHop> relay;
  std::shared_ptr<const net::TlsContext> tls;
  std::shared_ptr<const net::TlsContext> hop_tls;  ///< as a client of next hops
  /// Null: this computer has none. Nothing is decided by it.
  std::shared_ptr<const auth::PublicSuffixList> suffixes;
};

using SharedSettings = std::shared_ptr<const Settings>;

/// Reads certificates and keys; an error is a sentence.
Result<SharedSettings> make_settings(Config config);

}  // namespace postern::edge
