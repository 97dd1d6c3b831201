// Questions to the DNS and their answers, as values.
//
// `auth/` never waits for the DNS: its functions take the answers so far and return either a
// result or the questions that are missing. Whoever drives them (edge/, the CLI, a test) asks
// all open questions at once, adds the answers to the set and calls again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ip_address.h"

namespace postern::dns {

/// Numbers as in the IANA registry.
enum class Type : std::uint16_t {
  a = 1,
  ns = 2,
  cname = 5,
  soa = 6,
  ptr = 12,
  mx = 15,
  txt = 16,
  aaaa = 28,
  tlsa = 52
};

struct Question {
  /// Lower case, without a final dot. May hold any octets in a label: presentation form with \DDD.
  std::string name;
  Type type = Type::a;

  auto operator<=>(const Question&) const = default;
};

/// A question to look up, whose name stands elsewhere.
struct QuestionView {
  std::string_view name;
  Type type = Type::a;

  QuestionView(std::string_view name, Type type) : name(name), type(type) {}
  QuestionView(const Question& question)  // NOLINT: a question is one
      : name(question.name), type(question.type) {}
  bool operator==(const QuestionView&) const = default;
};

/// Finds what belongs to a question without a copy of its name.
struct QuestionHash {
  using is_transparent = void;
  std::size_t operator()(QuestionView question) const noexcept {
    return std::hash<std::string_view>{}(question.name) * 31 +
           static_cast<std::size_t>(question.type);
  }
};
struct QuestionEqual {
  using is_transparent = void;
  bool operator()(QuestionView x, QuestionView y) const noexcept { return x == y; }
};
template <class Value>
using QuestionMap = std::unordered_map<Question, Value, QuestionHash, QuestionEqual>;

enum class Status {
  ok,        ///< at least one record of the type
  empty,     ///< the name exists, without this type (NODATA)
  nxdomain,  ///< the name does not exist
  failure    ///< SERVFAIL, time-out, bogus, budget spent: nothing is known
};

struct MailExchange {
  std::uint16_t preference = 0;
  std::string host;  ///< lower case, no final dot; empty: null MX (RFC 7505)

  auto operator<=>(const MailExchange&) const = default;
};

struct Answer {
  Status status = Status::failure;
  /// Validated by DNSSEC.
  bool secure = false;
  /// Seconds; of a negative answer, how long it may be kept (RFC 2308).
  std::uint32_t ttl = 0;
  /// The names that were followed, in order, without the one that was asked.
  std::vector<std::string> cname_chain;
  /// For failures: `SERVFAIL`, `timeout`, `bogus: …`.
  std::string problem;

  // One of these is filled, by the question's type.
  std::vector<IpAddress> addresses;          ///< A, AAAA
  std::vector<std::string> texts;            ///< TXT: character-strings of one record joined
  std::vector<std::string> names;            ///< PTR, NS: lower case, no final dot
  std::vector<MailExchange> mail_exchanges;  ///< MX
  std::vector<std::string> raw;              ///< TLSA and others: rdata as it came
};

/// The answers one evaluation has gathered. Answers are shared with the cache, never copied.
class AnswerSet {
 public:
  using Shared = std::shared_ptr<const Answer>;
  /// Null where the answer would have to be asked for.
  using Known = std::function<Shared(QuestionView)>;

  AnswerSet() = default;
  /// Takes what `known` has, as a cache does, when an evaluation first looks for it, so that a
  /// warm evaluation needs no rounds. From then on the answer stays the same.
  explicit AnswerSet(Known known) : known_(std::move(known)) {}

  /// Null: not asked yet.
  const Answer* find(QuestionView question) const {
    if (const Pair* found = find_pair(question)) return found->second.get();
    if (!known_ || answers_.size() >= max_known) return nullptr;
    Shared answer = known_(question);
    if (!answer) return nullptr;
    if (answers_.empty()) answers_.reserve(usual);
    Question key{std::string(question.name), question.type};
    return answers_.emplace_back(std::move(key), std::move(answer)).second.get();
  }
  void add(Question question, Shared answer) {
    if (Pair* found = find_pair(question)) {
      found->second = std::move(answer);
    } else {
      answers_.emplace_back(std::move(question), std::move(answer));
    }
  }
  std::size_t size() const { return answers_.size(); }
  auto begin() const { return answers_.begin(); }
  auto end() const { return answers_.end(); }

 private:
  /// As many as one message may ask for: what is known costs work too.
  static constexpr std::size_t max_known = 150;
  static constexpr std::size_t usual = 8;
  using Pair = std::pair<Question, Shared>;

  Pair* find_pair(QuestionView question) const {
    for (Pair& pair : answers_)
      if (question == QuestionView(pair.first)) return &pair;
    return nullptr;
  }

  Known known_;
  /// Grows by what is known. A handful, mostly: looking through it beats a hash.
  mutable std::vector<Pair> answers_;
};

/// A result, or what must be asked first. `value` set: done, and `questions` is empty.
template <class T>
struct Asking {
  std::optional<T> value;
  std::vector<Question> questions;
};

}  // namespace postern::dns
