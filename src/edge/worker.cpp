#include "edge/worker.h"

#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/encoding.h"
#include "base/log.h"
#include "edge/milter_receiver.h"
#include "edge/receiver.h"
#include "net/proxy_protocol.h"
#include "net/socket_stream.h"
#include "smtp/session.h"

namespace postern::edge {

namespace {

delivery::CourierSettings courier_settings(const Settings& settings) {
  const Limits& limits = settings.config.limits;
  const auto number = [](std::int64_t value) { return static_cast<std::size_t>(value); };
  return {.host_name = settings.config.hostname,
          .relay = settings.relay,
          .hop = {.connections = number(limits.hop_connections),
                  .held = number(limits.hop_held),
                  .messages = number(limits.hop_messages),
                  .age = std::chrono::seconds(limits.hop_age),
                  .idle = std::chrono::seconds(limits.hop_idle)},
          .open = {.connect = std::chrono::seconds(limits.hop_connect_time),
                   .addresses = number(limits.hop_addresses)}};
}

}  // namespace

struct Worker::Connection {
  std::unique_ptr<net::Stream> stream;
  net::Admission::Ticket ticket;
  smtp::SessionFacts facts;
  SharedSettings settings;
  Protocol protocol = Protocol::smtp;
  bool behind_proxy = false;
};

Worker::Worker(const Shared& shared, admin::Counts& counts, SharedSettings settings,
               std::unique_ptr<dns::Resolver> resolver)
    : shared_(shared),
      counts_(counts),
      settings_(std::move(settings)),
      resolver_(std::move(resolver)),
      asker_(io_, *resolver_),
      courier_(delivery::make_courier(
          shared.delivery, courier_settings(*settings_), io_.get_executor(),
          {.pool = shared.delivery.pool, .resolver = resolver_.get(), .tls = settings_->hop_tls})),
      services_{.directory = shared.directory,
                .trace = shared.trace,
                .spoofs = shared.spoofs,
                .metrics = counts,
                .certificates = shared.certificates,
                .rates = shared.rates,
                .returns = shared.returns,
                .contents = shared.delivery.contents,
                .courier = *courier_,
                .asker = asker_,
                .dkim_keys = dkim_keys_,
                .spf_records = spf_records_,
                .settings_texts = settings_texts_} {}

Worker::~Worker() {
  stop();
}

void Worker::listen(net::BoundSocket socket, ListenerConfig config) {
  auto apology = [this, protocol = config.protocol] {
    counts_.refused_sessions.at("descriptors").add();
    if (protocol == Protocol::milter) return std::string();
    return smtp::out_of_resources(settings_->config.hostname).to_wire();
  };
  auto handler = [this, config = std::move(config)](net::Accepted accepted) {
    accept(std::move(accepted), config);
  };
  listeners_.push_back(std::make_unique<net::Listener>(io_, std::move(socket), std::move(handler),
                                                       std::move(apology)));
}

void Worker::start() {
  if (resolver_->descriptor() >= 0) {
    boost::asio::co_spawn(io_, watch_resolver(), [](std::exception_ptr) {});
  }
  thread_ = std::thread([this] {
    // Work that nobody began yet must not end the thread.
    const auto guard = boost::asio::make_work_guard(io_);
    io_.run();
  });
}

boost::asio::awaitable<void> Worker::watch_resolver() {
  // The descriptor stays the resolver's: it is released before the watcher closes what it has.
  boost::asio::posix::stream_descriptor watcher(io_, resolver_->descriptor());
  boost::system::error_code error;
  while (!error) {
    co_await watcher.async_wait(boost::asio::posix::descriptor_base::wait_read,
                                boost::asio::redirect_error(boost::asio::use_awaitable, error));
    if (!error) resolver_->process();
  }
  watcher.release();
}

void Worker::change_settings(SharedSettings settings) {
  boost::asio::post(io_, [this, settings = std::move(settings)] { settings_ = settings; });
}

void Worker::hand_over(OwnMessage message, OwnMail::Done done) {
  auto begin = [this, message = std::move(message), done = std::move(done)]() mutable {
    auto ended = [done = std::move(done)](std::exception_ptr trouble,
                                          delivery::RecipientOutcome outcome) {
      // Nothing but memory can be short: then it is as if the hop were.
      if (trouble) outcome.reply = {451, "4.3.0", "The message cannot be handed on at the moment"};
      done(std::move(outcome));
    };
    boost::asio::co_spawn(io_,
                          edge::hand_over(*courier_, shared_.delivery.contents, std::move(message)),
                          std::move(ended));
  };
  boost::asio::post(io_, std::move(begin));
}

void Worker::drain() {
  boost::asio::post(io_, [this] {
    draining_ = true;
    listeners_.clear();
    for (Connection* connection : connections_) connection->stream->interrupt();
  });
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  io_.stop();
  thread_.join();
}

void Worker::accept(net::Accepted accepted, const ListenerConfig& listener) {
  auto ticket = shared_.admission.take_place();
  if (!ticket) {
    counts_.refused_sessions.at("limit").add();
    // An MTA knows what to do without its milter.
    if (listener.protocol == Protocol::milter) return;
    // Out of places in all: a word that fits the socket's buffer, and no coroutine.
    const std::string wire = smtp::too_many_connections(settings_->config.hostname).to_wire();
    ::send(accepted.socket.get(), wire.data(), wire.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return;
  }
  auto connection = std::make_shared<Connection>(
      Connection{.stream = net::make_socket_stream(io_, std::move(accepted.socket), settings_->tls),
                 .ticket = std::move(*ticket),
                 .facts = {.id = random_hex(8),
                           .connected = now(),
                           .client = accepted.peer.address,
                           .client_port = accepted.peer.port,
                           .server = accepted.local.address,
                           .server_port = accepted.local.port},
                 .settings = settings_,
                 .protocol = listener.protocol,
                 .behind_proxy = listener.proxy_protocol_from.contains(accepted.peer.address)});
  auto done = [](std::exception_ptr trouble) {
    if (!trouble) return;
    try {
      std::rethrow_exception(trouble);
    } catch (const std::exception& error) {
      log_error("session_failed", {{"problem", error.what()}});
    }
  };
  boost::asio::co_spawn(io_, serve(std::move(connection)), done);
}

boost::asio::awaitable<void> Worker::serve(std::shared_ptr<Connection> connection) {
  // Registered for as long as the coroutine lives, however it ends.
  struct Registration {
    Worker& worker;
    Connection* connection;
    Registration(Worker& worker, Connection* connection) : worker(worker), connection(connection) {
      worker.connections_.insert(connection);
      worker.session_count_.fetch_add(1, std::memory_order_relaxed);
      worker.counts_.sessions.add();
      worker.counts_.open_sessions.add();
    }
    ~Registration() {
      worker.connections_.erase(connection);
      worker.session_count_.fetch_sub(1, std::memory_order_relaxed);
      worker.counts_.open_sessions.add(-1);
    }
  };
  const Registration registration(*this, connection.get());
  // Accepted before drain(), and here only now.
  if (draining_) connection->stream->interrupt();
  switch (connection->protocol) {
    case Protocol::smtp:
      co_return co_await converse(*connection);
    case Protocol::milter:
      co_return co_await converse_as_milter(*connection);
  }
}

boost::asio::awaitable<void> Worker::converse(Connection& connection) {
  if (connection.behind_proxy) {
    const bool believed = co_await read_proxy(connection);
    if (!believed) co_return;
  }
  if (!connection.ticket.name_client(connection.facts.client)) {
    counts_.refused_sessions.at("client_limit").add();
    co_await turn_away(connection);
    co_return;
  }
  EdgeReceiver receiver(services_, connection.settings);
  co_await smtp::run_session(*connection.stream, receiver, connection.facts,
                             connection.settings->session);
}

/// The client's share of connections is the MTA's business: all of them come from it.
boost::asio::awaitable<void> Worker::converse_as_milter(Connection& connection) {
  MilterReceiver receiver(services_, connection.settings);
  const milter::Ending ending =
      co_await milter::run_session(*connection.stream, receiver, connection.settings->milter);
  counts_.milter_connections.at(milter::to_string(ending)).add();
}

boost::asio::awaitable<bool> Worker::read_proxy(Connection& connection) {
  connection.stream->set_deadline(connection.settings->config.limits.session.handshake_time);
  const auto header = co_await net::read_proxy_header(*connection.stream);
  if (!header) {
    // Whoever talks here is no proxy of ours: an answer in SMTP would tell a stranger nothing.
    log_warning("proxy_protocol", {{"client", connection.facts.client.to_string()},
                                   {"problem", header.error().message}});
    counts_.refused_sessions.at("proxy").add();
    co_return false;
  }
  if (header->addresses) {
    connection.facts.client = header->addresses->source.address;
    connection.facts.client_port = header->addresses->source.port;
    connection.facts.server = header->addresses->destination.address;
    connection.facts.server_port = header->addresses->destination.port;
  }
  co_return true;
}

boost::asio::awaitable<void> Worker::turn_away(Connection& connection) {
  const mail::Reply reply = smtp::too_many_connections(connection.settings->config.hostname);
  log_warning("connection_refused",
              {{"client", connection.facts.client.to_string()}, {"reply", reply.to_line()}});
  const std::string wire = reply.to_wire();
  connection.stream->set_deadline(std::chrono::seconds(5));
  co_await connection.stream->write(wire);
  co_await connection.stream->close();
}

}  // namespace postern::edge
