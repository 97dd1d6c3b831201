#include "delivery/introduction.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/encoding.h"

namespace postern::delivery {
namespace {

constexpr std::size_t max_command = 510;  // with its CRLF 512
/// RFC 5321 section 4.5.3.1.2 has 255 octets; as xtext a few more.
constexpr std::size_t max_value = 255;

const std::string unavailable = "[UNAVAILABLE]";

/// RFC 3461 section 4.
std::string to_xtext(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text.substr(0, max_value)) {
    if (c > ' ' && c <= '~' && c != '+' && c != '=') {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '+';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

std::string address_text(const IpAddress& address) {
  return (address.is_v6() ? "IPV6:" : "") + address.to_string();
}

std::string name_text(const Introduction& of) {
  if (!of.name.empty()) return to_xtext(of.name);
  return of.name_is_unknown_yet ? "[TEMPUNAVAIL]" : unavailable;
}

/// Empty: an attribute that we do not know.
std::string value_of(std::string_view attribute, const Introduction& of) {
  if (attribute == "NAME") return name_text(of);
  if (attribute == "ADDR") return address_text(of.address);
  if (attribute == "PORT") return of.port == 0 ? unavailable : std::to_string(of.port);
  if (attribute == "PROTO") return of.extended ? "ESMTP" : "SMTP";
  if (attribute == "HELO") return of.hello.empty() ? unavailable : to_xtext(of.hello);
  // Nobody logs in here.
  if (attribute == "LOGIN") return unavailable;
  if (of.server_port == 0) return attribute.starts_with("DEST") ? unavailable : "";
  if (attribute == "DESTADDR") return address_text(of.server);
  if (attribute == "DESTPORT") return std::to_string(of.server_port);
  return {};
}

}  // namespace

net::ProxyHeader Introduction::to_proxy_header() const {
  return {.addresses = net::ProxyHeader::Addresses{
              .source = {.address = address, .port = port, .path = {}},
              .destination = {.address = server, .port = server_port, .path = {}}}};
}

std::vector<std::string> xclient_commands(const Introduction& introduction,
                                          const std::vector<std::string>& offered) {
  std::vector<std::string> commands;
  for (const std::string& attribute : offered) {
    const std::string value = value_of(attribute, introduction);
    if (value.empty()) continue;
    const std::string word = " " + attribute + "=" + value;
    if (commands.empty() || commands.back().size() + word.size() > max_command)
      commands.emplace_back("XCLIENT");
    commands.back() += word;
  }
  return commands;
}

std::string hello_name(const Introduction& introduction, const std::string& own_name) {
  const std::string& name = introduction.hello;
  const bool fits = !name.empty() && name.size() <= max_value &&
                    std::ranges::all_of(name, [](char c) { return c > ' ' && c <= '~'; });
  return fits ? name : own_name;
}

}  // namespace postern::delivery
