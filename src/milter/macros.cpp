#include "milter/macros.h"

#include <algorithm>
#include <ranges>

#include "base/ascii.h"
#include "mail/domain_name.h"

namespace postern::milter {
namespace {

std::size_t step_of(char command) {
  switch (command) {
    case 'C':
      return 0;
    case 'H':
      return 1;
    case 'M':
      return 2;
    case 'R':
      return 3;
    default:
      return 4;
  }
}

std::string_view without_braces(std::string_view name) {
  if (name.starts_with('{') && name.ends_with('}')) return name.substr(1, name.size() - 2);
  return name;
}

/// The name that the MTA has verified; empty: none.
std::string_view certificate_name(const MacroTable& macros) {
  const std::string_view verify = macros.get("verify");
  if (verify == "OK") return macros.get("cn_subject");
  return verify.empty() ? macros.get("cert_subject") : "";
}

}  // namespace

void MacroTable::set(const Macros& macros) {
  const std::size_t step = step_of(macros.command);
  for (std::size_t later = step; later < steps; ++later) values_[later] = {};
  for (const Macro& macro : macros.macros) {
    const auto known = std::ranges::find(names, without_braces(macro.name));
    if (known == names.end()) continue;
    values_[step][static_cast<std::size_t>(known - names.begin())] =
        macro.value.substr(0, max_macro_value);
  }
}

void MacroTable::clear() {
  values_ = {};
}

std::string_view MacroTable::get(std::string_view name) const {
  const auto known = std::ranges::find(names, name) - names.begin();
  for (const auto& step : std::views::reverse(values_)) {
    const std::string& value = step.at(static_cast<std::size_t>(known));
    if (!value.empty()) return value;
  }
  return "";
}

std::optional<net::TlsFacts> tls_facts(const MacroTable& macros) {
  if (macros.get("tls_version").empty()) return std::nullopt;
  net::TlsFacts facts{.version = std::string(macros.get("tls_version")),
                      .cipher = std::string(macros.get("cipher")),
                      .certificate = nullptr};
  // A CN may be any text; as the name of a host it is one or it is nothing.
  const std::string name = to_lower(certificate_name(macros));
  const std::string_view host = std::string_view(name).substr(name.starts_with("*.") ? 2 : 0);
  if (mail::to_a_label(host)) {
    facts.certificate = std::make_shared<net::PeerCertificate>(
        net::PeerCertificate{.names = {name},
                             .subject = std::string(macros.get("cert_subject")),
                             .issuer = std::string(macros.get("cert_issuer")),
                             .fingerprint = "",
                             .not_after = {}});
  }
  return facts;
}

}  // namespace postern::milter
