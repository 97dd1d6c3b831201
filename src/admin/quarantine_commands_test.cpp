// The quarantine's cmdlets over files and rows of their own, with a next hop that says what a test
// wants.
#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "admin/quarantine_desk.h"
#include "admin/test_desk.h"
#include "base/encoding.h"
#include "delivery/content.h"

using namespace postern;
using namespace postern::admin;

namespace {

/// As posternd keeps it: a message for some recipients.
class Keeper : public TestDesk {
 public:
  Keeper()
      : rows(std::move(*store::QuarantineRows::open(folder + "/quarantine.db"))),
        quarantine(std::move(*delivery::QuarantineFolder::open(folder + "/quarantine", pool))),
        desk{.rows = *rows,
             .folder = *quarantine,
             .deliver = [this](delivery::Envelope envelope, const std::string& forward_path,
                               std::string content,
                               delivery::Edit edit) -> Result<delivery::RecipientOutcome> {
               if (is_down) return fail("The next hop has not answered.");
               sent.push_back({forward_path, edit.prepend + content, envelope.reverse_path.text});
               return delivery::RecipientOutcome{.forward_path = forward_path,
                                                 .fate = delivery::fate_of(reply),
                                                 .reply = reply,
                                                 .next_hop = "lmtp:127.0.0.1:24",
                                                 .hop_address = "127.0.0.1"};
             },
             .send_digests =
                 [this](const directory::Organization&, const std::string& recipient) {
                   digests.push_back(recipient);
                   return Result<std::size_t>(1);
                 }} {
    REQUIRE(quarantine->use_rows(*rows, [](std::string_view) { return std::string(); }));
    REQUIRE(call("New-Organization Contoso"));
    REQUIRE(call("New-AcceptedDomain contoso.com"));
  }

  void keep(std::vector<std::string> recipients, std::string text, std::string reason = "Forged") {
    delivery::ContentStore store(folder, {}, pool);
    delivery::Content content(store);
    boost::asio::io_context io;
    boost::asio::co_spawn(io, content.append(text), [](std::exception_ptr, auto) {});
    io.run();
    delivery::Envelope envelope;
    envelope.id = "0197b1c2-0000-7000-8000-000000000001";
    envelope.reverse_path = *mail::parse_mailbox("bob@fabrikam.test");
    envelope.organization = directory->snapshot()->find_organization("Contoso")->guid().to_string();
    envelope.direction = "Incoming";
    std::vector<delivery::RecipientOutcome> outcomes;
    for (std::string& one : recipients) {
      store::TraceRecord record;
      record.message_trace_id = envelope.id;
      record.forward_path = one;
      record.received = now();
      record.organization = "Contoso";
      record.status = store::TraceStatus::quarantined;
      record.reasons = {reason};
      trace->record(std::move(record));
      outcomes.push_back(
          {std::move(one), delivery::Fate::quarantined, {250, "2.0.0", "Kept"}, "", ""});
    }
    REQUIRE(quarantine->keep_now(envelope, outcomes, reason, content, {}, now()));
  }

  std::vector<Value> values(std::string_view line) {
    const auto result = call(line);
    REQUIRE_MESSAGE(result, line);
    return result->values;
  }
  std::string property(const Value& value, std::string_view name) {
    const Value* found = value.get<Object>()->find(name);
    return found == nullptr ? "" : found->to_text();
  }
  std::string identity_of(const std::string& recipient) {
    const auto found = values("Get-QuarantineMessage -RecipientAddress " + recipient);
    REQUIRE(found.size() == 1);
    return property(found.front(), "Identity");
  }
  std::string error(std::string_view line) {
    const auto result = call(line);
    return result ? "" : result.error().message;
  }

  struct Sent {
    std::string forward_path;
    std::string text;
    std::string reverse_path;
  };
  net::BlockingPool pool{1, 10};
  std::unique_ptr<store::QuarantineRows> rows;
  std::unique_ptr<delivery::QuarantineFolder> quarantine;
  std::vector<Sent> sent;
  std::vector<std::string> digests;
  mail::Reply reply{250, "2.0.0", "Ok"};
  bool is_down = false;
  QuarantineDesk desk;

