// An MTA for tests: writes packets, and reads ours as lines of text.
//
//   say({Negotiation{6, all_actions, all_steps}, Connect{"mail.test", '4', 25, "192.0.2.1"}, …})
//   describe(stream.output()) == "OPTNEG 6 111 1c1380\ncontinue\nreply 550 5.7.68 …\n"
#pragma once

#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "base/cursor.h"
#include "milter/packets.h"

namespace postern::milter {

inline constexpr std::uint32_t all_actions = 0x1ff;
inline constexpr std::uint32_t all_steps = 0x1fffff;

inline std::string say(const std::vector<Request>& requests) {
  std::string wire;
  for (const Request& request : requests) wire += to_wire(request);
  return wire;
}

/// `insert X-Name: value`, with LF as `|`.
inline std::string describe_field(std::string_view data) {
  Cursor in(data.substr(4));
  std::string text(in.take_until('\0').value());
  text.append(":").append(in.take_until('\0').value());
  for (char& c : text) {
    if (c == '\n') c = '|';
  }
  return text;
}

inline std::string describe(const Frame& frame) {
  const auto number = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = at; i < at + 4; ++i)
      value = value << 8 | static_cast<unsigned char>(frame.data.at(i));
    return value;
  };
  switch (frame.code) {
    case 'O':
      return fmt::format("OPTNEG {} {:x} {:x}", number(0), number(4), number(8));
    case 'c':
      return "continue";
    case 'a':
      return "accept";
    case 't':
      return "tempfail";
    case 'y':
      return fmt::format("reply {}", frame.data.substr(0, frame.data.size() - 1));
    case 'q':
      return fmt::format("quarantine {}", frame.data.substr(0, frame.data.size() - 1));
    case 'i':
      return fmt::format("insert {} {}", number(0), describe_field(frame.data));
    case 'm':
      return fmt::format("change {} {}", number(0), describe_field(frame.data));
    default:
      return fmt::format("unknown {:#04x}", static_cast<unsigned char>(frame.code));
  }
}

/// A line for each packet. Octets that are none end the program: we send whole packets.
inline std::string describe(std::string_view wire) {
  FrameReader reader(1 << 24);
  reader.append(wire);
  std::string text;
  for (auto frame = reader.next(); frame.value(); frame = reader.next())
    text += describe(**frame) + "\n";
  if (reader.is_within_packet()) std::abort();
  return text;
}

}  // namespace postern::milter
