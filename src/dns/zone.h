// A whole DNS in memory: what tests, the demo and `postern check --zone` ask instead of servers.
//
// Names that exist, and every name above them, are there; all others are NXDOMAIN. CNAMEs are
// followed, wildcards work as in RFC 4592. A name can also be told to fail, since a DNS that
// always answers is no test.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/answer.h"
#include "dns/resolver.h"

namespace postern::dns {

/// One record, decoded as far as an Answer needs it.
struct Record {
  Type type = Type::a;
  std::uint32_t ttl = 3600;
  IpAddress address;             ///< A, AAAA
  std::string text;              ///< TXT, character-strings joined
  std::string name;              ///< CNAME, PTR, NS; MX: the host
  std::uint16_t preference = 0;  ///< MX
  std::string raw;               ///< TLSA, SOA: rdata
};

class Zone {
 public:
  /// Master-file text (RFC 1035 section 5). A fault is told as `<file>:<line>: what is wrong`.
  ///
  /// Beside the record types of dns::Type there are pseudo-types for tests: `TIMEOUT` and
  /// `SERVFAIL`, with the types that fail behind them, or none for all types of the name that
  /// have no record: `mail.contoso.test. IN TIMEOUT A AAAA`; and `SECURE`: what is said of this
  /// name and all below counts as validated by DNSSEC.
  static Result<Zone> parse(std::string_view text, std::string_view file);

  /// `owner` is canonical (name.h).
  void add(const std::string& owner, Record record);
  void add_failure(const std::string& owner, std::optional<Type> type, std::string problem);

  void add_secure(const std::string& owner);

  Answer answer(const Question& question) const;

 private:
  struct Failure {
    std::optional<Type> type;  ///< nothing: every type without a record
    std::string problem;
  };
  struct Node {
    std::vector<Record> records;
    std::vector<Failure> failures;
    bool is_secure = false;
  };

  /// The node of `owner`, made with all names above it if it is new.
  Node& node(const std::string& owner);
  const Node* find(const std::string& name) const;
  Answer look_up(const Question& question) const;
  bool is_secure(std::string_view name) const;
  std::uint32_t negative_ttl(std::string_view name) const;

  /// Every owner and all names above it; those in between have an empty node.
  std::map<std::string, Node, std::less<>> nodes_;
};

/// `A`, `AAAA`, …, in any case.
std::optional<Type> type_from_text(std::string_view text);
std::string_view to_string(Type type);

/// Answers from a zone, at once.
class ZoneResolver final : public Resolver {
 public:
  explicit ZoneResolver(Zone zone) : zone_(std::move(zone)) {}

  void ask(const Question& question, Callback callback) override {
    callback(std::make_shared<const Answer>(zone_.answer(question)));
  }
  int descriptor() const override { return -1; }
  void process() override {}

 private:
  Zone zone_;
};

}  // namespace postern::dns
