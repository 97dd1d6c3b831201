#include "delivery/outcome.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::delivery;

namespace {

RecipientOutcome ended(std::string forward_path, mail::Reply reply,
                       std::string hop = "lmtp:127.0.0.1:24") {
  const Fate fate = fate_of(reply);
  return {std::move(forward_path), fate, std::move(reply), std::move(hop)};
}

const mail::Reply saved{250, "2.0.0", "<ann> Saved"};
const mail::Reply full{452, "4.2.2", "Mailbox full"};
const mail::Reply unknown{550, "5.1.1", "No such user"};

}  // namespace

TEST_CASE("one deferred recipient makes the client come again, whatever the others got") {
  CHECK(conclude(std::vector{ended("a", saved)}) == Conclusion::safe);
  CHECK(conclude(std::vector{ended("a", saved), ended("b", full)}) == Conclusion::try_again);
  CHECK(conclude(std::vector{ended("a", saved), ended("b", full), ended("c", unknown)}) ==
        Conclusion::try_again);
  CHECK(conclude(std::vector{ended("a", unknown), ended("b", full)}) == Conclusion::try_again);
  CHECK(conclude(std::vector{ended("a", saved), ended("b", unknown)}) ==
        Conclusion::refused_in_part);
  CHECK(conclude(std::vector{ended("a", unknown), ended("b", unknown)}) == Conclusion::refused);
  std::vector kept{ended("a", saved), ended("b", unknown)};
  kept[1].fate = Fate::quarantined;
  CHECK(conclude(kept) == Conclusion::safe);
}

TEST_CASE("only 2xx is safe and only 5xx is final") {
  CHECK(fate_of({354, "", "go on"}) == Fate::deferred);
  CHECK(fate_of({421, "4.3.2", "closing"}) == Fate::deferred);
  CHECK(fate_of({552, "5.2.2", "over quota"}) == Fate::refused);
}

TEST_CASE("250 says under which id to look, and nothing of what stands behind the edge") {
  CHECK(safe_reply("7F3A").to_line() == "250 2.0.0 Ok: safe, id 7F3A");
}

TEST_CASE("the hop's own words go through where it is the only voice") {
  CHECK(try_again_reply(std::vector{ended("a", full), ended("b", full)}) == full);
  CHECK(refusal_reply(std::vector{ended("a", unknown), ended("b", unknown)}) == unknown);
}

TEST_CASE("where recipients differ the reply lists those that matter") {
  const auto again =
      try_again_reply(std::vector{ended("a@x", saved), ended("b@x", full), ended("c@x", unknown)});
  CHECK(again.code == 451);
  CHECK(again.text.ends_with("\n<b@x>: Mailbox full"));
  CHECK_FALSE(again.text.contains("<a@x>"));

  const auto refusal =
      refusal_reply(std::vector{ended("a@x", unknown), ended("b@x", {554, "5.7.1", "No"})});
  CHECK(refusal.to_line() == "550 5.1.1 <a@x>: No such user <b@x>: No");

  std::vector<RecipientOutcome> many(5000, ended("a@x", full));
  many.front() = ended("first@x", saved);
  CHECK(try_again_reply(many).text.size() < 1000);
}
