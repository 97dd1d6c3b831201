#include "policy/composite.h"

#include <doctest/doctest.h>

#include <random>
#include <set>

#include "policy/spoof_verdict.h"

using namespace postern;
using namespace postern::policy;
using auth::DmarcPolicy;
using auth::DmarcResult;
using directory::CompositeAuthConfig;

namespace {

/// Evidence about a message of bob@bank.test, from 203.0.113.9, of which nothing is known.
struct Message {
  Message& dmarc(DmarcResult result, DmarcPolicy policy = DmarcPolicy::none) {
    evaluation.result = result;
    evaluation.policy = evaluation.applied_policy = policy;
    evaluation.record_domain = result == DmarcResult::none ? "" : evaluation.author_domain;
    return *this;
  }
  Message& author(std::string domain) {
    evaluation.author_domain = evaluation.organizational_domain = std::move(domain);
    return *this;
  }
  Message& own() {
    is_own = true;
    return *this;
  }
  Message& spf(std::string domain, auth::SpfResult result = auth::SpfResult::pass) {
    mail_from = {.result = result, .domain = domain};
    reverse_path_domain = std::move(domain);
    return *this;
  }
  Message& dkim(std::string domain, auth::DkimProblem problem = auth::DkimProblem::none) {
    signatures.push_back({.status = problem == auth::DkimProblem::none ? auth::DkimStatus::pass
                                                                       : auth::DkimStatus::fail,
                          .problem = problem,
                          .domain = std::move(domain)});
    return *this;
  }
  Message& named(std::string name) {
    iprev = {.result = auth::IprevResult::pass, .name = std::move(name), .has_pointer = true};
    return *this;
  }
  Message& exchanger(std::string name, const char* address = "192.0.2.1") {
    hosts.mail_exchangers.push_back(std::move(name));
    hosts.addresses.push_back(*IpAddress::parse(address));
    return *this;
  }
  Message& sealed(std::string method, std::string ptype, std::string property, std::string value) {
    if (!testimony) testimony = ArcTestimony{.instance = 1, .sealer = "fw.test"};
    testimony->results.push_back(
        {.method = std::move(method), .result = "pass", .properties = {{ptype, property, value}}});
    return *this;
  }
  Message& brought_by(Bringer who) {
    bringer = who;
    return *this;
  }

  CompositeFacts facts() const {
    return {.dmarc = &evaluation,
            .spf = &mail_from,
            .dkim = signatures,
            .reverse_path_domain = reverse_path_domain,
            .author_domains = authors,
            .own_author = is_own,
            .bringer = bringer,
            .hidden_client = hidden,
            .testimony = testimony ? &*testimony : nullptr,
            .client = *IpAddress::parse("203.0.113.9"),
            .iprev = &iprev,
            .hosts = &hosts,
            .suffixes = &suffixes};
  }
  CompositeAuthentication judge() const { return authenticate(facts(), signals, config); }
  std::string text() const { return to_text(judge()); }

  static inline const auth::PublicSuffixList suffixes =
      std::move(auth::PublicSuffixList::parse("test\nhost.test\n").value());
  auth::DmarcEvaluation evaluation{.author_domain = "bank.test",
                                   .organizational_domain = "bank.test"};
  auth::SpfEvaluation mail_from;
  std::vector<auth::DkimResult> signatures;
  std::string reverse_path_domain = "phish.example";
  std::size_t authors = 1;
  bool is_own = false;
  bool hidden = false;
  Bringer bringer = Bringer::stranger;
  std::optional<ArcTestimony> testimony;
  auth::Iprev iprev;
  auth::AuthorHosts hosts;
  Signals signals;
  CompositeAuthConfig config;
};

constexpr TrafficHistory long_history{.messages = 500, .days = 60};

}  // namespace

TEST_CASE("what is proven passes, and says how") {
  const auto pass = [] { return Message().dmarc(DmarcResult::pass, DmarcPolicy::reject); };
  CHECK(pass().spf("bank.test").text() == "pass 100");
  CHECK(pass().spf("bounce.bank.test").dkim("bank.test").text() == "pass 100");
  CHECK(pass().spf("mailer.example").dkim("bank.test").text() == "pass 101");
  CHECK(pass().own().spf("bank.test").text() == "pass 100");
}

