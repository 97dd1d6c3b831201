// The courier that posternd uses: the rules of hand_off.h carried out with Maildir folders, LMTP
// and SMTP hops, the ledger, the quarantine folder and DSNs.
//
// One courier serves one I/O thread; what all threads share is in DeliveryServices and outlives
// every courier. Work on the pool refers to messages that are under way: when the process ends,
// the pool finishes before the threads' io_contexts are destroyed. It may be gone by then.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <optional>
#include <string>

#include "delivery/counters.h"
#include "delivery/hand_off.h"
#include "delivery/hop_pool.h"
#include "delivery/hop_transaction.h"
#include "delivery/in_flight.h"
#include "delivery/maildir.h"
#include "delivery/quarantine_folder.h"
#include "net/blocking_pool.h"
#include "store/ledger.h"

namespace postern::delivery {

/// Shared by all threads.
struct DeliveryServices {
  net::BlockingPool& pool;
  ContentStore& contents;
  Maildir& maildir;
  store::Ledger& ledger;
  QuarantineFolder& quarantine;
  InFlight& in_flight;
  HopHealth& health;
  Counters& counters;
};

struct CourierSettings {
  std::string host_name;         ///< for EHLO and in DSNs
  std::optional<NextHop> relay;  ///< smtp or lmtp: takes DSNs
  HopLimits hop;
  OpenLimits open;
  HopTimes times;
};

/// `executor` is that of the thread's io_context.
std::unique_ptr<Courier> make_courier(DeliveryServices services, CourierSettings settings,
                                      boost::asio::any_io_executor executor, HopMeans means);

}  // namespace postern::delivery
