// The mail of a company that never was, for the demo: thirty days of printers, a scanner that
// moved, a payroll service, a forwarder, two waves of forged mail, and what ordinary people write.
//
// Made up here, decided in demo_data.cpp. The same day gives the same mail.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "base/time.h"

namespace postern::edge {

inline constexpr std::string_view demo_domain = "contoso.test";
inline constexpr int demo_days = 30;

/// One message to one recipient.
struct DemoMail {
  Time time;
  std::string client;
  std::string hello;
  bool tls = false;
  std::vector<std::string> certificate_names = {};
  std::string reverse_path = {};  ///< empty: null
  std::string forward_path = {};
  std::string author = {};
  std::string subject = {};
  std::string signer = {};  ///< the domain of a signature that verifies; empty: there is none
};

/// Those who work there: addresses in demo_domain.
std::vector<std::string> demo_people();

/// The address that the scanner's connector has; it has another one by now.
inline constexpr std::string_view demo_scanner_connector_address = "198.51.100.40";

/// In the order of time, from demo_days before `until` on.
std::vector<DemoMail> make_demo_traffic(Time until);

}  // namespace postern::edge
