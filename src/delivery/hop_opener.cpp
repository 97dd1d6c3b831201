#include "delivery/hop_opener.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <random>

#include "base/log.h"
#include "delivery/ask_dns.h"
#include "net/connect.h"

namespace postern::delivery {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

Dialect dialect_of(const NextHop& hop) {
  return hop.kind == NextHop::Kind::lmtp ? Dialect::lmtp : Dialect::smtp;
}

}  // namespace

/// A name that the system is looking up, and who waits for it.
struct HopOpener::LookUp {
  std::optional<Result<std::vector<IpAddress>>> found;
  std::vector<asio::steady_timer*> waiters;
};

/// One call of open().
struct HopOpener::Search {
  const NextHop& hop;
  const IntroductionRef& whom;
  const Deadline deadline;
  std::size_t tried = 0;
  HopUnreached trouble;

  void note(const std::string& sentence) {
    trouble.message += (trouble.message.empty() ? "" : " ") + sentence;
  }
};

HopOpener::HopOpener(asio::any_io_executor executor, HopMeans means, std::string own_name,
                     OpenLimits limits, HopHealth& health, Counters& counters)
    : executor_(std::move(executor)),
      means_(std::move(means)),
      own_name_(std::move(own_name)),
      limits_(limits),
      health_(health),
      counters_(counters) {}

awaitable<std::expected<OpenedHop, HopUnreached>> HopOpener::open(NextHop hop, IntroductionRef whom,
                                                                  Deadline deadline) {
  Search search{.hop = hop, .whom = whom, .deadline = deadline, .tried = 0, .trouble = {}};
  if (hop.is_unix()) {
    HopAddress address;
    address.endpoint.path = hop.path;
    auto opened = co_await try_address(search, address, nullptr);
    if (!opened) co_return std::unexpected(std::move(search.trouble));
    co_return std::move(*opened);
  }
  bool passed_over = false;
  std::vector<std::pair<HopAddress, const HopServer*>> resting;
  for (const HopServer& server : hop.servers) {
    auto route = co_await route_of(server, deadline);
    if (!route) {
      search.note(route.error().message);
      passed_over = true;
      continue;
    }
    for (const HopAddress& address : *route) {
      if (!health_.may_try_address(address.endpoint.to_string(), Clock::now())) {
        resting.emplace_back(address, &server);
        passed_over = true;
        continue;
      }
      if (search.tried == limits_.addresses || Clock::now() >= deadline) break;
      auto opened = co_await try_address(search, address, &server);
      if (!opened) {
        passed_over = true;
        continue;
      }
      opened->is_second_choice = passed_over;
      co_return std::move(*opened);
    }
  }
  // All have failed of late: then one that has failed is better than none.
  const bool none_was_tried = search.tried == 0;
  for (std::size_t i = 0; none_was_tried && i < resting.size(); ++i) {
    if (search.tried == limits_.addresses || Clock::now() >= deadline) break;
    auto opened = co_await try_address(search, resting[i].first, resting[i].second);
    if (!opened) continue;
    opened->is_second_choice = i > 0;
    co_return std::move(*opened);
  }
  if (search.trouble.message.empty()) search.note("There was no time left to reach it.");
  co_return std::unexpected(std::move(search.trouble));
}

/// Nothing: it has failed, and search says why.
awaitable<std::optional<OpenedHop>> HopOpener::try_address(Search& search,
                                                           const HopAddress& address,
                                                           const HopServer* server) {
  ++search.tried;
  const std::string key = address.endpoint.to_string();
  auto opened = co_await talk(search, address, server, Clear::no);
  if (opened) {
    health_.address_works(key);
    if (!search.trouble.message.empty()) {
      Counters::add(counters_.failovers);
      log_warning("hop_failover", {{"next_hop", search.hop.to_string()},
                                   {"error", search.trouble.message},
                                   {"instead", address.to_string()}});
    }
    co_return std::move(*opened);
  }
  health_.address_failed(key, Clock::now());
  search.note(opened.error().message);
  search.trouble.address = address.endpoint.is_unix() ? "" : address.endpoint.address.to_string();
  co_return std::nullopt;
}