 protected:
  Services services() override {
    Services given = TestDesk::services();
    given.quarantine = &desk;
    return given;
  }
};

const std::string text =
    "From: ceo@contoso.com\r\nSubject: Invoice\r\nMessage-ID: <1@x>\r\n\r\nPay now.\r\n";

}  // namespace

TEST_CASE("what is kept is listed and shown") {
  Keeper keeper;
  keeper.keep({"ann@contoso.com", "bob@contoso.com"}, text);
  keeper.keep({"cid@contoso.com"}, "Subject: other\r\n\r\n", "NextHopRefused");
  CHECK(keeper.values("Get-QuarantineMessage").size() == 3);
  CHECK(keeper.values("Get-QuarantineMessage -QuarantineTypes Phish").size() == 2);
  CHECK(keeper.values("Get-QuarantineMessage -Type NextHopRefused").size() == 1);
  CHECK(keeper.values("Get-QuarantineMessage -QuarantineTypes Spam").empty());
  CHECK(keeper.values("Get-QuarantineMessage -PolicyTypes AntiPhishPolicy").size() == 2);
  CHECK(keeper.values("Get-QuarantineMessage -PolicyTypes AntiMalwarePolicy").empty());
  CHECK(keeper.values("Get-QuarantineMessage -PolicyTypes AntiPhishPolicy -Type phish").size() ==
        2);
  CHECK(keeper.values("Get-QuarantineMessage -PolicyTypes AntiPhishPolicy -Type NextHopRefused")
            .empty());
  CHECK(keeper.values("Get-QuarantineMessage -ReleaseStatus Released").empty());
  CHECK(keeper.values("Get-QuarantineMessage -ReleaseStatus NotReleased").size() == 3);
  CHECK(keeper.values("Get-QuarantineMessage -Direction Outbound").empty());
  CHECK(
      keeper.values("Get-QuarantineMessage -SenderAddress *@fabrikam.test -Subject inv*").size() ==
      2);
  CHECK(keeper.values("Get-QuarantineMessage -EndReceivedDate 2025-01-01").empty());
  CHECK(keeper.error("Get-QuarantineMessage -StartReceivedDate 2025-01-01").contains("30 days"));
  CHECK(keeper.error("Get-QuarantineMessage -PageSize 0").contains("PageSize"));
  const auto page = keeper.call("Get-QuarantineMessage -PageSize 2");
  REQUIRE(page);
  CHECK(page->values.size() == 2);
  REQUIRE(page->warnings.size() == 1);
  CHECK(page->warnings.front().contains("-Page 2"));
  CHECK(keeper.values("Get-QuarantineMessage -PageSize 2 -Page 2").size() == 1);

  const std::string identity = keeper.identity_of("ann@contoso.com");
  const auto one = keeper.values("Get-QuarantineMessage " + identity);
  REQUIRE(one.size() == 1);
  CHECK(keeper.property(one.front(), "RecipientAddress") == "ann@contoso.com");
  CHECK(keeper.property(one.front(), "Reason") == "Forged");
  CHECK(keeper.property(one.front(), "Author") == "ceo@contoso.com");
  CHECK(keeper.values("Get-QuarantineMessage " + identity.substr(0, 36)).size() == 2);
  CHECK(keeper.property(keeper.values("Preview-QuarantineMessage " + identity).front(), "Body") ==
        "Pay now.\n");
  CHECK(from_base64(keeper.property(keeper.values("Export-QuarantineMessage " + identity).front(),
                                    "Eml")) == text);
  CHECK(keeper.property(keeper.values("Get-QuarantineMessageHeader " + identity).front(), "Header")
            .starts_with("From: ceo@contoso.com\nSubject: Invoice\n"));
  for (const char* wrong : {"x", "../../etc/passwd", "0c0e1d7a-53a4-4e0b-9f5c-3a0f3b1f2d11"})
    CHECK(keeper.error(std::string("Preview-QuarantineMessage ") + wrong).contains("found"));
}

