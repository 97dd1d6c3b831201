#include "store/directory_store.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <set>
#include <thread>

#include "policy/decision.h"
#include "store/sqlite.h"

using namespace postern;
using namespace postern::directory;
using namespace std::chrono_literals;
using store::DirectoryStore;

namespace {

/// A database in a folder of its own.
struct Folder {
  Folder() {
    std::string name = std::filesystem::temp_directory_path() / "postern-directory.XXXXXX";
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string database() const { return path / "postern.db"; }
  std::unique_ptr<DirectoryStore> open() const { return DirectoryStore::open(database()).value(); }

  std::filesystem::path path;
};

std::unique_ptr<DirectoryStore> contoso(const Folder& folder) {
  auto store = folder.open();
  store->new_organization("Contoso").value();
  store->new_accepted_domain("contoso", {.name = "Contoso.com"}).value();
  store->new_recipient("contoso", {"Ann@contoso.com", {"a.smith@contoso.com"}}).value();
  return store;
}

InboundConnector printers() {
  InboundConnector connector;
  connector.name = "Printers";
  connector.sender_domains = {"smtp:*;1"};
  connector.sender_ip_addresses = {IpPrefix::parse("198.51.100.7").value(),
                                   IpPrefix::parse("2001:db8:1::/48").value()};
  connector.require_tls = false;
  return connector;
}

template <class T>
std::string error_of(const Result<T>& result) {
  return result ? "no error" : result.error().message;
}

SharedOrganization organization(const DirectoryStore& store, std::string_view name = "Contoso") {
  return store.snapshot()->find_organization(name);
}

}  // namespace

TEST_CASE("an empty database has an empty directory") {
  const Folder folder;
  const auto store = folder.open();
  CHECK(store->snapshot()->organization_count() == 0);
  CHECK(store->snapshot()->revision() == 0);
  CHECK(error_of(DirectoryStore::open("/nonexistent/postern.db"))
            .contains("/nonexistent/postern.db"));
}

TEST_CASE("everything is there again after a restart") {
  const Folder folder;
  InboundConnector before;
  {
    const auto store = contoso(folder);
    store
        ->new_accepted_domain("contoso", {.name = "relay.contoso.net",
                                          .type = DomainType::internal_relay,
                                          .match_sub_domains = true,
                                          .next_hop = "lmtp:127.0.0.1:24",
                                          .junk_detail = "Junk",
                                          .reject_direct_send = DirectSendSwitch::off})
        .value();
    store
        ->set_organization_config("contoso",
                                  [](auto& config) {
                                    config.quarantine_digest = DigestInterval::weekly;
                                    config.quarantine_digest_hour = 23;
                                    config.reject_direct_send = true;
                                    config.reject_direct_send_check_header_from = true;
                                    config.reject_direct_send_allow_authenticated = true;
                                    config.defer_on_temp_error = true;
                                    config.gateway_in_front = true;
                                    config.stamp_exchange_headers = true;
                                    config.reject_direct_send_mode = EnforcementMode::audit;
                                    config.reject_direct_send_percentage = 20;
                                    config.reject_direct_send_return_to_audit_above = 7;
                                    config.reject_direct_send_effective_from = Time(1h);
                                    config.reject_direct_send_pilot_recipients = {
                                        "Bob@contoso.com", "ann@CONTOSO.com", "bob@contoso.com"};
                                  })
        .value();
    store
        ->set_arc_config("contoso",
                         [](auto& config) {
                           config.trusted_sealers = {"lists.test", "Fabrikam.com", "lists.TEST."};
                         })
        .value();
    InboundConnector connector = printers();
    connector.type = ConnectorType::on_premises;
    connector.source = ConnectorSource::hybrid_wizard;
    connector.enabled = false;
    connector.tls_sender_certificate_name = "*.Contoso.com";
    connector.cloud_services_mail_enabled = true;
    connector.associated_accepted_domains = {"contoso.com"};
    connector.ef_skip_last_ip = true;
    connector.ef_skip_ips = {"192.0.2.1-192.0.2.9", "192.0.2.128/25"};
    connector.ef_users = {"ann@contoso.com"};
    connector.comment = "third floor";
    before = *store->new_inbound_connector("contoso", connector, Force::no).value();
  }
  const auto store = folder.open();
  CHECK(store->snapshot()->revision() == 7);
  const SharedOrganization there = organization(*store);
  REQUIRE(there != nullptr);
  CHECK(there->config().reject_direct_send);
  CHECK(there->config().reject_direct_send_check_header_from);
  CHECK(there->config().reject_direct_send_allow_authenticated);
  CHECK(there->config().defer_on_temp_error);
  CHECK(there->config().gateway_in_front);
  CHECK(there->config().stamp_exchange_headers);
  CHECK(there->config().reject_direct_send_mode == EnforcementMode::audit);
  CHECK(there->config().reject_direct_send_percentage == 20);
  CHECK(there->config().reject_direct_send_return_to_audit_above == 7);
  CHECK(there->config().reject_direct_send_effective_from == Time(1h));
  CHECK(there->config().reject_direct_send_pilot_recipients ==
        NameList{"ann@contoso.com", "bob@contoso.com"});
  CHECK(there->find_domain("relay.contoso.net")->reject_direct_send == DirectSendSwitch::off);
  CHECK(there->arc_config().trusted_sealers == NameList{"fabrikam.com", "lists.test"});
  CHECK(there->domain_count() == 2);
  CHECK(there->default_domain()->name == "contoso.com");
  const AcceptedDomain* const relay = there->find_domain("relay.contoso.net");
  REQUIRE(relay != nullptr);
  CHECK(relay->type == DomainType::internal_relay);
  CHECK(relay->match_sub_domains);
  CHECK(relay->next_hop == "lmtp:127.0.0.1:24");
  CHECK(relay->junk_detail == "Junk");
  CHECK(there->config().quarantine_digest == DigestInterval::weekly);
  CHECK(there->config().quarantine_digest_hour == 23);
  CHECK(there->find_recipient("a.smith@contoso.com")->address == "ann@contoso.com");
  CHECK(store->snapshot()->find_organization(there->guid().to_string()) == there);

  const SharedConnector after = there->find_connector("PRINTERS");
  REQUIRE(after != nullptr);
  CHECK(there->find_connector(after->guid.to_string()) == after);
  CHECK(after->guid == before.guid);
  CHECK(after->when_created == before.when_created);
  CHECK(after->when_changed == before.when_changed);
  CHECK(after->name == "Printers");
  CHECK(after->type == ConnectorType::on_premises);
  CHECK(after->source == ConnectorSource::hybrid_wizard);
  CHECK_FALSE(after->enabled);
  CHECK(after->sender_domains.to_vector() == std::vector<std::string>{"*"});
  CHECK(after->sender_ip_addresses == before.sender_ip_addresses);
  CHECK(after->tls_sender_certificate_name == "*.contoso.com");
  CHECK_FALSE(after->require_tls);
  CHECK(after->cloud_services_mail_enabled);
  CHECK(after->associated_accepted_domains.to_vector() == std::vector<std::string>{"contoso.com"});
  CHECK(after->ef_skip_last_ip);
  CHECK(after->ef_skip_ips.to_vector() ==
        std::vector<std::string>{"192.0.2.1-192.0.2.9", "192.0.2.128/25"});
  CHECK(after->ef_users.to_vector() == std::vector<std::string>{"ann@contoso.com"});
  CHECK(after->comment == "third floor");
}

TEST_CASE(
    "a change is in force when the call returns, and a snapshot taken before stays as it was") {
  const Folder folder;
  const auto store = contoso(folder);
  const SharedSnapshot before = store->snapshot();
  store->set_organization_config("contoso", [](auto& config) { config.reject_direct_send = true; })
      .value();
  store->new_inbound_connector("contoso", printers(), Force::no).value();
  store->remove_recipient("contoso", "A.Smith@Contoso.com").value();
  CHECK(organization(*store)->config().reject_direct_send);
  CHECK(organization(*store)->find_connector("printers") != nullptr);
  CHECK_FALSE(organization(*store)->find_recipient("ann@contoso.com"));
  CHECK(store->snapshot()->revision() == before->revision() + 3);

  const SharedOrganization old = before->find_organization("contoso");
  CHECK_FALSE(old->config().reject_direct_send);
  CHECK(old->find_connector("printers") == nullptr);
  CHECK(old->find_recipient("ann@contoso.com"));
}

TEST_CASE("what few organizations have is theirs, though those without it share one of it") {
  const Folder folder;
  const auto store = contoso(folder);
  store->new_organization("Fabrikam").value();
  const SharedSnapshot before = store->snapshot();
  const auto sealers_of = [](const SharedSnapshot& directory, std::string_view name) {
    return directory->find_organization(name)->arc_config().trusted_sealers.to_vector();
  };
  const auto set_sealer = [&](const char* name) {
    store->set_arc_config("contoso", [&](ArcConfig& config) { config.trusted_sealers = {name}; })
        .value();
  };
  set_sealer("one.test");
  const SharedSnapshot between = store->snapshot();
  set_sealer("two.test");
  CHECK(sealers_of(before, "contoso").empty());
  CHECK(sealers_of(between, "contoso") == std::vector<std::string>{"one.test"});
  CHECK(sealers_of(store->snapshot(), "contoso") == std::vector<std::string>{"two.test"});
  CHECK(sealers_of(store->snapshot(), "Fabrikam").empty());
  CHECK(sealers_of(folder.open()->snapshot(), "contoso") == std::vector<std::string>{"two.test"});
  CHECK(sealers_of(folder.open()->snapshot(), "Fabrikam").empty());
}

TEST_CASE("a change that fails leaves nothing, neither in memory nor on the disk") {
  const Folder folder;
  const auto store = contoso(folder);
  const std::uint64_t revision = store->snapshot()->revision();
  CHECK(error_of(store->import_recipients("contoso",
                                          {{"bob@contoso.com", {}}, {"cy@elsewhere.test", {}}}))
            .contains("cy@elsewhere.test is not in an accepted domain of Contoso"));
  CHECK(error_of(store->remove_accepted_domain("contoso", "contoso.com"))
            .contains("still has recipients, such as ann@contoso.com"));
  CHECK(store->snapshot()->revision() == revision);
  CHECK(organization(*store)->recipient_count() == 1);
  CHECK(organization(*folder.open())->recipient_count() == 1);
  CHECK(organization(*folder.open())->domain_count() == 1);
}

TEST_CASE("errors name the object") {
  const Folder folder;
  const auto store = contoso(folder);
  store->new_organization("Fabrikam").value();
  CHECK(error_of(store->new_organization("CONTOSO")) ==
        "Name: there is an organization Contoso already.");
  CHECK(error_of(store->new_organization("")) == "Name: a name is needed.");
  CHECK(error_of(store->remove_organization("Wingtip")) == "There is no organization Wingtip.");
  CHECK(error_of(store->new_accepted_domain("Fabrikam", {.name = "contoso.COM."})) ==
        "DomainName: contoso.com is an accepted domain of Contoso already.");
  CHECK(error_of(store->new_accepted_domain("Fabrikam", {.name = "no domain"})) ==
        "DomainName: no domain is not a domain name.");
  CHECK(error_of(store->new_accepted_domain("Fabrikam",
                                            {.name = "fabrikam.com", .next_hop = "http://x"}))
            .starts_with("NextHop: http://x is no delivery"));
  CHECK(error_of(store->set_accepted_domain("contoso", "fabrikam.com", [](auto&) {})) ==
        "Contoso has no accepted domain fabrikam.com.");
  CHECK(error_of(store->remove_recipient("contoso", "bob@contoso.com")) ==
        "Contoso has no recipient bob@contoso.com.");
  CHECK(error_of(store->remove_inbound_connector("contoso", "Printers")) ==
        "Contoso has no inbound connector Printers.");
}

TEST_CASE("an organization is found by name, GUID and domain, and goes with all it has") {
  const Folder folder;
  const auto store = contoso(folder);
  store->new_inbound_connector("contoso.com", printers(), Force::no).value();
  InboundConnector servers = printers();
  servers.name = "Servers";
  servers.type = ConnectorType::on_premises;
  servers.tls_sender_certificate_name = "*.contoso.com";
  store->new_inbound_connector(organization(*store)->guid().to_string(), servers, Force::no)
      .value();
  store->remove_organization("CONTOSO").value();
  CHECK(store->snapshot()->organization_count() == 0);
  CHECK_FALSE(store->snapshot()->find_domain("contoso.com"));
  CHECK(store->snapshot()
            ->on_premises()
            .by_certificate_name(NameKey::certificate("*.contoso.com"))
            .empty());
  store::Database database = store::Database::open(folder.database()).value();
  for (const char* table : {"accepted_domain", "recipient", "inbound_connector"}) {
    auto count = database.prepare(std::string("SELECT count(*) FROM ") + table);
    REQUIRE(count.step());
    CHECK(count.number(0) == 0);
  }
}

TEST_CASE("one accepted domain is the default") {
  const Folder folder;
  const auto store = contoso(folder);
  CHECK_FALSE(store->new_accepted_domain("contoso", {.name = "b.example"}).value().is_default);
  store->set_accepted_domain("contoso", "B.example", [](auto& domain) { domain.is_default = true; })
      .value();
  for (const auto& there : {organization(*store), organization(*folder.open())}) {
    CHECK(there->default_domain()->name == "b.example");
    CHECK_FALSE(there->find_domain("contoso.com")->is_default);
  }
  CHECK(error_of(store->set_accepted_domain("contoso", "b.example", [](auto& domain) {
          domain.is_default = false;
        })).starts_with("Default:"));
  CHECK(error_of(store->remove_accepted_domain("contoso", "b.example")).contains("is the default"));
}

TEST_CASE("a domain keeps what its recipients and connectors need") {
  const Folder folder;
  const auto store = contoso(folder);
  store
      ->new_accepted_domain(
          "contoso",
          {.name = "relay.example", .type = DomainType::internal_relay, .match_sub_domains = true})
      .value();
  store->new_recipient("contoso", {"x@deep.relay.example", {}}).value();
  CHECK(error_of(store->set_accepted_domain("contoso", "relay.example", [](auto& domain) {
          domain.match_sub_domains = false;
        })).contains("x@deep.relay.example"));
  store->remove_recipient("contoso", "x@deep.relay.example").value();
  InboundConnector connector = printers();
  connector.associated_accepted_domains = {"relay.example"};
  store->new_inbound_connector("contoso", connector, Force::no).value();
  CHECK(error_of(store->remove_accepted_domain("contoso", "relay.example"))
            .contains("the connector Printers"));
  store->remove_inbound_connector("contoso", "Printers").value();
  store->remove_accepted_domain("contoso", "relay.example").value();
}

TEST_CASE("a connector is changed as a whole, and what Force has let pass stays") {
  const Folder folder;
  const auto store = contoso(folder);
  InboundConnector wide = printers();
  wide.sender_ip_addresses = {IpPrefix::parse("10.0.0.0/16").value()};
  CHECK(error_of(store->new_inbound_connector("contoso", wide, Force::no))
            .contains("wider than /24"));
  const SharedConnector made = store->new_inbound_connector("contoso", wide, Force::yes).value();
  store
      ->set_inbound_connector(
          "contoso", "printers",
          [](auto& connector) {
            connector.name = "Devices";
            connector.guid = Guid();
            connector.enabled = false;
          },
          Force::no)
      .value();
  CHECK(organization(*store)->find_connector("Printers") == nullptr);
  const SharedConnector after = organization(*store)->find_connector("devices");
  REQUIRE(after != nullptr);
  CHECK(after->guid == made->guid);
  CHECK(after->when_created == made->when_created);
  CHECK(after->when_changed >= made->when_changed);
  CHECK_FALSE(after->enabled);
  CHECK(organization(*folder.open())->connector_count() == 1);

  CHECK(error_of(store->set_inbound_connector(
                     "contoso", "devices", [](auto& connector) { connector.sender_domains = {}; },
                     Force::no))
            .starts_with("SenderDomains:"));
  CHECK(organization(*store)->find_connector("devices")->sender_domains.contains("*"));
}

TEST_CASE("at most so many connectors share an address") {
  const Folder folder;
  const auto store = contoso(folder);
  for (std::size_t i = 0; i < max_connectors_per_key; ++i) {
    InboundConnector connector = printers();
    connector.name = "c" + std::to_string(i);
    store->new_inbound_connector("contoso", connector, Force::no).value();
  }
  CHECK(error_of(store->new_inbound_connector("contoso", printers(), Force::no))
            .contains("198.51.100.7 is in 100 connectors already"));
  store
      ->set_inbound_connector(
          "contoso", "c1", [](auto& connector) { connector.enabled = false; }, Force::no)
      .value();
}

TEST_CASE("recipients come in bulk, and again") {
  const Folder folder;
  const auto store = contoso(folder);
  std::vector<Recipient> recipients;
  for (int i = 0; i < 5000; ++i)
    recipients.push_back({"User" + std::to_string(i) + "@contoso.com", {}});
  recipients.push_back({"ann@contoso.com", {}});
  const auto first = store->import_recipients("contoso", recipients).value();
  CHECK(first.added == 5000);
  CHECK(first.unchanged == 1);
  const auto second = store->import_recipients("contoso", recipients).value();
  CHECK(second.added == 0);
  CHECK(second.unchanged == 5001);
  CHECK(organization(*folder.open())->recipient_count() == 5001);
  CHECK(organization(*store)->find_recipient("ann@contoso.com")->aliases.size() == 1);
}

TEST_CASE("a database of the first version is brought up to date") {
  const Folder folder;
  contoso(folder)
      ->set_organization_config("contoso", [](auto& config) { config.reject_direct_send = true; })
      .value();
  // What the first version did not have.
  store::Database::open(folder.database())
      .value()
      .execute(
          "ALTER TABLE organization DROP COLUMN defer_on_temp_error;"
          "ALTER TABLE organization DROP COLUMN arc_trusted_sealers;"
          "ALTER TABLE organization DROP COLUMN gateway_in_front;"
          "DROP TABLE composite_auth_setting;"
          "DROP TABLE anti_phish_policy;"
          "DROP TABLE anti_phish_rule;"
          "DROP TABLE spoof_item;"
          "ALTER TABLE organization DROP COLUMN stamp_exchange_headers;"
          "ALTER TABLE organization DROP COLUMN relay_next_hop;"
          "ALTER TABLE inbound_connector DROP COLUMN message_rate_limit;"
          "ALTER TABLE inbound_connector DROP COLUMN recipient_rate_limit;"
          "ALTER TABLE organization DROP COLUMN check_header_from;"
          "ALTER TABLE organization DROP COLUMN allow_authenticated;"
          "ALTER TABLE accepted_domain DROP COLUMN junk_detail;"
          "ALTER TABLE organization DROP COLUMN quarantine_digest;"
          "ALTER TABLE organization DROP COLUMN quarantine_digest_hour;"
          "ALTER TABLE organization DROP COLUMN reject_mode;"
          "ALTER TABLE organization DROP COLUMN reject_percentage;"
          "ALTER TABLE organization DROP COLUMN reject_effective_from;"
          "ALTER TABLE organization DROP COLUMN reject_pilot_recipients;"
          "ALTER TABLE organization DROP COLUMN return_to_audit_above;"
          "ALTER TABLE accepted_domain DROP COLUMN reject_direct_send;"
          "DROP TABLE direct_send_exception;"
          "UPDATE schema_version SET version = 1 WHERE part = 'directory'");
  const auto store = folder.open();
  const SharedOrganization there = organization(*store);
  CHECK(there->config().reject_direct_send);
  CHECK_FALSE(there->config().defer_on_temp_error);
  CHECK_FALSE(there->config().stamp_exchange_headers);
  CHECK_FALSE(there->config().reject_direct_send_check_header_from);
  CHECK(there->config().reject_direct_send_mode == EnforcementMode::enforce);
  CHECK(there->config().reject_direct_send_percentage == 100);
  CHECK(there->config().reject_direct_send_effective_from == Time());
  CHECK(there->find_domain("contoso.com")->reject_direct_send == DirectSendSwitch::inherit);
  CHECK(there->direct_send_exceptions() == nullptr);
  CHECK(there->arc_config().trusted_sealers.empty());
  CHECK(there->find_recipient("ann@contoso.com"));
}

TEST_CASE("exceptions of RejectDirectSend are kept, changed and removed") {
  const Folder folder;
  DirectSendException scanner;
  scanner.name = "Scanner";
  scanner.sender_ip_addresses = std::vector{*IpPrefix::parse("198.51.100.7")};
  scanner.sender_certificate_name = "*.Vendor.test";
  scanner.senders = {"Scanner@contoso.com", "relay.contoso.NET"};
  scanner.recipients = {"ann@contoso.com"};
  scanner.expires = now() + 24h;
  scanner.reason = "until the new one is there";
  {
    const auto store = contoso(folder);
    REQUIRE(store->new_direct_send_exception("contoso", scanner, Force::no));
    CHECK(error_of(store->new_direct_send_exception("contoso", scanner, Force::no))
              .starts_with("Name: "));
    scanner.name = "Second";
    REQUIRE(store->new_direct_send_exception("contoso", scanner, Force::no));
    REQUIRE(store->set_direct_send_exception(
        "contoso", "SCANNER", [](DirectSendException& one) { one.reason = "still"; }, Force::no));
    CHECK(error_of(store->set_direct_send_exception(
                       "contoso", "scanner",
                       [](DirectSendException& one) { one.expires = Time(1h); }, Force::no))
              .starts_with("ExpiresOn: "));
    CHECK(error_of(store->remove_direct_send_exception("contoso", "Third")).contains("Third"));
  }
  const auto store = folder.open();
  const SharedDirectSendExceptions all = organization(*store)->direct_send_exceptions();
  REQUIRE(all);
  REQUIRE(all->all().size() == 2);
  const DirectSendException& first = all->all().front();
  CHECK(first.name == "Scanner");
  CHECK(first.reason == "still");
  CHECK(first.sender_ip_addresses.size() == 1);
  CHECK(first.sender_certificate_name == "*.vendor.test");
  CHECK(first.senders == NameList{"relay.contoso.net", "scanner@contoso.com"});
  CHECK(first.recipients == NameList{"ann@contoso.com"});
  CHECK(first.expires == scanner.expires);
  CHECK(first.when_created < first.when_changed);
  for (const char* name : {"Scanner", "second"})
    REQUIRE(store->remove_direct_send_exception("contoso", name));
  CHECK(organization(*store)->direct_send_exceptions() == nullptr);
  CHECK(organization(*folder.open())->direct_send_exceptions() == nullptr);
}

TEST_CASE("the relay of an organization and the limits of a connector are kept") {
  const Folder folder;
  {
    const auto store = contoso(folder);
    const auto set_relay = [&](const char* hop) {
      return error_of(store->set_organization_config(
          "contoso", [&](OrganizationConfig& config) { config.relay_next_hop = hop; }));
    };
    CHECK(set_relay("maildir:mail/%u").starts_with("RelayNextHop: "));
    CHECK(set_relay("smtp:smarthost.test:25?tls=verify") == "no error");
    InboundConnector connector;
    connector.name = "Printers";
    connector.sender_domains = {"*"};
    connector.message_rate_limit = 30;
    connector.recipient_rate_limit = max_rate_limit + 1;
    CHECK(error_of(store->new_inbound_connector("contoso", connector, Force::no))
              .starts_with("RecipientRateLimit: "));
    connector.recipient_rate_limit = 100;
    CHECK(error_of(store->new_inbound_connector("contoso", connector, Force::no)) == "no error");
  }
  const auto store = folder.open();
  CHECK(organization(*store)->config().relay_next_hop == "smtp:smarthost.test:25?tls=verify");
  const auto connector = organization(*store)->find_connector("Printers");
  CHECK(connector->message_rate_limit == 30);
  CHECK(connector->recipient_rate_limit == 100);
}

TEST_CASE("trusted sealers are limited, and wrong ones leave what was there") {
  const Folder folder;
  const auto store = contoso(folder);
  const auto set = [&](const std::vector<std::string>& sealers) {
    return error_of(store->set_arc_config(
        "contoso", [&](ArcConfig& config) { config.trusted_sealers = sealers; }));
  };
  std::vector<std::string> many;
  for (std::size_t i = 0; i < max_arc_trusted_sealers; ++i)
    many.push_back("s" + std::to_string(i) + ".test");
  CHECK(set(many) == "no error");
  many.push_back("S0.test");  // one that is there already
  CHECK(set(many) == "no error");
  many.push_back("last.test");
  CHECK(set(many) == "ArcTrustedSealers: an organization has at most 1000 of them.");
  CHECK(set({"fine.test", std::string(500, 'x')}).starts_with("ArcTrustedSealers: xxx"));
  CHECK(organization(*store)->arc_config().trusted_sealers.size() == max_arc_trusted_sealers);
  CHECK(error_of(store->set_arc_config("nobody", [](ArcConfig&) {})).contains("nobody"));
}

TEST_CASE("a database of a newer version is left alone") {
  const Folder folder;
  folder.open();
  store::Database::open(folder.database())
      .value()
      .execute("UPDATE schema_version SET version = 99 WHERE part = 'directory'");
  CHECK(error_of(DirectoryStore::open(folder.database())).contains("newer version"));
}

TEST_CASE("readers see whole changes while they are made") {
  const Folder folder;
  const auto store = contoso(folder);
  std::atomic<bool> done = false;
  std::atomic<int> torn = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      const mail::Mailbox reverse_path = mail::parse_mailbox("printer@contoso.com").value();
      const mail::Mailbox forward_path = mail::parse_mailbox("ann@contoso.com").value();
      const policy::RcptFacts facts{.client = IpAddress::parse("198.51.100.7").value(),
                                    .reverse_path = &reverse_path,
                                    .forward_path = &forward_path};
      while (!done) {
        const SharedSnapshot directory = store->snapshot();
        const SharedOrganization there = directory->find_organization("contoso");
        // The switch is turned on only while the connector is there.
        const bool refuses = policy::decide_rcpt(facts, *directory).reply.enhanced == "5.7.68";
        const bool has_connector = there->find_connector("Printers") != nullptr;
        if (refuses || (there->config().reject_direct_send && !has_connector)) ++torn;
      }
    });
  }
  for (int i = 0; i < 100; ++i) {
    store->new_inbound_connector("contoso", printers(), Force::no).value();
    store
        ->set_organization_config("contoso", [](auto& config) { config.reject_direct_send = true; })
        .value();
    store->new_recipient("contoso", {"u" + std::to_string(i) + "@contoso.com", {}}).value();
    store
        ->set_organization_config("contoso",
                                  [](auto& config) { config.reject_direct_send = false; })
        .value();
    store->remove_inbound_connector("contoso", "Printers").value();
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(torn == 0);
}

