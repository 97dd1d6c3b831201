// Who gives wrong credentials too often is not listened to for a while.
//
// Nobody guesses 256 bits; but a program with an old token that asks ten times a second fills the
// log, and hides in it whoever does try. Counted are requests that carried a wrong token, by client
// address (/64 for IPv6); those that carried none are just told that they need one.
#pragma once

#include <chrono>
#include <cstddef>
#include <unordered_map>

#include "base/ip_address.h"
#include "base/time.h"

namespace postern::admin {

/// Of one thread.
class FailedLogins {
 public:
  static constexpr int max_failures = 10;
  static constexpr auto period = std::chrono::minutes(1);
  /// Beyond, the ones whose period has ended are forgotten, and then all.
  static constexpr std::size_t max_clients = 10'000;

  /// Until its period ends, with right credentials too: else guessing would go on unhindered.
  bool is_blocked(const IpAddress& client, Time now) const;
  void note(const IpAddress& client, Time now);

 private:
  struct Failures {
    Time first{};
    int count = 0;
  };
  std::unordered_map<IpAddress, Failures> clients_;
};

}  // namespace postern::admin