TEST_CASE("without a record it would have passed, or the DNS failed where it did not matter") {
  CHECK(Message().spf("bank.test").text() == "pass 109");
  CHECK(Message().dkim("bank.test").text() == "pass 109");
  CHECK(Message().own().dkim("mail.bank.test").text() == "pass 109");
  CHECK(Message().spf("bank.test", auth::SpfResult::softfail).text() == "fail 001");
  // Of another registrable domain, or one that anybody can have.
  CHECK(Message().spf("phish.example").dkim("mailer.example").text() == "fail 001");
  CHECK(Message().author("a.host.test").dkim("b.host.test").text() == "fail 001");
  CHECK(Message().dmarc(DmarcResult::temperror).dkim("bank.test").text() == "pass 111");
  CHECK(Message().dmarc(DmarcResult::temperror).text() == "pass 112");
  CHECK(Message().dmarc(DmarcResult::temperror).own().text() == "fail 601");
  // HELO is no identifier of DMARC.
  Message greeted = Message().spf("bank.test");
  greeted.mail_from.identity = auth::SpfIdentity::helo;
  CHECK(greeted.text() == "fail 001");
}

TEST_CASE("what the author domain asks for, and an author of one's own") {
  const auto fails = [](DmarcPolicy policy) { return Message().dmarc(DmarcResult::fail, policy); };
  CHECK(fails(DmarcPolicy::quarantine).text() == "fail 000");
  CHECK(fails(DmarcPolicy::reject).text() == "fail 000");
  CHECK(fails(DmarcPolicy::reject).own().text() == "fail 010");
  CHECK(fails(DmarcPolicy::none).text() == "fail 001");
  CHECK(fails(DmarcPolicy::none).own().text() == "fail 601");
  CHECK(Message().text() == "fail 001");
  CHECK(Message().own().text() == "fail 601");
  // Explicit failure is not outweighed by where it came from.
  CHECK(fails(DmarcPolicy::reject).named("mail.bank.test").text() == "fail 000");
}

TEST_CASE("where it comes from") {
  CHECK(Message().named("mail.bank.test").text() == "pass 103");
  CHECK(Message().named("bank.test").own().text() == "pass 103");
  CHECK(Message().author("news.bank.test").named("bank.test").text() == "pass 104");
  CHECK(Message().author("news.bank.test").named("mail.bank.test").text() == "softpass 202");
  CHECK(Message().named("mx.host.example").exchanger("mx.host.example").text() == "pass 116");
  CHECK(Message().named("x7.pool.test").exchanger("mx.pool.test").text() == "softpass 202");
  CHECK(Message().exchanger("mx.pool.test", "203.0.113.200").text() == "softpass 201");
  CHECK(Message().exchanger("mx.pool.test", "203.0.112.200").text() == "fail 001");
  // Not by a name above the organization, such as that of a registry.
  CHECK(Message().author("a.host.test").named("host.test").text() == "fail 001");
  CHECK(Message().named("test").text() == "fail 001");
  // A name that is not confirmed is what the client likes it to be.
  Message claimed = Message().named("mail.bank.test");
  claimed.iprev.result = auth::IprevResult::fail;
  CHECK(claimed.text() == "fail 001");
}

TEST_CASE("half a sign does not do for an own domain") {
  const auto neighbour = [] { return Message().exchanger("mx.pool.test", "203.0.113.200"); };
  CHECK(neighbour().named("x7.pool.test").judge().implicit.weight == 80);
  CHECK(neighbour().named("x7.pool.test").own().text() == "fail 601");
  CHECK(neighbour().named("x7.pool.test").text() == "softpass 202");
}

TEST_CASE("the weights are the administrator's") {
  Message message = Message().named("x7.pool.test").exchanger("mx.pool.test");
  CHECK(to_text(message.judge().implicit, message.config) == "MailExchangerDomain 40");
  message.config.mail_exchanger_domain_weight = 100;
  CHECK(message.text() == "pass 116");
  message.config.mail_exchanger_domain_weight = 0;
  CHECK(message.text() == "fail 001");
  CHECK(to_text(message.judge().implicit, message.config).empty());
  message = Message().named("mail.bank.test");
  message.config.pass_threshold = 101;
  CHECK(message.text() == "softpass 202");
}

