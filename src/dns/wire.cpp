#include "dns/wire.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "dns/name.h"

namespace postern::dns {
namespace {

/// RFC 1034 section 3.6.2 wants chains short; what is longer is a loop or an attack.
constexpr std::size_t max_cname_chain = 16;
/// How long a negative answer without a SOA record holds.
constexpr std::uint32_t default_negative_ttl = 60;

/// Reads big-endian values; after the end it reads zeros and is bad for good.
class WireReader {
 public:
  WireReader(std::string_view message, std::size_t at, std::size_t end)
      : message_(message), at_(at), end_(std::min(end, message.size())) {}

  bool good() const { return good_; }
  bool at_end() const { return at_ == end_; }
  std::size_t position() const { return at_; }

  std::uint8_t u8() {
    if (at_ >= end_) {
      good_ = false;
      return 0;
    }
    return static_cast<std::uint8_t>(message_[at_++]);
  }
  std::uint16_t u16() {
    const std::uint16_t high = u8();
    return static_cast<std::uint16_t>(high << 8 | u8());
  }
  std::uint32_t u32() {
    const std::uint32_t high = u16();
    return high << 16 | u16();
  }

  std::string_view bytes(std::size_t count) {
    if (count > end_ - at_) {
      good_ = false;
      return {};
    }
    at_ += count;
    return message_.substr(at_ - count, count);
  }

  // Section 4.1.4: labels, then a zero or a pointer to an earlier place.
  std::string name() {
    std::string name;
    std::size_t octets = 1;
    std::size_t from = at_;  // where this run of labels began: pointers must go before it
    WireReader* const reader = this;
    WireReader elsewhere = *this;
    WireReader* current = reader;
    while (true) {
      const std::uint8_t length = current->u8();
      if (!current->good_) return bad();
      if (length == 0) return name;
      if ((length & 0xc0) == 0xc0) {
        const std::size_t target = (length & 0x3fu) << 8 | current->u8();
        // Always further towards the beginning, so that this ends.
        if (!current->good_ || target >= from) return bad();
        from = target;
        elsewhere = WireReader(message_, target, message_.size());
        current = &elsewhere;
        continue;
      }
      octets += 1 + length;
      const std::string_view label = current->bytes(length);
      if (length > max_label || octets > max_wire_name || !current->good_) return bad();
      append_label(name, label);
    }
  }

 private:
  std::string bad() {
    good_ = false;
    return {};
  }