TEST_CASE("another organization sees nothing of it") {
  Keeper keeper;
  keeper.keep({"ann@contoso.com"}, text);
  const std::string identity = keeper.identity_of("ann@contoso.com");
  REQUIRE(keeper.call("New-Organization Fabrikam"));
  CHECK(keeper.values("Get-QuarantineMessage -Organization Fabrikam").empty());
  for (const char* verb : {"Get", "Preview", "Export", "Delete"}) {
    const std::string line = std::string(verb) + "-QuarantineMessage " + identity;
    CHECK(keeper.error(line + " -Organization Fabrikam").contains("couldn't be found"));
  }
  CHECK(
      keeper
          .error("Release-QuarantineMessage " + identity + " -ReleaseToAll -Organization Fabrikam")
          .contains("couldn't be found"));
  CHECK(keeper.sent.empty());
}

TEST_CASE("a release is delivered once, and is an event on the trace's row") {
  Keeper keeper;
  keeper.keep({"ann@contoso.com", "bob@contoso.com"}, text);
  const std::string identity = keeper.identity_of("ann@contoso.com");
  const std::string release = "Release-QuarantineMessage " + identity;
  CHECK(keeper.error(release).contains("-ReleaseToAll or -User"));
  CHECK(keeper.call(release + " -ReleaseToAll -WhatIf")->warnings.front().contains("ann@contoso"));
  CHECK(keeper.sent.empty());
  REQUIRE(keeper.call(release + " -ReleaseToAll"));
  REQUIRE(keeper.sent.size() == 1);
  CHECK(keeper.sent.front().forward_path == "ann@contoso.com");
  CHECK(keeper.sent.front().reverse_path == "bob@fabrikam.test");
  CHECK(keeper.sent.front().text.starts_with("X-Postern-Released: 20"));
  CHECK(keeper.sent.front().text.ends_with(text));
  CHECK(keeper.property(keeper.values("Get-QuarantineMessage " + identity).front(),
                        "ReleaseStatus") == "Released");

  const auto again = keeper.call(release + " -ReleaseToAll");
  REQUIRE(again);
  CHECK(again->warnings.front().contains("released to ann@contoso.com already"));
  CHECK(keeper.sent.size() == 1);
  REQUIRE(keeper.call(release + " -ReleaseToAll -Force"));
  CHECK(keeper.sent.size() == 2);

  const auto rows = keeper.values("Get-MessageTraceV2");
  REQUIRE(rows.size() == 2);
  for (const Value& row : rows) {
    const bool is_ann = keeper.property(row, "RecipientAddress") == "ann@contoso.com";
    CHECK(keeper.property(row, "Status") == (is_ann ? "Delivered" : "Quarantined"));
    CHECK(keeper.property(row, "Reason").contains("Released: ") == is_ann);
    CHECK(keeper.property(row, "Reason").contains(" by test") == is_ann);
    CHECK(keeper.property(row, "Reason").contains("Forged"));
  }
}

TEST_CASE("what the next hop does not take stays") {
  Keeper keeper;
  keeper.keep({"ann@contoso.com", "bob@contoso.com"}, text);
  const std::string message = keeper.identity_of("ann@contoso.com").substr(0, 36);
  const std::string release = "Release-QuarantineMessage " + message + " -User bob@contoso.com";
  keeper.reply = {452, "4.2.2", "Mailbox full"};
  CHECK(keeper.error(release).contains("452 4.2.2 Mailbox full"));
  keeper.is_down = true;
  CHECK(keeper.error(release).contains("stays in quarantine"));
  CHECK(keeper.values("Get-QuarantineMessage -ReleaseStatus NotReleased").size() == 2);
  keeper.is_down = false;
  keeper.reply = {250, "2.0.0", "Ok"};
  REQUIRE(keeper.call(release));
  CHECK(keeper.values("Get-QuarantineMessage -ReleaseStatus Released").size() == 1);
  CHECK(keeper.error("Release-QuarantineMessage " + message + " -User eve@contoso.com")
            .contains("has no copy"));
}

