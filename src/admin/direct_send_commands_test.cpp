#include <doctest/doctest.h>
#include <fmt/format.h>

#include "admin/test_desk.h"
#include "base/encoding.h"
#include "dns/zone.h"

using namespace postern;
using namespace postern::admin;

namespace {

constexpr std::string_view zone_text =
    "contoso.test. TXT \"v=spf1 ip4:192.0.2.10 include:vendor.test a:old.contoso.test -all\"\n"
    "vendor.test. TXT \"v=spf1 ip4:203.0.113.0/24 -all\"\n"
    "old.contoso.test. A 192.0.2.99\n";

/// A month of mail: 30 days with a scanner, a service that signs, a spoof and a printer with a
/// connector.
class ReportDesk : public TestDesk {
 public:
  ReportDesk() {
    traffic_ = std::move(*store::TrafficCounts::open({.folder = folder + "/traffic"}));
    trace = std::move(*store::TraceStore::open(
        {.folder = folder + "/followed",
         .follower = [this](std::span<const store::TraceRecord> all) { traffic_->add(all); }}));
    REQUIRE(call("New-Organization Contoso"));
    REQUIRE(call("New-AcceptedDomain contoso.test"));
    REQUIRE(call("New-AcceptedDomain contoso.example"));
  }
  ~ReportDesk() override { trace.reset(); }

  /// Within the same day, however near midnight is.
  Time at(int days_ago) const {
    const Time today = std::chrono::floor<std::chrono::days>(started_);
    return std::max(today, started_ - std::chrono::minutes(1)) - std::chrono::days(days_ago);
  }
  void record(std::string client, std::string sender, int days_ago, std::string spf,
              std::string recipient = "ann@contoso.test",
              const std::function<void(store::TraceRecord&)>& change = {}) {
    store::TraceRecord one;
    one.message_trace_id = random_uuid();
    one.forward_path = std::move(recipient);
    one.received = at(days_ago);
    one.client = std::move(client);
    one.reverse_path = std::move(sender);
    one.organization = "Contoso";
    one.direct_send = one.own_sender = true;
    one.decision = "Accept";
    one.spf = std::move(spf);
    if (change) change(one);
    trace->record(std::move(one));
  }
  void record_month() {
    for (int day = 0; day < 30; ++day) {
      record("192.0.2.10", "scan@contoso.test", day, "pass");
      record("198.51.100.20", "payroll@contoso.test", day, "softfail", "bob@contoso.test",
             [](store::TraceRecord& one) { one.dkim = {"pass d=contoso.test s=s1"}; });
      record("192.0.2.50", "printer@contoso.test", day, "none", "ann@contoso.test",
             [](store::TraceRecord& one) {
               one.direct_send = false;
               one.connector = "Printers";
             });
    }
    for (const char* name : {"ann", "bob", "carl"}) {
      const std::string address = fmt::format("{}@contoso.test", name);
      record("203.0.113.66", address, 3, "fail", address, [](store::TraceRecord& one) {
        one.decision = "Reject";
        one.reasons = {"RejectDirectSend"};
        one.hello = "[127.0.0.1]";
      });
    }
    // None of these are Direct Send.
    record("203.0.113.77", "x@bank.test", 1, "pass", "ann@contoso.test",
           [](store::TraceRecord& one) { one.direct_send = one.own_sender = false; });
    record("203.0.113.78", "x@phish.test", 1, "pass", "ann@contoso.test",
           [](store::TraceRecord& one) {
             one.direct_send = one.own_sender = false;
             one.author = "ceo@contoso.test";
           });
    record("192.0.2.10", "scan@contoso.test", 1, "temperror", "ann@contoso.test",
           [](store::TraceRecord& one) { one.decision = "Defer"; });
  }

  /// The properties of the row whose first property is `name`, with blanks between.
  std::string row(const std::string& line, std::string_view name,
                  std::initializer_list<std::string_view> properties) {
    const CommandResult result = call(line);
    REQUIRE_MESSAGE(result, result.error().message);
    for (const Value& value : result->values) {
      const Object& object = *value.get<Object>();
      if (object.properties().front().value.to_text() != name) continue;
      std::string text;
      for (const std::string_view property : properties) {
        REQUIRE_MESSAGE(object.find(property), property);
        text += (text.empty() ? "" : " ") + object.find(property)->to_text();
      }
      return text;
    }
    return "no row";
  }

 protected:
  Services services() override {
    Services services = TestDesk::services();
    services.traffic = traffic_.get();
    services.resolver = [] {
      return std::make_unique<dns::ZoneResolver>(*dns::Zone::parse(zone_text, "zone"));
    };
    return services;
  }

 private:
  const Time started_ = now();
  std::unique_ptr<store::TrafficCounts> traffic_;
};

constexpr std::string_view report = "Get-DirectSendReport -StartDate (Get-Date).AddDays(-40)";

}  // namespace

