#include "edge/transaction.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "dns/zone.h"
#include "edge/settings.h"
#include "net/run.h"

using namespace postern;
using namespace postern::edge;

namespace {

struct Folder {
  Folder() {
    path = (std::filesystem::temp_directory_path() / "postern-edge-XXXXXX").string();
    REQUIRE(::mkdtemp(path.data()) != nullptr);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

struct Trace final : store::TraceSink {
  void record(store::TraceRecord record) override { records.push_back(std::move(record)); }
  std::vector<store::TraceRecord> records;
};

/// Takes every recipient and ends as it was told to.
struct ToyCourier final : delivery::Courier {
  struct ToyHandOff final : delivery::HandOff {
    explicit ToyHandOff(ToyCourier& its_courier) : courier(its_courier) {}
    delivery::awaitable<std::optional<delivery::RecipientOutcome>> add_recipient(
        delivery::Recipient recipient) override {
      if (courier.refusal) co_return courier.refusal;
      courier.recipients.push_back(recipient.address);
      courier.next_hops.push_back(recipient.next_hop.to_string());
      co_return std::nullopt;
    }
    bool needs_content() const override { return courier.needs_content; }
    void treat(delivery::Treatments made) override { courier.treatments = std::move(made); }
    delivery::awaitable<delivery::Outcome> deliver(const delivery::Content& content,
                                                   const delivery::Edit&) override {
      courier.delivered += content.size();
      co_return courier.outcome;
    }
    delivery::awaitable<void> replied(bool) override { co_return; }
    ToyCourier& courier;
  };
  std::unique_ptr<delivery::HandOff> begin(delivery::Envelope) override {
    return std::make_unique<ToyHandOff>(*this);
  }
  std::optional<delivery::NextHop> relay() const override { return outward; }
  bool lacks_dsn(const delivery::NextHop&) const override { return false; }
  std::optional<delivery::NextHop> outward;
  std::optional<delivery::RecipientOutcome> refusal;  ///< for every recipient
  std::vector<std::string> recipients;
  std::vector<std::string> next_hops;
  bool needs_content = true;
  std::uint64_t delivered = 0;
  delivery::Treatments treatments;
  delivery::Outcome outcome{.reply = {250, "2.0.0", "Ok"}, .recipients = {}};
};

SharedSettings settings() {
  return make_settings(parse_config("[server]\nhostname = \"mx.contoso.test\"\n"
                                    "[[listener]]\naddress = \"127.0.0.1:25\"\n",
                                    "postern.toml")
                           .value())
      .value();
}

/// Two organizations, and what a transaction works with.
struct Edge {
  explicit Edge(delivery::ContentLimits limits = {}) : contents(folder.path, limits, pool) {
    for (const std::string name : {"contoso", "fabrikam"}) {
      REQUIRE(directory->new_organization(name));
      REQUIRE(directory->new_accepted_domain(name, {.name = name + ".test"}));
      for (const char* user : {"ann@", "bob@"})
        REQUIRE(directory->new_recipient(name, {user + name + ".test", {}}));
    }
  }

  std::unique_ptr<EdgeTransaction> begin(const std::string& reverse_path = "bob@bank.test") {
    const SpfAsking asking{asker, services.spf_records, shared_settings->config.hostname, now()};
    const ClientChecks client{.helo = begin_helo(asking, {facts.client, facts.hello}),
                              .iprev = begin_iprev(asker, facts.client)};
    return std::make_unique<EdgeTransaction>(services, shared_settings, facts, client,
                                             mail::parse_mailbox(reverse_path).value(),
                                             smtp::MailParameters{});
  }
  /// An OnPremises connector for the client's address.
  void make_own_server(std::uint32_t messages = 0, std::uint32_t recipients = 0) {
    directory::InboundConnector connector;
    connector.name = "Printers";
    connector.type = directory::ConnectorType::on_premises;
    connector.sender_domains = {"*"};
    connector.sender_ip_addresses = {IpPrefix(facts.client, facts.client.width())};
    connector.message_rate_limit = messages;
    connector.recipient_rate_limit = recipients;
    REQUIRE(directory->new_inbound_connector("contoso", connector, directory::Force::no));
  }
  std::string add(EdgeTransaction& transaction, const std::string& address) {
    return run(transaction.add_recipient(mail::parse_mailbox(address).value(), {})).to_line();
  }
  void write(EdgeTransaction& transaction, std::string_view bytes) {
    run(transaction.write(bytes));
  }
  template <class T>
  T run(boost::asio::awaitable<T> task) {
    return net::run_on(io, std::move(task));
  }
  /// `ann@contoso.test failed ClientAborted`, a line for each row
  std::string rows() const {
    std::string text;
    for (const store::TraceRecord& record : trace.records) {
      text += record.forward_path + " " + record.decision + " " + record.reply.substr(0, 9) + " " +
              (record.reasons.empty() ? "" : record.reasons[0]) + "\n";
    }
    return text;
  }

  Folder folder;
  std::unique_ptr<store::DirectoryStore> directory =
      std::move(store::DirectoryStore::open(folder.path + "/postern.db").value());
  std::unique_ptr<store::SpoofIntelligence> spoofs =
      std::move(store::SpoofIntelligence::open({.path = folder.path + "/spoof.db"}).value());
  Trace trace;
  admin::Metrics metrics;
  admin::SeenCertificates certificates;
  ConnectorRates rates;
  std::vector<ReturnToAudit::Due> due;
  ReturnToAudit returns{[this](const ReturnToAudit::Due& one) { due.push_back(one); }};
  boost::asio::io_context io{1};  // outlives the pool, whose threads post to it
  net::BlockingPool pool{1, 10};
  delivery::ContentStore contents;
  ToyCourier courier;
  dns::ZoneResolver resolver{dns::Zone()};
  auth::DkimKeyCache dkim_keys;
  auth::SpfRecordCache spf_records;
  policy::SettingsTexts settings_texts;
  Asker asker{io, resolver};
  Services services{.directory = *directory,
                    .trace = trace,
                    .spoofs = *spoofs,
                    .metrics = metrics,
                    .certificates = certificates,
                    .rates = rates,
                    .returns = returns,
                    .contents = contents,
                    .courier = courier,
                    .asker = asker,
                    .dkim_keys = dkim_keys,
                    .spf_records = spf_records,
                    .settings_texts = settings_texts};
  SharedSettings shared_settings = settings();
  smtp::SessionFacts facts{.id = "08DD3FA5DBC8F401",
                           .connected = now(),
                           .client = *IpAddress::parse("203.0.113.9"),
                           .hello = "client.test"};
};

constexpr std::string_view header = "From: bob@bank.test\r\nSubject: hi\r\n\r\n";

}  // namespace

TEST_CASE("after the spool is full nothing more is kept, and the reply says it at the end") {
  // Half a megabyte fits the memory for one message, but not the spool behind it.
  Edge edge({.memory = 1 << 20, .spool = 100'000});
  const auto transaction = edge.begin();
  edge.add(*transaction, "ann@contoso.test");
  CHECK_FALSE(edge.run(transaction->begin_content()));
  edge.write(*transaction, header);
  for (int i = 0; i < 20; ++i) edge.write(*transaction, std::string(100'000, 'x'));
  CHECK(edge.contents.memory_in_use() == 0);
  CHECK(edge.contents.spool_in_use() == 0);
  CHECK(edge.run(transaction->finish()).to_line().starts_with("452 4.3.1 "));
  CHECK(edge.courier.delivered == 0);
  // What was read of it before is in the trace, and its reply.
  CHECK(edge.rows() == "ann@contoso.test Defer 452 4.3.1 Content\n");
  CHECK(edge.trace.records[0].subject == "hi");
  CHECK(edge.trace.records[0].status == store::TraceStatus::pending);
}

TEST_CASE("content that no hop needs is judged and counted, and not kept") {
  Edge edge({.memory = 1, .spool = 1});
  edge.courier.needs_content = false;
  edge.courier.outcome.recipients = {{.forward_path = "ann@contoso.test",
                                      .fate = delivery::Fate::delivered,
                                      .reply = {250, "2.0.0", "Ok"},
                                      .next_hop = "milter",
                                      .hop_address = ""}};
  const auto transaction = edge.begin();
  edge.add(*transaction, "ann@contoso.test");
  CHECK_FALSE(edge.run(transaction->begin_content()));
  edge.write(*transaction, header);
  edge.write(*transaction, std::string(100'000, 'x'));
  CHECK(edge.run(transaction->finish()).code == 250);
  CHECK(edge.courier.delivered == 0);
  REQUIRE(edge.trace.records.size() == 1);
  CHECK(edge.trace.records[0].subject == "hi");
  CHECK(edge.trace.records[0].size == header.size() + 100'000);
  CHECK(edge.trace.records[0].next_hop == "milter");
}

TEST_CASE("the header section is judged from pieces of any size") {
  Edge edge;
  const auto transaction = edge.begin();
  edge.add(*transaction, "ann@contoso.test");
  CHECK_FALSE(edge.run(transaction->begin_content()));
  for (const char c : std::string_view("Subject: no author\r\n\r\nFrom: bob@bank.test\r\n"))
    edge.write(*transaction, {&c, 1});
  CHECK(edge.run(transaction->finish()).to_line().starts_with("550 5.7.512 "));
  CHECK(edge.courier.delivered == 0);
  CHECK(edge.rows() == "ann@contoso.test Reject 550 5.7.5 Content\n");
}

TEST_CASE("a transaction that is given up leaves a row for each accepted recipient") {
  Edge edge;
  {
    const auto transaction = edge.begin();
    edge.add(*transaction, "ann@contoso.test");
    edge.add(*transaction, "nobody@contoso.test");
    edge.add(*transaction, "bob@contoso.test");
    CHECK(edge.rows() == "nobody@contoso.test Reject 550 5.4.1 UnknownRecipient\n");
  }
  CHECK(edge.rows() ==
        "nobody@contoso.test Reject 550 5.4.1 UnknownRecipient\n"
        "ann@contoso.test Accept  ClientAborted\n"
        "bob@contoso.test Accept  ClientAborted\n");
  CHECK(edge.trace.records[1].status == store::TraceStatus::failed);
}

TEST_CASE("content that the session refused is traced once, with its reply") {
  Edge edge;
  {
    const auto transaction = edge.begin();
    edge.add(*transaction, "ann@contoso.test");
    CHECK_FALSE(edge.run(transaction->begin_content()));
    edge.write(*transaction, header);
    transaction->content_refused({552, "5.3.4", "Too large"});
  }
  CHECK(edge.rows() == "ann@contoso.test Reject 552 5.3.4 Content\n");
}

TEST_CASE("the organization of the first accepted recipient is that of the transaction") {
  Edge edge;
  const auto transaction = edge.begin();
  // A refused one decides nothing.
  CHECK(edge.add(*transaction, "nobody@fabrikam.test").starts_with("550 5.4.1 "));
  CHECK(edge.add(*transaction, "ann@contoso.test").starts_with("250 2.1.5"));
  CHECK(edge.add(*transaction, "ann@fabrikam.test").starts_with("452 4.5.3 "));
  CHECK(edge.add(*transaction, "bob@contoso.test").starts_with("250 2.1.5"));
  CHECK(edge.courier.recipients ==
        std::vector<std::string>{"ann@contoso.test", "bob@contoso.test"});
  CHECK(edge.trace.records[1].reasons[0] == "OtherOrganization");
}

TEST_CASE("each recipient's row tells its own end") {
  Edge edge;
  edge.courier.outcome.recipients = {{.forward_path = "ann@contoso.test",
                                      .fate = delivery::Fate::delivered,
                                      .reply = {250, "2.1.5", "Saved"},
                                      .next_hop = "lmtp:mail.contoso.test:24",
                                      .hop_address = "192.0.2.24"},
                                     {.forward_path = "bob@contoso.test",
                                      .fate = delivery::Fate::quarantined,
                                      .reply = {550, "5.2.1", "Disabled"},
                                      .next_hop = "lmtp:mail.contoso.test:24",
                                      .hop_address = "192.0.2.24"}};
  const auto transaction = edge.begin();
  edge.add(*transaction, "ann@contoso.test");
  edge.add(*transaction, "bob@contoso.test");
  CHECK_FALSE(edge.run(transaction->begin_content()));
  edge.write(*transaction, header);
  CHECK(edge.run(transaction->finish()).code == 250);
  CHECK(edge.courier.delivered == header.size());
  REQUIRE(edge.trace.records.size() == 2);
  CHECK(edge.trace.records[0].status == store::TraceStatus::delivered);
  CHECK(edge.trace.records[0].to_ip == "192.0.2.24");
  CHECK(edge.trace.records[1].status == store::TraceStatus::quarantined);
  CHECK(edge.trace.records[1].reply == "550 5.2.1 Disabled");
  CHECK(edge.trace.records[1].reasons[0] == "NextHopRefused");
}

TEST_CASE("the row of a recipient that its hop refused at RCPT says which hop") {
  Edge edge;
  edge.courier.refusal = {.forward_path = "ann@contoso.test",
                          .fate = delivery::Fate::refused,
                          .reply = {550, "5.1.1", "No such user"},
                          .next_hop = "smtp:mail.contoso.test:25",
                          .hop_address = "192.0.2.26"};
  CHECK(edge.add(*edge.begin(), "ann@contoso.test") == "550 5.1.1 No such user");
  REQUIRE(edge.trace.records.size() == 1);
  CHECK(edge.trace.records[0].status == store::TraceStatus::failed);
  CHECK(edge.trace.records[0].reasons[0] == "NextHop");
  CHECK(edge.trace.records[0].next_hop == "smtp:mail.contoso.test:25");
  CHECK(edge.trace.records[0].to_ip == "192.0.2.26");
}

TEST_CASE("own servers write inside and outside at once; another organization is not outside") {
  Edge edge;
  edge.make_own_server();
  edge.courier.outward = delivery::parse_relay("smtp:smarthost.test:25").value();
  {
    const auto transaction = edge.begin("printer@contoso.test");
    CHECK(edge.add(*transaction, "user@gmail.test").starts_with("250 2.1.5"));
    CHECK(edge.add(*transaction, "ann@contoso.test").starts_with("250 2.1.5"));
    CHECK(edge.add(*transaction, "ann@fabrikam.test").starts_with("452 4.5.3 "));
  }
  CHECK(edge.courier.next_hops ==
        std::vector<std::string>{"smtp:smarthost.test:25", "maildir:mail/%d/%u"});
  CHECK(edge.metrics.relayed.value() == 1);
  CHECK(edge.trace.records[1].organization == "contoso");
  CHECK(edge.trace.records[1].direction == "Originating");
  {
    const auto transaction = edge.begin("printer@contoso.test");
    CHECK(edge.add(*transaction, "ann@fabrikam.test").starts_with("250 2.1.5"));
    CHECK(edge.add(*transaction, "user@gmail.test").starts_with("452 4.5.3 "));
  }
  REQUIRE(edge.directory->set_organization_config(
      "contoso", [](auto& config) { config.relay_next_hop = "smtp:own.test:25"; }));
  edge.courier.outward.reset();
  CHECK(edge.add(*edge.begin("printer@contoso.test"), "user@gmail.test").starts_with("250 "));
  CHECK(edge.courier.next_hops.back() == "smtp:own.test:25");
  REQUIRE(
      edge.directory->set_organization_config("contoso", [](auto& c) { c.relay_next_hop = {}; }));
  CHECK(
      edge.add(*edge.begin("printer@contoso.test"), "user@gmail.test").starts_with("550 5.7.64 "));
}

TEST_CASE("a connector's limits: messages and recipients, and what was accepted before stays") {
  Edge edge;
  edge.make_own_server(3, 5);
  const auto first = edge.begin("printer@contoso.test");
  CHECK(edge.add(*first, "ann@contoso.test").starts_with("250 "));
  CHECK(edge.add(*first, "bob@contoso.test").starts_with("250 "));
  // Refused for another reason, so it counts nothing.
  CHECK(edge.add(*edge.begin("printer@contoso.test"), "no@contoso.test").starts_with("550 5.4.1 "));
  const auto second = edge.begin("printer@contoso.test");
  CHECK(edge.add(*second, "ann@contoso.test").starts_with("250 "));
  CHECK(edge.add(*edge.begin("printer@contoso.test"), "ann@contoso.test").starts_with("250 "));
  CHECK(edge.add(*edge.begin("printer@contoso.test"), "ann@contoso.test")
            .starts_with("450 4.7.1 Too many messages within a minute, the limit is 3"));
  CHECK(edge.add(*second, "bob@contoso.test").starts_with("250 "));
  CHECK(edge.add(*first, "ann@contoso.test").starts_with("450 4.7.1 Too many recipients"));
  CHECK(edge.metrics.rate_limited.at("messages").value() == 1);
  CHECK(edge.metrics.rate_limited.at("recipients").value() == 1);
  CHECK(edge.trace.records.back().reasons[0] == "RecipientRateLimit: Printers");
  // Foreign mail from the same address is not the connector's.
  CHECK(edge.add(*edge.begin(), "ann@contoso.test").starts_with("250 "));
}

TEST_CASE("an own author whom nothing proves is refused after the content, if that is wanted") {
  Edge edge;
  const auto send = [&](const std::string& reverse_path, std::vector<std::string> recipients) {
    const auto transaction = edge.begin(reverse_path);
    for (const std::string& recipient : recipients) {
      const std::string reply = edge.add(*transaction, recipient);
      if (!reply.starts_with("250 ")) return reply.substr(0, 9);
    }
    CHECK_FALSE(edge.run(transaction->begin_content()));
    edge.write(*transaction, "From: ceo@contoso.test\r\n\r\nUrgent.\r\n");
    return edge.run(transaction->finish()).to_line().substr(0, 9);
  };
  const auto set = [&](bool directory::OrganizationConfig::* option) {
    REQUIRE(edge.directory->set_organization_config("contoso",
                                                    [&](auto& config) { config.*option = true; }));
  };
  CHECK(send("x@phish.test", {"ann@contoso.test"}) == "250 2.0.0");
  set(&directory::OrganizationConfig::reject_direct_send_check_header_from);
  CHECK(send("x@phish.test", {"ann@contoso.test"}) == "250 2.0.0");
  set(&directory::OrganizationConfig::reject_direct_send);
  edge.trace.records.clear();
  CHECK(send("x@phish.test", {"ann@contoso.test", "bob@contoso.test"}) == "550 5.7.6");
  CHECK(edge.rows() ==
        "ann@contoso.test Reject 550 5.7.6 RejectDirectSendCheckHeaderFrom: contoso.test\n"
        "bob@contoso.test Reject 550 5.7.6 RejectDirectSendCheckHeaderFrom: contoso.test\n");
  CHECK(edge.trace.records[0].compauth == "fail 601");
  CHECK(edge.metrics.decisions.at("Reject", "5.7.68").value() == 2);

  CHECK(send("ceo@contoso.test", {"ann@contoso.test"}) == "550 5.7.6");
  const std::uint64_t delivered = edge.courier.delivered;
  edge.trace.records.clear();
  set(&directory::OrganizationConfig::reject_direct_send_allow_authenticated);
  CHECK(send("ceo@contoso.test", {"ann@contoso.test"}) == "550 5.7.6");
  CHECK(edge.rows() == "ann@contoso.test Reject 550 5.7.6 RejectDirectSend\n");
  CHECK(edge.trace.records[0].reasons[1] == "DirectSendToBeProven");
  CHECK(edge.courier.delivered == delivered);
}

TEST_CASE("where a connector vouches to some recipients only, the others' copies are kept") {
  Edge edge;
  REQUIRE(edge.directory->new_accepted_domain("contoso", {.name = "contoso.example"}));
  REQUIRE(edge.directory->new_recipient("contoso", {"cid@contoso.example", {}}));
  directory::InboundConnector connector;
  connector.name = "List";
  connector.sender_domains = {"*"};
  connector.require_tls = false;
  connector.sender_ip_addresses = {IpPrefix(edge.facts.client, edge.facts.client.width())};
  connector.associated_accepted_domains = {"contoso.example"};
  REQUIRE(edge.directory->new_inbound_connector("contoso", connector, directory::Force::no));
  REQUIRE(edge.directory->set_organization_config("contoso", [](auto& config) {
    config.reject_direct_send = config.reject_direct_send_check_header_from = true;
  }));
  const auto transaction = edge.begin("x@list.test");
  edge.add(*transaction, "cid@contoso.example");
  edge.add(*transaction, "ann@contoso.test");
  CHECK_FALSE(edge.run(transaction->begin_content()));
  edge.write(*transaction, "From: ceo@contoso.test\r\n\r\nHello.\r\n");
  CHECK(edge.run(transaction->finish()).code == 250);
  REQUIRE(edge.courier.treatments.recipients.size() == 2);
  CHECK(edge.courier.treatments.of(0) != delivery::Treatment::quarantine);
  CHECK(edge.courier.treatments.of(1) == delivery::Treatment::quarantine);
  CHECK(edge.trace.records[1].reasons[0] ==
        "RejectDirectSendCheckHeaderFrom: contoso.test, kept because other recipients get it");
}

TEST_CASE("what a stage lets in says so, at RCPT and after the content") {
  Edge edge;
  const auto send = [&](const std::string& reverse_path) {
    edge.trace.records.clear();
    const auto transaction = edge.begin(reverse_path);
    for (const char* recipient : {"ann@contoso.test", "bob@contoso.test"}) {
      const std::string reply = edge.add(*transaction, recipient);
      if (!reply.starts_with("250 ")) return reply.substr(0, 9);
    }
    CHECK_FALSE(edge.run(transaction->begin_content()));
    edge.write(*transaction, "From: ceo@contoso.test\r\n\r\nUrgent.\r\n");
    return edge.run(transaction->finish()).to_line().substr(0, 9);
  };
  const auto set = [&](const auto& edit) {
    REQUIRE(edge.directory->set_organization_config("contoso", edit));
  };
  // Policies may have something to say besides.
  const auto reasons = [&] {
    std::string text;
    for (const store::TraceRecord& record : edge.trace.records) {
      for (const std::string& reason : record.reasons) {
        if (reason.contains("RejectDirectSend")) text += reason + "\n";
      }
    }
    return text;
  };
  set([](auto& config) {
    config.reject_direct_send = config.reject_direct_send_check_header_from = true;
    config.reject_direct_send_mode = directory::EnforcementMode::audit;
  });
  CHECK(send("printer@contoso.test") == "250 2.0.0");
  CHECK(reasons() == "WouldRejectDirectSend: Audit\nWouldRejectDirectSend: Audit\n");
  CHECK(send("x@phish.test") == "250 2.0.0");
  CHECK(reasons() ==
        "WouldRejectDirectSendCheckHeaderFrom: contoso.test, Audit\n"
        "WouldRejectDirectSendCheckHeaderFrom: contoso.test, Audit\n");
  CHECK(edge.metrics.let_in.at("mode").value() == 4);

  // What may be proven and is not, is told after the content.
  set([](auto& config) { config.reject_direct_send_allow_authenticated = true; });
  CHECK(send("printer@contoso.test") == "250 2.0.0");
  CHECK(reasons() == "WouldRejectDirectSend: Audit\nWouldRejectDirectSend: Audit\n");
  CHECK(edge.metrics.let_in.at("mode").value() == 6);

  // One of two recipients is a pilot: the message is refused for him alone.
  set([](auto& config) {
    config.reject_direct_send_mode = directory::EnforcementMode::enforce;
    config.reject_direct_send_pilot_recipients = {"bob@contoso.test"};
  });
  CHECK(send("x@phish.test") == "250 2.0.0");
  CHECK(reasons() ==
        "WouldRejectDirectSendCheckHeaderFrom: contoso.test, PilotRecipients\n"
        "RejectDirectSendCheckHeaderFrom: contoso.test, kept because other recipients get it\n");
  CHECK(edge.courier.treatments.of(0) != delivery::Treatment::quarantine);
  CHECK(edge.courier.treatments.of(1) == delivery::Treatment::quarantine);
}

TEST_CASE("a refused message counts for the return to audit if its source has a history of proof") {
  Edge edge;
  REQUIRE(edge.directory->set_organization_config("contoso", [](auto& config) {
    config.reject_direct_send = true;
    config.reject_direct_send_return_to_audit_above = 1;
  }));
  const auto refuse = [&] {
    const auto transaction = edge.begin("printer@contoso.test");
    CHECK(edge.add(*transaction, "ann@contoso.test").starts_with("550 5.7.68"));
    CHECK(edge.add(*transaction, "bob@contoso.test").starts_with("550 5.7.68"));
  };
  for (int i = 0; i < 3; ++i) refuse();
  CHECK_MESSAGE(edge.due.empty(), "nothing is known of the source");

  const auto organization = edge.directory->snapshot()->find_organization("contoso");
  const policy::TrafficKeys keys = policy::traffic_keys(
      edge.spoofs->hash(), organization->id(),
      {.address = "printer@contoso.test", .domain = "contoso.test", .organization = "contoso.test"},
      policy::sending_source(edge.facts.client, {}, {}, nullptr));
  const auto prove = [&](int days_ago) {
    edge.spoofs->note_legitimate(keys, now() - std::chrono::days(days_ago));
    REQUIRE(edge.spoofs->flush(std::chrono::seconds(30)));
  };
  prove(1);
  for (int i = 0; i < 3; ++i) refuse();
  CHECK_MESSAGE(edge.due.empty(), "one day may have been one message, replayed");
  prove(0);
  refuse();
  CHECK_MESSAGE(edge.due.empty(), "two recipients are one message");
  refuse();
  REQUIRE(edge.due.size() == 1);
  CHECK(edge.due[0].refused == 2);
}
