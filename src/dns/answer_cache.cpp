#include "dns/answer_cache.h"

#include <algorithm>
#include <utility>

namespace postern::dns {
namespace {

std::size_t bytes_of(const std::vector<std::string>& texts) {
  std::size_t bytes = texts.capacity() * sizeof(std::string);
  for (const std::string& text : texts) bytes += text.size();
  return bytes;
}

/// What an entry costs, about: its own parts, list and map nodes, and what the answer holds.
std::size_t bytes_of(const Question& question, const Answer& answer) {
  constexpr std::size_t nodes = 160;
  std::size_t bytes = nodes + sizeof(Answer) + 2 * (sizeof(Question) + question.name.size());
  bytes += answer.problem.size() + answer.addresses.capacity() * sizeof(IpAddress);
  bytes += bytes_of(answer.cname_chain) + bytes_of(answer.texts) + bytes_of(answer.names) +
           bytes_of(answer.raw);
  for (const MailExchange& exchange : answer.mail_exchanges)
    bytes += sizeof exchange + exchange.host.size();
  return bytes;
}

}  // namespace

std::chrono::seconds AnswerCache::lifetime(const Answer& answer) const {
  const std::chrono::seconds ttl(answer.ttl);
  switch (answer.status) {
    case Status::ok:
      return std::clamp(ttl, limits_.least, limits_.most);
    case Status::empty:
    case Status::nxdomain:
      return std::clamp(ttl, limits_.least, limits_.most_negative);
    case Status::failure:
      return limits_.failures;
  }
  return {};
}

AnswerSet::Shared AnswerCache::find(QuestionView question, Clock::time_point now) {
  const auto found = index_.find(question);
  if (found == index_.end() || found->second->expires <= now) {
    ++misses_;
    if (found != index_.end()) drop(found->second);
    return nullptr;
  }
  ++hits_;
  found->second->used = true;
  return found->second->answer;
}

void AnswerCache::add(const Question& question, AnswerSet::Shared answer, Clock::time_point now) {
  if (const auto found = index_.find(question); found != index_.end()) drop(found->second);
  const std::size_t bytes = bytes_of(question, *answer);
  // What would push everything else out is not worth keeping.
  if (bytes > limits_.bytes / 4 || limits_.entries == 0) return;
  while (entries_.size() == limits_.entries || bytes_ + bytes > limits_.bytes) make_room();
  const auto expires = now + lifetime(*answer);
  entries_.push_front({question, std::move(answer), expires, bytes});
  index_.emplace(question, entries_.begin());
  bytes_ += bytes;
}

void AnswerCache::make_room() {
  const auto last = std::prev(entries_.end());
  if (std::exchange(last->used, false)) {
    entries_.splice(entries_.begin(), entries_, last);
  } else {
    drop(last);
  }
}

void AnswerCache::clear() {
  index_.clear();
  entries_.clear();
  bytes_ = 0;
}

void AnswerCache::drop(Entries::iterator entry) {
  bytes_ -= entry->bytes;
  index_.erase(entry->question);
  entries_.erase(entry);
}

void CachingResolver::ask(const Question& question, Callback callback) {
  if (auto answer = cache_.find(question, now_())) {
    callback(std::move(answer));
    return;
  }
  const auto [waiting, is_first] = waiting_.try_emplace(question);
  waiting->second.push_back(std::move(callback));
  if (is_first)
    inner_.ask(question,
               [this, question](AnswerSet::Shared answer) { answered(question, answer); });
}

void CachingResolver::answered(const Question& question, const AnswerSet::Shared& answer) {
  cache_.add(question, answer, now_());
  // Taken out first: a callback may ask the same again.
  auto waiting = waiting_.extract(question);
  for (Callback& callback : waiting.mapped()) callback(answer);
}

}  // namespace postern::dns