TEST_CASE("the report by source judges, and has the remedy to paste") {
  ReportDesk desk;
  desk.record_month();
  const std::string line(report);
  CHECK(desk.all(line, "Source") == "192.0.2.10 198.51.100.20 203.0.113.66 192.0.2.50");
  CHECK(desk.row(line, "192.0.2.10",
                 {"Count", "WouldBeRefused", "Refused", "Days", "SpfPass", "SpfOther", "Kind",
                  "Judgement"}) ==
        "30 30 0 30 30 0 Yours Passes SPF and has sent daily for 30 days: probably a device or "
        "service of yours.");
  CHECK(desk.row(line, "198.51.100.20", {"Kind", "DkimPass", "SpfTerm", "SpfDomain", "Remedy"}) ==
        "Yours 30 ip4:198.51.100.20 contoso.test New-InboundConnector -Name \"Direct Send "
        "198.51.100.20\" -ConnectorType Partner -SenderDomains * -SenderIPAddresses 198.51.100.20 "
        "-RequireTls $false");
  CHECK(desk.row(line, "203.0.113.66",
                 {"Count", "Refused", "SelfToSelf", "SenderCount", "Kind", "Remedy"}) ==
        "3 3 3 3 Spoof ");
  CHECK(desk.row(line, "192.0.2.50", {"Count", "WouldBeRefused", "Kind"}) == "30 0 Vouched");
  CHECK(desk.row(line, "203.0.113.66", {"Samples"}).size() == 36);
  const std::string told = desk.run(line);
  CHECK(
      told.contains("63 messages of 3 sources would have been refused: 60 messages of 2 sources "
                    "probably yours, 3 messages of 1 source probably spoofs."));
  CHECK(told.contains("in From only, with another in MAIL FROM: 1."));
}

TEST_CASE("by sender, by recipient, over time, of a part of the time, of a domain") {
  ReportDesk desk;
  desk.record_month();
  desk.record("192.0.2.11", "x@contoso.example", 2, "fail");
  const std::string line(report);
  CHECK(desk.row(line + " -GroupBy Sender", "scan@contoso.test",
                 {"Count", "WouldBeRefused", "Refused", "Sources"}) == "30 30 0 192.0.2.10");
  CHECK(desk.row(line + " -GroupBy Sender", "printer@contoso.test", {"Count", "WouldBeRefused"}) ==
        "30 0");
  CHECK(desk.row(line + " -GroupBy Recipient", "ann@contoso.test",
                 {"Count", "WouldBeRefused", "Refused"}) == "62 32 1");
  CHECK(desk.row(line + " -GroupBy Recipient -Domain contoso.example", "ann@contoso.test",
                 {"Count"}) == "1");
  CHECK(desk.all(line + " -Domain contoso.example", "Source") == "192.0.2.11");

  const std::string day = format_iso(desk.at(3));
  CHECK(desk.row(line + " -GroupBy Time", day.substr(0, 10) + "T00:00:00.000Z",
                 {"Count", "Vouched", "Yours", "Forwarder", "Unclear", "Spoof", "WouldBeRefused",
                  "Refused"}) == "6 1 2 0 0 3 5 3");
  CHECK(desk.row(line + " -GroupBy Time -Interval Hour", day.substr(0, 13) + ":00:00.000Z",
                 {"Count"}) == "6");
  CHECK(desk.row("Get-DirectSendReport -StartDate (Get-Date).AddDays(-2)", "192.0.2.10",
                 {"Count"}) == "2");
}

TEST_CASE("what is asked wrongly is told, and nothing is told as nothing") {
  ReportDesk desk;
  CHECK(desk.run("Get-DirectSendReport").contains("No mail with a reverse-path of yours"));
  CHECK(desk.run("Get-DirectSendReport -Domain elsewhere.test").contains("couldn't be found"));
  CHECK(desk.run("Get-DirectSendReport -Interval Hour").contains("-GroupBy Time"));
  CHECK(desk.run("Get-DirectSendReport -StartDate 2025-01-02 -EndDate 2025-01-01")
            .contains("after EndDate"));
  desk.record_month();
  CHECK(desk.run(std::string(report) + " -ResultSize 1").contains("more results"));
}

TEST_CASE("sources that a flood made too many to tell apart are told together") {
  ReportDesk desk;
  for (int i = 0; i < 1500; ++i) {
    desk.record(fmt::format("203.0.{}.{}", 100 + i / 250, i % 250), "ann@contoso.test", 1, "fail");
  }
  desk.record("192.0.2.10", "scan@contoso.test", 1, "pass");
  const std::string line(report);
  CHECK(desk.row(line, "192.0.2.10", {"Count", "Kind"}) == "1 Yours");
  const CommandResult result = desk.call(line + " -ResultSize Unlimited");
  REQUIRE(result);
  std::int64_t sum = 0;
  for (const Value& value : result->values)
    sum += *value.get<Object>()->find("Count")->get<std::int64_t>();
  CHECK(sum == 1501);
  CHECK(result->values.size() < 1100);
  CHECK(desk.row(line + " -ResultSize Unlimited", "203.0.102.0/24", {"Remedy", "Note"}) ==
        "None: the switch is the remedy.");
}

TEST_CASE("the SPF inventory compares the record with who sends") {
  ReportDesk desk;
  desk.record_month();
  const std::string line = "Get-SpfInventory -Domain contoso.test";
  CHECK(desk.all(line, "Term") ==
        "ip4:192.0.2.10 include:vendor.test a:old.contoso.test ip4:198.51.100.20");
  CHECK(desk.all(line, "Status") == "Seen Seen NeverSeen Missing");
  CHECK(desk.all(line, "Count") == "30 3 0 30");
  const CommandResult result = desk.call(line);
  const Object& missing = *result->values.at(3).get<Object>();
  CHECK(missing.find("Sources")->to_text() == "198.51.100.20");
  CHECK(missing.find("Suggestion")->to_text() ==
        "Add ip4:198.51.100.20 to the SPF record of contoso.test.");
  CHECK(result->values.at(2).get<Object>()->find("LastSeen")->is_null());
  CHECK(desk.run("Get-SpfInventory").contains("contoso.example has no SPF record."));
}
