// Answers that were asked for before, for as long as their time to live allows.
//
// libunbound has a cache too, but behind a thread and a wire format. This one hands out the same
// shared Answer again: no bytes are decoded twice.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <vector>

#include "dns/answer.h"
#include "dns/resolver.h"

namespace postern::dns {

struct CacheLimits {
  std::size_t entries = 50'000;
  std::size_t bytes = 32 * 1024 * 1024;
  /// Even an answer with TTL 0 lives as long as the evaluation of one message.
  std::chrono::seconds least{5};
  /// So that a domain owner's repair is seen soon.
  std::chrono::seconds most{3600};
  std::chrono::seconds most_negative{900};
  /// RFC 2308 section 7: failures must not be kept for long.
  std::chrono::seconds failures{5};
};

/// Belongs to one thread. When it is full, the oldest entry goes; if it was used it becomes the
/// newest instead, and the next oldest is looked at. So a find does not touch other entries.
class AnswerCache {
 public:
  using Clock = std::chrono::steady_clock;

  explicit AnswerCache(const CacheLimits& limits = {}) : limits_(limits) {}

  /// Null: unknown or too old.
  AnswerSet::Shared find(QuestionView question, Clock::time_point now);
  void add(const Question& question, AnswerSet::Shared answer, Clock::time_point now);
  void clear();

  std::size_t size() const { return entries_.size(); }
  std::size_t bytes() const { return bytes_; }
  std::uint64_t hits() const { return hits_; }
  std::uint64_t misses() const { return misses_; }

 private:
  struct Entry {
    Question question;
    AnswerSet::Shared answer;
    Clock::time_point expires;
    std::size_t bytes = 0;
    bool used = false;  ///< since it became the newest
  };
  using Entries = std::list<Entry>;

  std::chrono::seconds lifetime(const Answer& answer) const;
  void make_room();
  void drop(Entries::iterator entry);

  CacheLimits limits_;
  Entries entries_;  ///< newest first
  QuestionMap<Entries::iterator> index_;
  std::size_t bytes_ = 0;
  std::uint64_t hits_ = 0;
  std::uint64_t misses_ = 0;
};

/// A resolver with a cache before it. Identical questions that are in flight are asked once.
class CachingResolver final : public Resolver {
 public:
  using Now = std::function<AnswerCache::Clock::time_point()>;

  /// `inner` must outlive this.
  explicit CachingResolver(Resolver& inner, const CacheLimits& limits = {},
                           Now now = AnswerCache::Clock::now)
      : inner_(inner), cache_(limits), now_(std::move(now)) {}

  void ask(const Question& question, Callback callback) override;
  AnswerSet::Shared known(QuestionView question) override { return cache_.find(question, now_()); }
  int descriptor() const override { return inner_.descriptor(); }
  void process() override { inner_.process(); }

  AnswerCache& cache() { return cache_; }

 private:
  void answered(const Question& question, const AnswerSet::Shared& answer);

  Resolver& inner_;
  AnswerCache cache_;
  Now now_;
  QuestionMap<std::vector<Callback>> waiting_;
};

}  // namespace postern::dns
