// What was asked for one message, and what the DNS answered: kept with the trace, so that a
// decision can be understood when the DNS says something else by now.
//
// An evaluation's answers are shared with the cache; nothing is turned into text before somebody
// wants to write or read it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "dns/answer.h"

namespace postern::dns {

/// Of one thread while it grows.
class Asked {
 public:
  static constexpr std::size_t max_answers = 150;

  struct Entry {
    Question question;
    AnswerSet::Shared answer;
  };

  /// Beyond max_answers the rest is left out. A question that is there already stays as it is.
  void add(const AnswerSet& answers);
  void add(const Asked& others);
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  void add(const Question& question, const AnswerSet::Shared& answer);

  std::vector<Entry> entries_;
};

/// `contoso.com TXT: "v=spf1 -all"`, printable ASCII of at most 4000 octets, without the time to
/// live: the same answer is the same text.
std::string to_text(const Question& question, const Answer& answer);

}  // namespace postern::dns
