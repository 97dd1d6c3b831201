#include "policy/temp_error.h"

#include <doctest/doctest.h>

#include <vector>

using namespace postern;
using namespace postern::policy;
using auth::DkimStatus;
using auth::DmarcResult;
using auth::SpfResult;

namespace {

/// Evidence about a message whose author domain is mail.bank.test.
struct Message {
  Message& spf(SpfResult result, std::string domain = "mail.bank.test") {
    mail_from = {.result = result, .domain = std::move(domain)};
    return *this;
  }
  Message& dkim(DkimStatus status, std::string domain = "mail.bank.test") {
    signatures.push_back({.status = status, .domain = std::move(domain), .selector = "s1"});
    return *this;
  }
  Message& dmarc(DmarcResult result) {
    policy.result = result;
    return *this;
  }
  Message& aligned(auth::DmarcMethod method, std::string domain) {
    policy.identifiers.push_back(
        {.identifier = {method, std::move(domain), auth::IdentifierStatus::temperror},
         .alignment = auth::Alignment::relaxed,
         .is_aligned = true});
    return *this;
  }
  /// The reason, or nothing.
  std::string reason(bool vouched = false, bool asked_for = true) const {
    const auto deferral = defer_on_temp_error(
        {.spf = &mail_from, .dkim = signatures, .dmarc = &policy, .vouched = vouched},
        {.defer_on_temp_error = asked_for});
    return deferral ? deferral->reason : "";
  }

  auth::SpfEvaluation mail_from;
  std::vector<auth::DkimResult> signatures;
  auth::DmarcEvaluation policy{.author_domain = "mail.bank.test"};
};

const std::string spf_reason = "DeferOnTempError: SPF of mail.bank.test";
const std::string dkim_reason = "DeferOnTempError: DKIM of mail.bank.test (selector s1)";
const std::string dmarc_reason = "DeferOnTempError: DMARC of mail.bank.test";

}  // namespace

TEST_CASE("the reply says what could not be looked up, and that it is for now") {
  const Message message = Message().spf(SpfResult::temperror);
  const auto deferral = defer_on_temp_error({.spf = &message.mail_from, .dmarc = &message.policy},
                                            {.defer_on_temp_error = true});
  REQUIRE(deferral);
  CHECK(deferral->reply.to_line() ==
        "451 4.4.3 SPF of mail.bank.test cannot be checked because the DNS does not answer, please "
        "try again later");
}

TEST_CASE("nobody is deferred whose organization did not ask for it, or who is vouched for") {
  const Message message =
      Message().spf(SpfResult::temperror).dkim(DkimStatus::temperror).dmarc(DmarcResult::temperror);
  CHECK(message.reason() == dmarc_reason);
  CHECK(message.reason(false, false).empty());
  CHECK(message.reason(true).empty());
}

TEST_CASE("what DMARC lacks is told by its name") {
  Message message;
  message.dmarc(DmarcResult::temperror);
  CHECK(message.reason() == dmarc_reason);
  CHECK(Message(message).aligned(auth::DmarcMethod::spf, "bank.test").reason() ==
        "DeferOnTempError: SPF of bank.test");
  CHECK(Message(message)
            .dkim(DkimStatus::fail)
            .dkim(DkimStatus::temperror)
            .aligned(auth::DmarcMethod::dkim, "mail.bank.test")
            .reason() == dkim_reason);
}

TEST_CASE("once DMARC passes or fails, no answer could change it") {
  for (const DmarcResult result : {DmarcResult::pass, DmarcResult::fail}) {
    CHECK(Message()
              .spf(SpfResult::temperror)
              .dkim(DkimStatus::temperror)
              .dmarc(result)
              .reason()
              .empty());
  }
}

TEST_CASE("without a policy SPF and the author's signatures count") {
  CHECK(Message().spf(SpfResult::temperror).reason() == spf_reason);
  CHECK(Message().dkim(DkimStatus::temperror).reason() == dkim_reason);
  CHECK(Message().dkim(DkimStatus::temperror, "bank.test").reason().contains("DKIM of bank.test"));
  CHECK(Message().dkim(DkimStatus::temperror, "x.mail.bank.test").reason().contains("DKIM of x."));
  // A mailing list's or a mail service's.
  CHECK(Message().dkim(DkimStatus::temperror, "list.test").reason().empty());
  CHECK(Message().spf(SpfResult::temperror, "list.test").reason().contains("SPF of list.test"));
  CHECK(Message().spf(SpfResult::fail).dkim(DkimStatus::permerror).reason().empty());
  CHECK(Message().reason().empty());
}

TEST_CASE("without a policy one pass of the author's domain is enough") {
  CHECK(Message().spf(SpfResult::temperror).dkim(DkimStatus::pass).reason().empty());
  CHECK(Message().spf(SpfResult::pass).dkim(DkimStatus::temperror).reason().empty());
  CHECK(Message().dkim(DkimStatus::temperror).dkim(DkimStatus::pass, "bank.test").reason().empty());
  // Anybody's is not.
  CHECK(Message().spf(SpfResult::temperror).dkim(DkimStatus::pass, "list.test").reason() ==
        spf_reason);
  CHECK(Message().spf(SpfResult::pass, "list.test").dkim(DkimStatus::temperror).reason() ==
        dkim_reason);
}

TEST_CASE("without an author domain only SPF can be missing") {
  Message message;
  message.policy = {.result = DmarcResult::permerror};
  CHECK(Message(message).dkim(DkimStatus::temperror).reason().empty());
  CHECK(Message(message).spf(SpfResult::temperror).reason() == spf_reason);
}

TEST_CASE("a null reverse-path and a client without a name leave nothing for SPF") {
  const Message message;
  CHECK_FALSE(defer_on_temp_error({.dmarc = &message.policy}, {.defer_on_temp_error = true}));
}