/// Everything between the first packet and the first MAIL. `clear`: without TLS this time.
awaitable<Result<OpenedHop>> HopOpener::talk(const Search& search, const HopAddress& address,
                                             const HopServer* server, Clear clear) {
  const Deadline deadline = std::min(search.deadline, Clock::now() + limits_.connect);
  auto stream = co_await connect(address, deadline);
  if (!stream) co_return std::unexpected(stream.error());
  OpenedHop opened;
  const ProxyUse proxy = server == nullptr ? ProxyUse::none : server->proxy;
  if (proxy != ProxyUse::none) {
    const auto version = proxy == ProxyUse::v1 ? net::ProxyVersion::v1 : net::ProxyVersion::v2;
    const net::ProxyHeader header =
        search.whom ? search.whom->to_proxy_header() : net::ProxyHeader();
    const std::string bytes = net::make_proxy_header(header, version);
    opened.proxy = true;
    (*stream)->set_deadline(deadline - Clock::now());
    // If it cannot be sent, no greeting comes either.
    co_await (*stream)->write(bytes);
  }
  opened.client = std::make_unique<SmtpClient>(std::move(*stream), dialect_of(search.hop));
  SmtpClient& client = *opened.client;
  const std::string who = address.to_string();
  auto trouble = co_await client.greet(own_name_, deadline);
  if (trouble) co_return fail(who + " " + trouble->what + ".");

  const bool offered = client.capabilities().start_tls && means_.tls != nullptr;
  switch (address.tls) {
    case TlsPolicy::by_address:
    case TlsPolicy::none:
      break;
    case TlsPolicy::opportunistic:
      if (!offered || clear == Clear::yes) break;
      trouble = co_await client.start_tls(own_name_, deadline);
      if (!trouble || client.is_reusable()) break;
      // RFC 7435 section 3: what cannot be encrypted is sent all the same, over a new connection.
      log_warning("hop_tls", {{"next_hop", search.hop.to_string()},
                              {"address", who},
                              {"error", trouble->what + "; going on in clear text"}});
      co_return co_await talk(search, address, server, Clear::yes);
    case TlsPolicy::required:
    case TlsPolicy::verify:
    case TlsPolicy::dane:
      if (!offered) {
        co_return fail(who + " does not offer STARTTLS, which tls=" +
                       std::string(delivery::to_string(address.tls)) + " asks for.");
      }
      trouble = co_await client.start_tls(own_name_, deadline);
      if (trouble) co_return fail(who + " " + trouble->what + ".");
      break;
  }
  if (server != nullptr && server->xclient) {
    opened.xclient = true;
    if (search.whom) {
      trouble = co_await client.introduce(*search.whom, own_name_, deadline);
      if (trouble) co_return fail(who + " " + trouble->what + ".");
    }
  }
  Counters::add(counters_.connections);
  log_debug(
      "hop_connected",
      {{"next_hop", search.hop.to_string()}, {"address", who}, {"tls", client.tls_version()}});
  co_return opened;
}

awaitable<Result<std::unique_ptr<net::Stream>>> HopOpener::connect(const HopAddress& address,
                                                                   Deadline deadline) {
  net::ConnectOptions options;
  options.limit = std::max(deadline - Clock::now(), Clock::duration::zero());
  options.tls = means_.tls;
  options.expected = address.expected;
  std::string problem;
  try {
    co_return co_await net::connect(address.endpoint, std::move(options));
  } catch (const boost::system::system_error& error) {
    // The reactor takes no more descriptors. One hop's trouble must not look like the message's.
    problem = error.what();
  }
  co_return fail("Cannot connect to " + address.to_string() + ": " + problem + ".");
}

awaitable<Result<HopRoute>> HopOpener::route_of(const HopServer& server, Deadline deadline) {
  if (const auto address = IpAddress::parse(server.host); address && !server.is_mx)
    co_return route_to(server, {*address});
  if (needs_dns(server)) co_return co_await ask_route(server, deadline);
  auto found = co_await look_up(server.host, deadline);
  if (!found) co_return std::unexpected(found.error());
  co_return route_to(server, *found);
}

awaitable<Result<HopRoute>> HopOpener::ask_route(const HopServer& server, Deadline deadline) {
  if (means_.resolver == nullptr)
    co_return fail("There is no resolver to ask for " + server.host + ".");
  thread_local std::mt19937_64 random(std::random_device{}());
  const std::uint64_t seed = random();
  deadline = std::min(deadline, Clock::now() + dns::max_asking_time);
  auto known = [resolver = means_.resolver](dns::QuestionView question) {
    return resolver->known(question);
  };
  dns::AnswerSet answers(std::move(known));
  dns::AskBudget budget;
  for (;;) {
    auto asked = find_route(server, own_name_, seed, answers);
    if (asked.value) co_return std::move(*asked.value);
    auto questions = budget.begin_round(asked.questions, answers);
    co_await ask_dns(*means_.resolver, std::move(questions), answers, deadline);
  }
}

awaitable<Result<std::vector<IpAddress>>> HopOpener::look_up(std::string host, Deadline deadline) {
  std::shared_ptr<LookUp> wanted = look_ups_[host];
  if (!wanted) {
    wanted = std::make_shared<LookUp>();
    look_ups_[host] = wanted;
    auto work = [](std::shared_ptr<HopOpener> self, std::shared_ptr<LookUp> of,
                   std::string name) -> awaitable<void> {
      auto found = co_await net::resolve(name, self->means_.pool);
      self->look_ups_.erase(name);
      of->found = std::move(found);
      for (asio::steady_timer* waiter : of->waiters) waiter->cancel();
    };
    asio::co_spawn(executor_, work(shared_from_this(), wanted, host), asio::detached);
  }
  asio::steady_timer patience(executor_, deadline);
  wanted->waiters.push_back(&patience);
  boost::system::error_code ignored;
  while (!wanted->found && Clock::now() < deadline)
    co_await patience.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  std::erase(wanted->waiters, &patience);
  if (wanted->found) co_return *wanted->found;
  co_return fail("Cannot find the address of " + host + ": the system's resolver takes too long.");
}

}  // namespace postern::delivery
