#include "directory/objects.h"

#include <array>
#include <cstdlib>

#include "base/ascii.h"

namespace postern::directory {
namespace {

template <class Enum, std::size_t size>
std::optional<Enum> parse_word(std::string_view word, const std::array<Enum, size>& values) {
  for (const Enum value : values) {
    if (iequals(word, to_string(value))) return value;
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(DomainType type) {
  switch (type) {
    case DomainType::authoritative:
      return "Authoritative";
    case DomainType::internal_relay:
      return "InternalRelay";
  }
  std::abort();  // never a DomainType
}

std::string_view to_string(ConnectorType type) {
  switch (type) {
    case ConnectorType::partner:
      return "Partner";
    case ConnectorType::on_premises:
      return "OnPremises";
  }
  std::abort();  // never a ConnectorType
}

std::string_view to_string(ConnectorSource source) {
  switch (source) {
    case ConnectorSource::default_:
      return "Default";
    case ConnectorSource::hybrid_wizard:
      return "HybridWizard";
    case ConnectorSource::migrated:
      return "Migrated";
  }
  std::abort();  // never a ConnectorSource
}

std::string_view to_string(DigestInterval interval) {
  switch (interval) {
    case DigestInterval::off:
      return "Off";
    case DigestInterval::daily:
      return "Daily";
    case DigestInterval::weekly:
      return "Weekly";
  }
  std::abort();  // never a DigestInterval
}

std::string_view to_string(DirectSendSwitch direct_send) {
  switch (direct_send) {
    case DirectSendSwitch::inherit:
      return "Inherit";
    case DirectSendSwitch::on:
      return "True";
    case DirectSendSwitch::off:
      return "False";
  }
  std::abort();  // never a DirectSendSwitch
}

std::string_view to_string(EnforcementMode mode) {
  switch (mode) {
    case EnforcementMode::enforce:
      return "Enforce";
    case EnforcementMode::audit:
      return "Audit";
  }
  std::abort();  // never an EnforcementMode
}

std::optional<DirectSendSwitch> parse_direct_send_switch(std::string_view word) {
  return parse_word(
      word, std::array{DirectSendSwitch::inherit, DirectSendSwitch::on, DirectSendSwitch::off});
}

std::optional<EnforcementMode> parse_enforcement_mode(std::string_view word) {
  return parse_word(word, std::array{EnforcementMode::enforce, EnforcementMode::audit});
}

std::optional<DigestInterval> parse_digest_interval(std::string_view word) {
  return parse_word(word,
                    std::array{DigestInterval::off, DigestInterval::daily, DigestInterval::weekly});
}

std::optional<DomainType> parse_domain_type(std::string_view word) {
  return parse_word(word, std::array{DomainType::authoritative, DomainType::internal_relay});
}

std::optional<ConnectorType> parse_connector_type(std::string_view word) {
  return parse_word(word, std::array{ConnectorType::partner, ConnectorType::on_premises});
}

std::optional<ConnectorSource> parse_connector_source(std::string_view word) {
  return parse_word(word, std::array{ConnectorSource::default_, ConnectorSource::hybrid_wizard,
                                     ConnectorSource::migrated});
}

}  // namespace postern::directory
