#include "dns/zone.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/ascii.h"
#include "dns/name.h"

namespace postern::dns {
namespace {

/// RFC 1034 section 3.6.2 wants chains short; what is longer is a loop or an attack.
constexpr std::size_t max_cname_chain = 16;
/// How long a negative answer holds where the zone has no SOA (RFC 2308 section 5).
constexpr std::uint32_t default_negative_ttl = 300;

constexpr std::pair<Type, std::string_view> type_names[] = {
    {Type::a, "A"},     {Type::ns, "NS"},     {Type::cname, "CNAME"},
    {Type::soa, "SOA"}, {Type::ptr, "PTR"},   {Type::mx, "MX"},
    {Type::txt, "TXT"}, {Type::aaaa, "AAAA"}, {Type::tlsa, "TLSA"}};

void add_to(Answer& answer, const Record& record) {
  answer.ttl = answer.status == Status::ok ? std::min(answer.ttl, record.ttl) : record.ttl;
  answer.status = Status::ok;
  switch (record.type) {
    case Type::a:
    case Type::aaaa:
      answer.addresses.push_back(record.address);
      return;
    case Type::txt:
      answer.texts.push_back(record.text);
      return;
    case Type::mx:
      answer.mail_exchanges.push_back({record.preference, record.name});
      return;
    case Type::ptr:
    case Type::ns:
    case Type::cname:
      answer.names.push_back(record.name);
      return;
    case Type::soa:
    case Type::tlsa:
      answer.raw.push_back(record.raw);
      return;
  }
  std::abort();
}

}  // namespace

std::optional<Type> type_from_text(std::string_view text) {
  for (const auto& [type, name] : type_names)
    if (iequals(name, text)) return type;
  return std::nullopt;
}

std::string_view to_string(Type type) {
  for (const auto& [known, name] : type_names)
    if (known == type) return name;
  std::abort();
}

Zone::Node& Zone::node(const std::string& owner) {
  for (std::string_view name = parent_of(owner); !name.empty(); name = parent_of(name))
    if (!nodes_.try_emplace(std::string(name)).second) break;
  return nodes_[owner];
}

void Zone::add(const std::string& owner, Record record) {
  node(owner).records.push_back(std::move(record));
}

void Zone::add_failure(const std::string& owner, std::optional<Type> type, std::string problem) {
  node(owner).failures.push_back({type, std::move(problem)});
}

const Zone::Node* Zone::find(const std::string& name) const {
  if (const auto found = nodes_.find(name); found != nodes_.end()) return &found->second;
  // RFC 4592 section 3.3.1: only the closest name above that exists may have a wildcard for it.
  std::string_view above = parent_of(name);
  while (!above.empty() && !nodes_.contains(above)) above = parent_of(above);
  const auto found = nodes_.find(above.empty() ? "*" : "*." + std::string(above));
  return found == nodes_.end() ? nullptr : &found->second;
}

std::uint32_t Zone::negative_ttl(std::string_view name) const {
  for (; !name.empty(); name = parent_of(name)) {
    const auto found = nodes_.find(name);
    if (found == nodes_.end()) continue;
    for (const Record& record : found->second.records) {
      if (record.type != Type::soa || record.raw.size() < 4) continue;
      // The last field of a SOA is MINIMUM.
      std::uint32_t minimum = 0;
      for (const char octet : record.raw.substr(record.raw.size() - 4))
        minimum = minimum << 8 | static_cast<unsigned char>(octet);
      return std::min(minimum, record.ttl);
    }
  }
  return default_negative_ttl;
}

void Zone::add_secure(const std::string& owner) {
  node(owner).is_secure = true;
}

bool Zone::is_secure(std::string_view name) const {
  for (; !name.empty(); name = parent_of(name)) {
    const auto found = nodes_.find(name);
    if (found != nodes_.end() && found->second.is_secure) return true;
  }
  return false;
}

/// A chain of aliases is as secure as its weakest link.
Answer Zone::answer(const Question& question) const {
  Answer answer = look_up(question);
  answer.secure = answer.status != Status::failure && is_secure(question.name) &&
                  std::ranges::all_of(answer.cname_chain,
                                      [this](const std::string& name) { return is_secure(name); });
  return answer;
}

Answer Zone::look_up(const Question& question) const {
  Answer answer;
  std::string name = question.name;
  std::uint32_t chain_ttl = UINT32_MAX;
  while (true) {
    const Node* node = find(name);
    if (!node) {
      answer.status = Status::nxdomain;
      answer.ttl = std::min(chain_ttl, negative_ttl(name));
      return answer;
    }
    for (const Failure& failure : node->failures) {
      if (failure.type == question.type) {
        answer.problem = failure.problem;
        return answer;
      }
    }
    for (const Record& record : node->records)
      if (record.type == question.type) add_to(answer, record);
    if (answer.status == Status::ok) {
      answer.ttl = std::min(answer.ttl, chain_ttl);
      return answer;
    }
    for (const Failure& failure : node->failures) {
      if (!failure.type) {
        answer.problem = failure.problem;
        return answer;
      }
    }
    const auto alias = std::ranges::find(node->records, Type::cname, &Record::type);
    if (alias == node->records.end()) {
      answer.status = Status::empty;
      answer.ttl = std::min(chain_ttl, negative_ttl(name));
      return answer;
    }
    if (answer.cname_chain.size() == max_cname_chain) {
      answer.problem = "CNAME loop";
      return answer;
    }
    name = alias->name;
    chain_ttl = std::min(chain_ttl, alias->ttl);
    answer.cname_chain.push_back(name);
  }
}

}  // namespace postern::dns
