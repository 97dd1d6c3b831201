#include "edge/sender_checks.h"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <utility>

#include "dns/ask.h"

using namespace postern;
using namespace postern::edge;

namespace {

/// Knows SPF records by domain; answers what it was asked when the test says so.
class Records final : public dns::Resolver {
 public:
  void ask(const dns::Question& question, Callback callback) override {
    asked += question.name + " ";
    waiting.emplace(question.name, std::move(callback));
  }
  std::shared_ptr<const dns::Answer> known(dns::QuestionView question) override {
    return cache.contains(std::string(question.name)) ? answer(std::string(question.name))
                                                      : nullptr;
  }
  int descriptor() const override { return -1; }
  void process() override {}

  void answer_one(const std::string& name) {
    auto node = waiting.extract(name);
    REQUIRE(node);
    node.mapped()(answer(name));
  }

  std::string asked;
  bool fails = false;
  std::map<std::string, std::string> cache;  ///< answered without asking

 private:
  std::shared_ptr<const dns::Answer> answer(const std::string& name) {
    if (fails) return dns::make_failure("SERVFAIL");
    const auto cached = cache.find(name);
    return std::make_shared<dns::Answer>(dns::Answer{
        .status = dns::Status::ok,
        .texts = {cached != cache.end() ? cached->second : "v=spf1 ip4:192.0.2.1 -all"}});
  }

  std::map<std::string, Callback> waiting;
};

struct Session {
  SpfAsking asking() { return {asker, records, server_name, now()}; }
  std::shared_ptr<Pending<SpfOutcome>> mail(const mail::Mailbox& reverse_path) {
    if (!helo) helo = begin_helo(asking(), client);
    asked = std::make_shared<dns::Asked>();
    return begin_spf(asking(), client, reverse_path, helo, asked);
  }
  /// The names that the last message's answers are about.
  std::string answered() const {
    std::string names;
    for (const auto& [question, answer] : asked->entries()) names += question.name + " ";
    return names;
  }

  boost::asio::io_context io{1};
  Records resolver;
  Asker asker{io, resolver};
  auth::SpfRecordCache records;
  std::string server_name = "mx.contoso.test";
  ClientFacts client{*IpAddress::parse("192.0.2.1"), "mail.bank.test"};
  std::shared_ptr<Pending<SharedHelo>> helo;
  std::shared_ptr<dns::Asked> asked;
};

}  // namespace

TEST_CASE("all mail of a session shares what is known of HELO, and has its answers") {
  Session session;
  session.resolver.cache = {{"bank.test", "v=spf1 -all"}, {"mail.bank.test", "v=spf1 -all"}};
  const auto first = session.mail(mail::parse_mailbox("ann@bank.test").value());
  REQUIRE(first->is_ready());
  CHECK(first->get()->main_evaluation()->result == auth::SpfResult::fail);
  CHECK(first->get()->helo->spf.evaluation.domain == "mail.bank.test");
  CHECK(first->get()->helo->field.starts_with("Received-SPF: fail"));
  const std::string answered = session.answered();
  CHECK(answered.contains("mail.bank.test "));
  CHECK(answered.starts_with("bank.test "));

  // Nothing of it is asked for, or even looked up, a second time.
  session.resolver.cache.erase("mail.bank.test");
  const auto second = session.mail(mail::parse_mailbox("bob@bank.test").value());
  REQUIRE(second->is_ready());
  CHECK(second->get()->helo == first->get()->helo);
  CHECK(session.answered() == answered);
  CHECK(session.resolver.asked.empty());
}

TEST_CASE("the identities are asked about at the same time, whichever is answered first") {
  for (const bool helo_first : {true, false}) {
    Session session;
    const auto outcome = session.mail(mail::parse_mailbox("ann@bank.test").value());
    CHECK(session.resolver.asked == "mail.bank.test bank.test ");
    session.resolver.answer_one(helo_first ? "mail.bank.test" : "bank.test");
    CHECK_FALSE(outcome->is_ready());
    session.resolver.answer_one(helo_first ? "bank.test" : "mail.bank.test");
    REQUIRE(outcome->is_ready());
    CHECK(outcome->get()->mail_from->evaluation.result == auth::SpfResult::pass);
    CHECK(outcome->get()->helo->spf.evaluation.result == auth::SpfResult::pass);
    CHECK(session.answered().contains("mail.bank.test "));
  }
}

TEST_CASE("what the DNS failed to say of HELO is asked for again") {
  Session session;
  const auto helo = begin_helo(session.asking(), session.client);
  CHECK_FALSE(has_failed(*helo));  // not yet known
  session.resolver.fails = true;
  session.resolver.answer_one("mail.bank.test");
  REQUIRE(helo->is_ready());
  CHECK(has_failed(*helo));

  session.resolver.fails = false;
  const auto again = begin_helo(session.asking(), session.client);
  session.resolver.answer_one("mail.bank.test");
  CHECK_FALSE(has_failed(*again));
  session.client.hello = "printer";
  CHECK_FALSE(has_failed(*begin_helo(session.asking(), session.client)));
}

TEST_CASE("what the DNS failed to say of the reverse name is asked for again") {
  Session session;
  const auto iprev = begin_iprev(session.asker, session.client.address);
  CHECK_FALSE(has_failed(*iprev));  // not yet known
  session.resolver.fails = true;
  session.resolver.answer_one("1.2.0.192.in-addr.arpa");
  REQUIRE(iprev->is_ready());
  CHECK(has_failed(*iprev));

  session.resolver.fails = false;
  const auto again = begin_iprev(session.asker, session.client.address);
  session.resolver.answer_one("1.2.0.192.in-addr.arpa");
  REQUIRE(again->is_ready());
  CHECK_FALSE(has_failed(*again));
}

TEST_CASE("a null reverse-path is HELO's, and an address literal nobody's") {
  Session session;
  session.resolver.cache = {{"mail.bank.test", "v=spf1 ip4:192.0.2.1 -all"}};
  const auto null = session.mail({});
  REQUIRE(null->is_ready());
  CHECK(null->get()->mail_from->evaluation.domain == "mail.bank.test");
  CHECK(null->get()->helo == nullptr);

  const auto literal = session.mail(mail::parse_mailbox("ann@[192.0.2.1]").value());
  REQUIRE(literal->is_ready());
  CHECK(literal->get()->mail_from == nullptr);
  CHECK(literal->get()->main() == &literal->get()->helo->spf);

  session.client.hello = "printer";
  session.helo = nullptr;
  const auto neither = session.mail({});
  REQUIRE(neither->is_ready());
  CHECK(neither->get()->main() == nullptr);
}
