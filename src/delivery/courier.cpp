#include "delivery/courier.h"

#include <algorithm>
#include <boost/system/system_error.hpp>
#include <cassert>

#include "delivery/message_hand_off.h"
#include "net/connect.h"

namespace postern::delivery {
namespace {

class HopCourier final : public Courier {
 public:
  HopCourier(DeliveryServices services, CourierSettings settings,
             boost::asio::any_io_executor executor, Connect connect)
      : services_(services),
        settings_(std::make_shared<const CourierSettings>(std::move(settings))),
        hops_(std::make_shared<HopPool>(std::move(executor), std::move(connect),
                                        settings_->host_name, settings_->hop, services.counters)) {}

  std::unique_ptr<HandOff> begin(Envelope envelope) override {
    return std::make_unique<MessageHandOff>(services_, settings_, hops_, std::move(envelope));
  }

 private:
  const DeliveryServices services_;
  const std::shared_ptr<const CourierSettings> settings_;
  const std::shared_ptr<HopPool> hops_;
};

awaitable<Result<std::unique_ptr<net::Stream>>> connect_to(net::BlockingPool* pool, NextHop hop,
                                                           Deadline deadline) {
  const auto left = deadline - std::chrono::steady_clock::now();
  net::ConnectOptions options;
  options.limit = std::max(left, std::chrono::steady_clock::duration::zero());
  std::string problem;
  try {
    if (hop.is_unix()) {
      net::Endpoint endpoint;
      endpoint.path = hop.path;
      co_return co_await net::connect(std::move(endpoint), std::move(options));
    }
    co_return co_await net::connect(hop.host, hop.port, *pool, std::move(options));
  } catch (const boost::system::system_error& error) {
    // The reactor takes no more descriptors. One hop's trouble must not look like the message's.
    problem = error.what();
  }
  co_return fail("Cannot connect to " + hop.to_string() + ": " + problem + ".");
}

}  // namespace

Connect make_connect(net::BlockingPool& pool) {
  return [pool = &pool](NextHop hop, Deadline deadline) {
    return connect_to(pool, std::move(hop), deadline);
  };
}

std::unique_ptr<Courier> make_courier(DeliveryServices services, CourierSettings settings,
                                      boost::asio::any_io_executor executor, Connect connect) {
  assert(!settings.relay || settings.relay->kind != NextHop::Kind::maildir);
  return std::make_unique<HopCourier>(services, std::move(settings), std::move(executor),
                                      std::move(connect));
}

}  // namespace postern::delivery