TEST_CASE("what a trusted sealer saw counts for the author it saw") {
  const auto forwarded = [] {
    return Message().dmarc(DmarcResult::fail, DmarcPolicy::reject).own();
  };
  CHECK(forwarded().sealed("dmarc", "header", "from", "bank.test").text() == "pass 130");
  CHECK(forwarded().sealed("dkim", "header", "d", "bank.test").text() == "pass 130");
  CHECK(forwarded().sealed("spf", "smtp", "mailfrom", "bob@BANK.test").text() == "pass 130");
  CHECK(forwarded()
            .dkim("bank.test", auth::DkimProblem::body_hash)
            .sealed("dkim", "header", "d", "bank.test")
            .text() == "pass 108");
  CHECK(forwarded().sealed("dmarc", "header", "from", "other.test").text() == "fail 010");
  CHECK(forwarded().sealed("dkim", "header", "s", "bank.test").text() == "fail 010");
}

TEST_CASE("what an administrator has said stands above what is guessed, below what is proven") {
  Message message = Message().named("mail.bank.test");
  message.signals.pair = SpoofPair::blocked;
  CHECK(message.text() == "fail 002");
  CHECK(message.spf("bank.test").dmarc(DmarcResult::pass).text() == "pass 100");
  CHECK(Message().own().brought_by(Bringer::connector).text() == "pass 115");
  CHECK(Message().own().brought_by(Bringer::own_servers).text() == "pass 115");
  CHECK(Message().brought_by(Bringer::own_servers).text() == "none 400");
  // A connector speaks for its organization, not for others.
  CHECK(Message()
            .dmarc(DmarcResult::fail, DmarcPolicy::reject)
            .brought_by(Bringer::connector)
            .text() == "fail 000");
}

TEST_CASE("behind a gateway nothing can be said, unless it is proven") {
  Message message = Message().dmarc(DmarcResult::fail, DmarcPolicy::reject);
  message.hidden = true;
  CHECK(message.text() == "none 905");
  CHECK(message.dkim("bank.test").dmarc(DmarcResult::pass).text() == "pass 101");
}

TEST_CASE("reports about sent mail, and a past without disputes") {
  Message message = Message().dmarc(DmarcResult::fail, DmarcPolicy::reject);
  message.signals.bounced = BouncedMail::known_contact;
  CHECK(message.text() == "none 501");
  message.signals.bounced = BouncedMail::sent_by_us;
  CHECK(message.text() == "none 502");

  message.signals = {.history = {.subnet = long_history, .author = long_history}};
  CHECK(message.text() == "pass 703");
  message.signals.history.dkim_domain = long_history;
  CHECK(message.text() == "pass 701");
  CHECK(message.own().text() == "fail 010");  // the own domain's own word
  CHECK(message.dmarc(DmarcResult::fail, DmarcPolicy::none).text() == "pass 701");
  message.signals.history = {.reverse_name = TrafficHistory{.messages = 500, .days = 6}};
  CHECK(message.text() == "fail 601");
  message.signals.history.reverse_name = TrafficHistory{.messages = 500, .days = 7, .disputed = 1};
  CHECK(message.text() == "fail 601");
  message.signals.history.reverse_name->disputed = 0;
  CHECK(message.text() == "pass 702");
  message.config.history_messages = 0;
  CHECK(message.text() == "fail 601");
}

TEST_CASE("an author that cannot be told, and several of them") {
  Message message;
  message.authors = 0;
  CHECK(message.text() == "none 300");
  // What speaks for one of them does not speak for the others.
  Message two = Message().named("mail.bank.test").spf("bank.test").own();
  two.authors = 2;
  CHECK(two.text() == "fail 601");
}

TEST_CASE("it is stamped as one more method") {
  const auto found = Message().own().judge();
  CHECK(to_text(found) == "fail 601");
  CHECK(mail::to_authentication_results_body(
            {.authserv_id = "mx.test", .results = {to_authentication_result(found, "bank.test")}})
            .contains("compauth=fail reason=601 header.from=bank.test"));
  CHECK(reason_text(0) == "000");
}