  std::string_view message_;
  std::size_t at_;
  std::size_t end_;
  bool good_ = true;
};

struct RawRecord {
  std::string owner;
  std::uint16_t type = 0;
  std::uint32_t ttl = 0;
  std::size_t data = 0;  ///< offset of the rdata
  std::size_t size = 0;
};

std::optional<RawRecord> read_record(WireReader& in) {
  RawRecord record{.owner = in.name()};
  record.type = in.u16();
  constexpr std::uint16_t internet = 1;
  const bool known_class = in.u16() == internet;
  record.ttl = in.u32();
  if (record.ttl > 0x7fffffff) record.ttl = 0;  // RFC 2181 section 8
  record.size = in.u16();
  record.data = in.position();
  in.bytes(record.size);
  if (!in.good()) return std::nullopt;
  if (!known_class) record.type = 0;
  return record;
}

/// The rdata of one record into the place that the type has in an Answer. False: malformed.
bool add_data(Answer& answer, Type type, WireReader in, std::string_view rdata) {
  switch (type) {
    case Type::a: {
      if (rdata.size() != 4) return false;
      std::array<std::uint8_t, 4> octets{};
      for (auto& octet : octets) octet = in.u8();
      answer.addresses.push_back(IpAddress::v4(octets));
      return true;
    }
    case Type::aaaa: {
      if (rdata.size() != 16) return false;
      std::array<std::uint8_t, 16> octets{};
      for (auto& octet : octets) octet = in.u8();
      answer.addresses.push_back(IpAddress::v6(octets));
      return true;
    }
    case Type::txt: {
      std::string& text = answer.texts.emplace_back();
      while (!in.at_end() && in.good()) text += in.bytes(in.u8());
      return in.good();
    }
    case Type::mx: {
      const std::uint16_t preference = in.u16();
      answer.mail_exchanges.push_back({preference, in.name()});
      return in.good() && in.at_end();
    }
    case Type::cname:
    case Type::ptr:
    case Type::ns:
      answer.names.push_back(in.name());
      return in.good() && in.at_end();
    case Type::soa:
    case Type::tlsa:
      answer.raw.emplace_back(rdata);
      return true;
  }
  return false;
}

Answer failure(std::string problem) {
  return {.problem = std::move(problem)};
}

/// RFC 2308 section 5: the SOA record beside a negative answer, and its MINIMUM.
std::uint32_t negative_ttl(std::string_view reply, const std::vector<RawRecord>& authority) {
  for (const RawRecord& record : authority) {
    if (record.type != static_cast<std::uint16_t>(Type::soa) || record.size < 20) continue;
    WireReader minimum(reply, record.data + record.size - 4, record.data + record.size);
    return std::min(record.ttl, minimum.u32());
  }
  return default_negative_ttl;
}

}  // namespace

Answer decode_reply(const Question& question, std::string_view reply) {
  constexpr std::size_t header_size = 12;
  WireReader in(reply, 0, reply.size());
  in.u16();  // id
  const std::uint16_t flags = in.u16();
  const int questions = in.u16(), answers = in.u16(), authorities = in.u16();
  in.u16();  // additional records, which are not read
  if (reply.size() < header_size) return failure("malformed reply");

  constexpr int noerror = 0, servfail = 2, nxdomain = 3;
  const int rcode = flags & 15;
  if (rcode == servfail) return failure("SERVFAIL");
  if (rcode != noerror && rcode != nxdomain) return failure("RCODE " + std::to_string(rcode));

  for (int i = 0; i < questions && in.good(); ++i) {
    in.name();
    in.u32();
  }
  std::vector<RawRecord> records, authority;
  for (int i = 0; i < answers + authorities; ++i) {
    auto record = read_record(in);
    if (!record) return failure("malformed reply");
    (i < answers ? records : authority).push_back(*std::move(record));
  }

  // The CNAMEs that lead from the question's name to where the records are.
  Answer answer;
  std::string name = question.name;
  std::uint32_t ttl = UINT32_MAX;
  const auto alias_of = [&](const std::string& owner) {
    return std::ranges::find_if(records, [&owner](const RawRecord& record) {
      return record.type == static_cast<std::uint16_t>(Type::cname) && record.owner == owner;
    });
  };
  for (auto alias = alias_of(name); alias != records.end() && question.type != Type::cname;
       alias = alias_of(name)) {
    if (answer.cname_chain.size() == max_cname_chain) return failure("CNAME loop");
    WireReader target(reply, alias->data, alias->data + alias->size);
    name = target.name();
    if (!target.good()) return failure("malformed reply");
    answer.cname_chain.push_back(name);
    ttl = std::min(ttl, alias->ttl);
  }

  for (const RawRecord& record : records) {
    if (record.type != static_cast<std::uint16_t>(question.type) || record.owner != name) continue;
    const WireReader data(reply, record.data, record.data + record.size);
    if (!add_data(answer, question.type, data, reply.substr(record.data, record.size)))
      return failure("malformed reply");
    answer.status = Status::ok;
    ttl = std::min(ttl, record.ttl);
  }
  if (answer.status != Status::ok) {
    answer.status = rcode == nxdomain ? Status::nxdomain : Status::empty;
    ttl = std::min(ttl, negative_ttl(reply, authority));
  }
  answer.ttl = ttl;
  return answer;
}

}  // namespace postern::dns
