#include "delivery/ask_dns.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>

namespace postern::delivery {
namespace {

namespace asio = boost::asio;

/// Shared with the resolver, which may answer when nobody waits any more.
struct Round {
  explicit Round(const asio::any_io_executor& executor) : timer(executor) {}
  std::vector<std::pair<dns::Question, dns::AnswerSet::Shared>> answered;
  std::size_t open = 0;
  asio::steady_timer timer;
};

}  // namespace

awaitable<void> ask_dns(dns::Resolver& resolver, std::vector<dns::Question> questions,
                        dns::AnswerSet& answers, std::chrono::steady_clock::time_point deadline) {
  auto executor = co_await asio::this_coro::executor;
  auto round = std::make_shared<Round>(executor);
  round->open = questions.size();
  round->timer.expires_at(deadline);
  for (const dns::Question& question : questions) {
    resolver.ask(question, [round, question](dns::AnswerSet::Shared answer) {
      round->answered.emplace_back(question, std::move(answer));
      if (--round->open == 0) round->timer.cancel();
    });
  }
  if (round->open > 0) {
    boost::system::error_code ignored;
    co_await round->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  for (auto& [question, answer] : round->answered) answers.add(question, std::move(answer));
  for (dns::Question& question : questions) {
    if (answers.find(question) == nullptr)
      answers.add(std::move(question), dns::make_failure("timeout"));
  }
}

}  // namespace postern::delivery
