#include "edge/reload.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::edge;

namespace {

Config config(std::string_view more) {
  const std::string text =
      "[server]\nhostname = \"mx.contoso.test\"\n[[listener]]\naddress = \"127.0.0.1:25\"\n";
  return parse_config(text + std::string(more), "postern.toml").value();
}

std::string keys(const Reload& reload) {
  std::string all;
  for (const std::string& key : reload.need_restart) all += key + "; ";
  return all;
}

}  // namespace

TEST_CASE("what a reload can change is changed, and nothing needs a restart") {
  const Reload reload =
      plan_reload(config("[trace]\nkeep_days = 7\n[limits]\nmax_recipients = 100\n"
                         "[delivery]\ndefault = \"lmtp:127.0.0.1:24\"\n[log]\nlevel = \"debug\"\n"),
                  config(""));
  CHECK(keys(reload) == "");
  CHECK(reload.config.trace.keep_days == 7);
  CHECK(reload.config.limits.session.max_recipients == 100);
  CHECK(reload.config.delivery.default_hop == "lmtp:127.0.0.1:24");
  CHECK(reload.config.log_level == LogLevel::debug);
}

TEST_CASE("what was opened at the start stays as it is, and is named") {
  Config wanted = config(
      "[dns]\nservers = [\"127.0.0.1:53\"]\n[delivery]\nrelay = \"smtp:127.0.0.1:26\"\n"
      "[limits]\nmessage_memory = 2000000\nmax_errors = 3\n");
  wanted.hostname = "mx2.contoso.test";
  wanted.listeners[0].proxy_protocol_from = IpPrefixList({*IpPrefix::parse("192.0.2.0/24")});
  const Reload reload = plan_reload(wanted, config(""));
  CHECK(keys(reload) ==
        "[server] hostname; [[listener]]; [dns] servers; [delivery] relay; "
        "[limits] message_memory; ");
  CHECK(reload.config.hostname == "mx.contoso.test");
  CHECK(reload.config.listeners[0].proxy_protocol_from.empty());
  CHECK(reload.config.dns.servers.empty());
  CHECK(reload.config.delivery.relay == "");
  CHECK(reload.config.limits.message_memory == Limits{}.message_memory);
  CHECK(reload.config.limits.session.max_errors == 3);
  // The next reload compares with what is in force, so it says the same again.
  CHECK(plan_reload(wanted, reload.config).need_restart == reload.need_restart);
}