TEST_CASE("spoof protection survives, and goes with its organization") {
  const Folder folder;
  Guid guid;
  {
    const auto store = contoso(folder);
    CHECK(organization(*store)->spoof_protection() == default_spoof_protection());
    store
        ->set_spoof_protection(
            "contoso",
            [&](SpoofProtection& protection) -> Result<void> {
              protection.composite.subnet_weight = 7;
              protection.default_policy.dmarc_reject_action = SpoofAction::quarantine;
              AntiPhishPolicy policy;
              policy.guid = guid = Guid::parse("f81d4fae-7dec-11d0-a765-00a0c91e6bf6").value();
              policy.name = "Strict";
              policy.honor_dmarc_policy = false;
              policy.authentication_fail_action = SpoofAction::quarantine;
              policy.when_created = now();
              protection.policies = {policy};
              AntiPhishRule rule;
              rule.name = "Board";
              rule.policy = "strict";
              rule.comments = "third floor";
              rule.sent_to = {"ann@contoso.com", "kim@contoso.com"};
              rule.except_if_recipient_domain_is = {"relay.contoso.net"};
              protection.rules = {rule};
              return {};
            })
        .value();
    CHECK(error_of(store->set_spoof_protection(
              "contoso", [](SpoofProtection&) -> Result<void> { return fail("No."); })) == "No.");
  }
  const auto store = folder.open();
  const SpoofProtection& there = *organization(*store)->spoof_protection();
  CHECK(there.composite.subnet_weight == 7);
  CHECK(there.composite.pass_threshold == 100);
  CHECK(there.default_policy.name == "Default");
  CHECK(there.default_policy.dmarc_reject_action == SpoofAction::quarantine);
  REQUIRE(there.find_policy(guid.to_string()) != nullptr);
  const AntiPhishPolicy& policy = *there.find_policy("strict");
  CHECK_FALSE(policy.honor_dmarc_policy);
  CHECK(policy.enable_spoof_intelligence);
  CHECK(policy.authentication_fail_action == SpoofAction::quarantine);
  REQUIRE(there.rules.size() == 1);
  CHECK(there.rules[0].policy == "Strict");
  CHECK(there.rules[0].comments == "third floor");
  CHECK(there.rules[0].sent_to.size() == 2);
  CHECK(there.rules[0].except_if_recipient_domain_is == NameList{"relay.contoso.net"});

  store->remove_organization("contoso").value();
  auto database = store::Database::open(folder.database()).value();
  auto rows = database.prepare("SELECT count(*) FROM anti_phish_policy");
  REQUIRE(rows.step());
  CHECK(rows.number(0) == 0);
}