TEST_CASE("a deleted message is gone when its last recipient is") {
  Keeper keeper;
  keeper.keep({"ann@contoso.com", "bob@contoso.com"}, text);
  const std::string ann = keeper.identity_of("ann@contoso.com");
  const std::string bob = keeper.identity_of("bob@contoso.com");
  REQUIRE(keeper.call("Delete-QuarantineMessage " + ann + " -WhatIf"));
  CHECK(keeper.values("Get-QuarantineMessage").size() == 2);
  REQUIRE(keeper.call("Delete-QuarantineMessage " + ann));
  CHECK(keeper.values("Get-QuarantineMessage").size() == 1);
  CHECK(keeper.quarantine->messages() == 1);
  CHECK(keeper.error("Release-QuarantineMessage " + ann + " -ReleaseToAll").contains("found"));
  REQUIRE(keeper.call("Delete-QuarantineMessage " + bob));
  CHECK(keeper.quarantine->messages() == 0);
}

TEST_CASE("content is for operators") {
  Keeper keeper;
  keeper.keep({"ann@contoso.com"}, text);
  const std::string identity = keeper.identity_of("ann@contoso.com");
  keeper.caller.role = store::Role::viewer;
  CHECK(keeper.values("Get-QuarantineMessage").size() == 1);
  for (const char* cmdlet : {"Preview-QuarantineMessage", "Export-QuarantineMessage",
                             "Get-QuarantineMessageHeader", "Delete-QuarantineMessage"})
    CHECK(keeper.error(std::string(cmdlet) + " " + identity).contains("needs the role operator"));
  keeper.caller.role = store::Role::operator_;
  REQUIRE(keeper.call("Release-QuarantineMessage " + identity + " -ReleaseToAll"));
}

TEST_CASE("a digest is sent now") {
  Keeper keeper;
  REQUIRE(keeper.call("Send-QuarantineDigest"));
  REQUIRE(keeper.call("Send-QuarantineDigest ann@contoso.com"));
  REQUIRE(keeper.call("Send-QuarantineDigest -WhatIf"));
  CHECK(keeper.digests == std::vector<std::string>{"", "ann@contoso.com"});
}

TEST_CASE("where and when digests and junk go is set") {
  Keeper keeper;
  const auto config = [&](const char* name) {
    return keeper.property(keeper.values("Get-OrganizationConfig").front(), name);
  };
  CHECK(config("QuarantineDigest") == "Off");
  REQUIRE(keeper.call("Set-OrganizationConfig -QuarantineDigest weekly -QuarantineDigestHour 23"));
  CHECK(config("QuarantineDigest") == "Weekly");
  CHECK(config("QuarantineDigestHour") == "23");
  for (const char* hour : {"24", "-1", "1000"})
    CHECK(keeper.error(std::string("Set-OrganizationConfig -QuarantineDigestHour ") + hour)
              .contains("0 to 23"));

  const auto junk = [&] {
    return keeper.property(keeper.values("Get-AcceptedDomain").front(), "JunkDelivery");
  };
  CHECK(junk() == "header");
  REQUIRE(keeper.call("Set-AcceptedDomain contoso.com -JunkDelivery detail:Spam"));
  CHECK(junk() == "detail:Spam");
  for (const char* wrong : {"detail:", "folder", "detail:../x", "detail:a@b"})
    CHECK(keeper.error(std::string("Set-AcceptedDomain contoso.com -JunkDelivery '") + wrong + "'")
              .contains("JunkDelivery"));
  REQUIRE(keeper.call("Set-AcceptedDomain contoso.com -JunkDelivery header"));
  CHECK(junk() == "header");
}
