// Whoever can answer questions to the DNS: libunbound in the daemon, a zone file in tests, in
// the demo and on the command line.
//
// A resolver belongs to one thread. `ask` may call back at once (a zone, a cached answer) or
// later from `process`, which the thread calls when `descriptor` is readable.
#pragma once

#include <functional>
#include <memory>

#include "dns/answer.h"

namespace postern::dns {

class Resolver {
 public:
  using Callback = std::move_only_function<void(std::shared_ptr<const Answer>)>;

  virtual ~Resolver() = default;

  /// Every call ends in exactly one call of `callback`, also for failures and time-outs, unless
  /// the resolver is destroyed before.
  virtual void ask(const Question& question, Callback callback) = 0;

  /// The answer where it is there without asking, as in a cache; else null.
  virtual std::shared_ptr<const Answer> known(QuestionView question) {
    (void)question;
    return nullptr;
  }

  /// Becomes readable when `process` has something to do; -1 where answers are never late.
  virtual int descriptor() const = 0;
  virtual void process() = 0;
};

}  // namespace postern::dns