TEST_CASE("a rehearsal checks and makes every change, and nothing of it is kept") {
  const Folder folder;
  const auto store = contoso(folder);
  store->new_inbound_connector("contoso", printers(), Force::no).value();
  const auto before = store->snapshot();
  const auto tried = DirectoryStore::rehearse(*before).value();
  CHECK(tried->snapshot()->find_organization("contoso")->connector_count() == 1);

  CHECK(tried->set_organization_config(
      "contoso", [](OrganizationConfig& config) { config.reject_direct_send = true; }));
  CHECK(tried->set_inbound_connector(
      "contoso", "printers", [](InboundConnector& connector) { connector.require_tls = true; },
      Force::no));
  InboundConnector second = printers();
  CHECK_FALSE(tried->new_inbound_connector("contoso", second, Force::no));  // its name is taken
  second.name = "Second";
  CHECK(tried->new_inbound_connector("contoso", second, Force::no));
  CHECK(tried->remove_inbound_connector("contoso", "printers"));
  CHECK_FALSE(tried->remove_inbound_connector("contoso", "printers"));
  CHECK(tried->new_accepted_domain("contoso", {.name = "fabrikam.com"}));
  CHECK(tried->set_accepted_domain("contoso", "fabrikam.com",
                                   [](AcceptedDomain& domain) { domain.is_default = true; }));
  CHECK(tried->new_recipient("contoso", {"kim@fabrikam.com", {}}));
  CHECK(tried->remove_recipient("contoso", "ann@contoso.com"));
  const auto then = tried->snapshot()->find_organization("contoso");
  CHECK(then->config().reject_direct_send);
  CHECK(then->default_domain()->name == "fabrikam.com");
  CHECK(then->recipient_count() == 1);

  CHECK(store->snapshot() == before);
  const auto now = before->find_organization("contoso");
  CHECK_FALSE(now->config().reject_direct_send);
  CHECK(now->domain_count() == 1);
  CHECK_FALSE(now->find_connector("printers")->require_tls);
  CHECK(folder.open()->snapshot()->find_organization("contoso")->recipient_count() == 1);
}
