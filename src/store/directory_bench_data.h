// The installation that the directory's benchmark measures, and mail for it: organizations of two
// domains, one recipient and ten connectors each, as a company with printers, partners and a hybrid
// server has them. The same on every run.
#pragma once

#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "mail/mailbox.h"
#include "policy/facts.h"
#include "store/directory_rows.h"

namespace postern::store::bench {

using namespace directory;

constexpr std::uint32_t connectors_each = 10;

inline Guid guid(std::uint64_t number) {
  std::array<char, 37> text;
  std::snprintf(text.data(), text.size(), "00000000-0000-4000-8000-%012llx",
                static_cast<unsigned long long>(number));
  return Guid::parse(text.data()).value();
}

inline std::string domain_of(std::uint32_t organization) {
  return "company" + std::to_string(organization) + ".example";
}

/// Addresses of an organization's own devices: one /28 each.
inline IpAddress device(std::uint32_t organization, unsigned host) {
  const std::uint32_t bits = 0x0b000000 + organization * 16 + host;
  return IpAddress::v4({static_cast<std::uint8_t>(bits >> 24),
                        static_cast<std::uint8_t>(bits >> 16), static_cast<std::uint8_t>(bits >> 8),
                        static_cast<std::uint8_t>(bits)});
}

inline std::string vendor(std::uint32_t organization, std::uint32_t number) {
  return "vendor" + std::to_string((organization * 7 + number) % 500) + ".example";
}

inline InboundConnector make_connector(std::uint32_t organization, std::uint32_t number) {
  constexpr std::array names = {"Mail servers",     "Printers first floor", "Printers second floor",
                                "Scanners",         "ERP system",           "Newsletter provider",
                                "Ticket system",    "Payroll provider",     "House bank",
                                "Invoicing service"};
  InboundConnector connector;
  connector.guid = guid(std::uint64_t{organization} * connectors_each + number);
  connector.name = names[number];
  connector.when_created = connector.when_changed = Time(std::chrono::seconds(number));
  connector.sender_domains = {"*"};
  switch (number) {
    case 0:
      connector.type = ConnectorType::on_premises;
      connector.source = ConnectorSource::hybrid_wizard;
      connector.tls_sender_certificate_name = "*." + domain_of(organization);
      connector.cloud_services_mail_enabled = true;
      break;
    case 1:
    case 2:
    case 3:
      connector.sender_ip_addresses = {IpPrefix(device(organization, number), 32)};
      connector.require_tls = false;
      break;
    case 4:
      connector.sender_ip_addresses = {IpPrefix(device(organization, 4), 32),
                                       IpPrefix(device(organization, 5), 32)};
      connector.sender_domains = {domain_of(organization)};
      break;
    case 8:
      connector.sender_domains = {"bank" + std::to_string(organization % 5000) + ".example"};
      connector.restrict_domains_to_ip_addresses = true;
      connector.sender_ip_addresses = {
          IpPrefix(IpAddress::v4({192, 0, 2, static_cast<std::uint8_t>(organization)}), 32)};
      break;
    case 9:
      connector.sender_ip_addresses = {
          IpPrefix(IpAddress::v4({198, 51, static_cast<std::uint8_t>(organization), 0}), 24)};
      connector.sender_domains = {domain_of(organization)};
      break;
    default:
      connector.tls_sender_certificate_name = "*." + vendor(organization, number);
      connector.sender_domains = {domain_of(organization)};
  }
  return connector;
}

inline void fill(const std::string& path, std::uint32_t organizations) {
  auto database = Database::open(path).value();
  prepare_directory_tables(database).value();
  SqliteTransaction transaction(database);
  auto put = prepare_connector_put(database);
  auto insert = prepare_recipient_insert(database);
  for (std::uint32_t i = 1; i <= organizations; ++i) {
    const OrganizationId id = insert_organization(database, guid((1ull << 40) + i),
                                                  "Company " + std::to_string(i), Time());
    put_domain(database, id, {.name = domain_of(i), .is_default = true});
    put_domain(database, id, {.name = "company" + std::to_string(i) + ".onmicrosoft.example"});
    insert_recipient(insert, id, {"ann@" + domain_of(i), {}});
    for (std::uint32_t number = 0; number < connectors_each; ++number) {
      put_connector(put, id, make_connector(i, number));
    }
  }
  transaction.commit();
}

struct Mail {
  mail::Mailbox reverse_path;
  mail::Mailbox forward_path;
  policy::RcptFacts facts;
};

enum class Traffic { even, skewed };

/// Skewed: the n-th busiest organization gets a share of 1/n, as company sizes are distributed.
inline std::uint32_t pick_organization(std::mt19937& random, std::uint32_t organizations,
                                       Traffic traffic) {
  const double part = std::uniform_real_distribution<>()(random);
  const double most = organizations;
  const double picked = traffic == Traffic::even ? part * most : std::pow(most, part);
  // Neighbours in number are neighbours in memory; spread the busy ones.
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(picked) * 7919 % organizations) + 1;
}

inline std::vector<Mail> make_mail(std::uint32_t organizations, std::size_t count, Traffic traffic,
                                   unsigned seed) {
  std::mt19937 random(seed);
  std::vector<Mail> mails(count);
  for (Mail& mail : mails) {
    const std::uint32_t organization = pick_organization(random, organizations, traffic);
    mail.forward_path = mail::parse_mailbox("ann@" + domain_of(organization)).value();
    const std::string stranger = "news" + std::to_string(random() % 1000) + ".test";
    const std::string sender = random() % 2 == 0 ? domain_of(organization) : stranger;
    mail.reverse_path = mail::parse_mailbox("bob@" + sender).value();
    mail.facts.client = random() % 2 == 0 ? device(organization, 1 + random() % 5)
                                          : IpAddress::v4({203, 0, 113, 9});
    if (random() % 4 == 0) {
      mail.facts.tls = true;
      mail.facts.certificate_names = {"mx." + vendor(organization, random() % connectors_each)};
    }
    mail.facts.hello = "client.test";
    mail.facts.server_name = "mx.edge.example";
  }
  return mails;
}

}  // namespace postern::store::bench
