// Waiting for answers of the DNS inside a coroutine, bounded in time.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <utility>
#include <vector>

#include "dns/answer.h"
#include "dns/ask.h"
#include "dns/resolver.h"

namespace postern::delivery {

using boost::asio::awaitable;

/// Asks all at once and adds the answers; what is open at `deadline` fails. `answers` stays where
/// it is until then; the resolver belongs to this thread and outlives its questions.
awaitable<void> ask_dns(dns::Resolver& resolver, std::vector<dns::Question> questions,
                        dns::AnswerSet& answers, std::chrono::steady_clock::time_point deadline);

}  // namespace postern::delivery