namespace {

/// Messages of every kind, from one seed each.
Message random_message(std::mt19937& random) {
  const auto one_in = [&](unsigned n) { return random() % n == 0; };
  Message message;
  message.dmarc(static_cast<DmarcResult>(random() % 5), static_cast<DmarcPolicy>(random() % 3));
  if (message.evaluation.result != DmarcResult::fail)
    message.evaluation.applied_policy = DmarcPolicy::none;
  if (one_in(2)) message.own();
  if (one_in(3)) message.spf(one_in(2) ? "bank.test" : "phish.example");
  if (one_in(3))
    message.dkim("bank.test", one_in(2) ? auth::DkimProblem::none : auth::DkimProblem::body_hash);
  if (one_in(3)) message.named(one_in(2) ? "mail.bank.test" : "x.pool.test");
  if (one_in(3)) message.exchanger("mx.pool.test", one_in(2) ? "203.0.113.1" : "192.0.2.1");
  if (one_in(4)) message.sealed("dmarc", "header", "from", one_in(2) ? "bank.test" : "other.test");
  message.hidden = one_in(6);
  message.bringer = static_cast<Bringer>(one_in(4) ? random() % 3 : 0);
  message.authors = one_in(6) ? random() % 3 : 1;
  message.signals.pair = static_cast<SpoofPair>(one_in(4) ? random() % 3 : 0);
  message.signals.bounced = static_cast<BouncedMail>(one_in(6) ? random() % 3 : 0);
  if (one_in(6)) message.signals.history.subnet = long_history;
  return message;
}

}  // namespace

TEST_CASE("properties of all verdicts") {
  std::mt19937 random(20261122);
  std::set<std::string> seen;
  for (int i = 0; i < 20'000; ++i) {
    Message message = random_message(random);
    const CompositeAuthentication found = message.judge();
    CAPTURE(to_text(found));
    CAPTURE(i);
    seen.insert(to_text(found));

    // The same input, the same verdict.
    const Message copy = message;
    CHECK(to_text(copy.judge()) == to_text(found));
    // The number tells the result.
    const int family = found.reason / 100;
    const CompositeResult expected = family == 1 || family == 7   ? CompositeResult::pass
                                     : family == 2                ? CompositeResult::softpass
                                     : family == 0 || family == 6 ? CompositeResult::fail
                                                                  : CompositeResult::none;
    CHECK(found.result == expected);
    // What DMARC has proven never fails.
    if (message.evaluation.result == DmarcResult::pass)
      CHECK(found.result == CompositeResult::pass);
    // 010 and 601 are about own domains only, and a stranger's forgery of one is never let by.
    if (found.reason == 10 || found.reason == 601) CHECK(message.is_own);
    if (message.is_own) CHECK(found.result != CompositeResult::softpass);

    // More evidence or more weight for the author never makes it worse.
    Message better = message;
    for (const auto& setting : directory::composite_settings) {
      if (setting.name.ends_with("Weight")) better.config.*setting.value += 1 + random() % 200;
    }
    CHECK(better.judge().result >= found.result);
    better = message;
    better.named("mail.bank.test");
    CHECK(better.judge().result >= found.result);
    better = message;
    better.sealed("dmarc", "header", "from", "bank.test");
    if (found.result != CompositeResult::none) CHECK(better.judge().result >= found.result);
    // An author of one's own is never judged more kindly for want of a connector.
    Message foreign = message;
    foreign.is_own = false;
    if (message.bringer == Bringer::stranger && found.result == CompositeResult::pass)
      CHECK(foreign.judge().result == CompositeResult::pass);

    // Only a failure has consequences, and an Allow takes them away.
    const directory::AntiPhishPolicy policy;
    const DmarcPolicy applied = message.evaluation.applied_policy;
    const auto action = spoof_verdict(found, applied, message.signals.pair, policy).action;
    if (found.result != CompositeResult::fail) CHECK(action == directory::SpoofAction::deliver);
    CHECK(spoof_verdict(found, applied, SpoofPair::allowed, policy).action ==
          directory::SpoofAction::deliver);
  }
  CHECK(seen.size() > 15);
}

TEST_CASE("every rule has a name and stands in the table once, and the last one is for the rest") {
  std::set<std::string_view> names;
  for (const CompositeRule& rule : composite_rules()) CHECK(names.insert(rule.name).second);
  CHECK(composite_rules().back().reason == 1);
}
