#include "delivery/courier.h"

#include <cassert>

#include "delivery/message_hand_off.h"

namespace postern::delivery {
namespace {

class HopCourier final : public Courier {
 public:
  HopCourier(DeliveryServices services, CourierSettings settings,
             boost::asio::any_io_executor executor, HopMeans means)
      : services_(services),
        settings_(std::make_shared<const CourierSettings>(std::move(settings))),
        hops_(std::make_shared<HopPool>(
            executor,
            std::make_shared<HopOpener>(executor, std::move(means), settings_->host_name,
                                        settings_->open, services.health, services.counters),
            settings_->hop, services.health, services.counters)) {}

  std::unique_ptr<HandOff> begin(Envelope envelope) override {
    return std::make_unique<MessageHandOff>(services_, settings_, hops_, std::move(envelope));
  }

  std::optional<NextHop> relay() const override { return settings_->relay; }
  bool lacks_dsn(const NextHop& relay) const override { return services_.health.lacks_dsn(relay); }

 private:
  const DeliveryServices services_;
  const std::shared_ptr<const CourierSettings> settings_;
  const std::shared_ptr<HopPool> hops_;
};

}  // namespace

std::unique_ptr<Courier> make_courier(DeliveryServices services, CourierSettings settings,
                                      boost::asio::any_io_executor executor, HopMeans means) {
  assert(!settings.relay || settings.relay->kind != NextHop::Kind::maildir);
  return std::make_unique<HopCourier>(services, std::move(settings), std::move(executor),
                                      std::move(means));
}

}  // namespace postern::delivery
