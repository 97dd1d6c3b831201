#include "store/traffic_key.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <initializer_list>

#include "base/ascii.h"
#include "base/ip_address.h"
#include "mail/domain_name.h"
#include "policy/decision.h"
#include "policy/nearest_miss.h"

namespace postern::store {
namespace {

constexpr std::string_view switch_reason = "RejectDirectSend";
constexpr std::string_view pass_mark = "pass d=";
/// Between the texts of a key; in none of them, since no command or field holds it.
constexpr char separator = '\0';

/// Cut between characters of UTF-8, in lower case.
void put(std::string& out, std::string_view text, std::size_t most = max_traffic_text) {
  std::size_t end = std::min(text.size(), most);
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
    --end;
  out.assign(text.substr(0, end));
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c == separator ? '?' : c;
  });
}

void put_domain(std::string& out, std::string_view address) {
  const std::size_t at = address.rfind('@');
  const std::string_view domain =
      at == std::string_view::npos ? std::string_view() : address.substr(at + 1);
  const bool is_ascii =
      std::ranges::all_of(domain, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  put(out, is_ascii ? std::string(domain) : mail::to_a_label(domain).value_or(std::string(domain)));
}

/// A device's own label says less than where it stands.
std::string_view domain_of_host(std::string_view name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos || name.find('.', dot + 1) == std::string_view::npos)
    return name;
  return name.substr(dot + 1);
}

/// Signatures speak for the sender if they are its own domain's; the organizational domain is not
/// looked up, so one must be the other or stand above it.
std::string_view own_dkim(const TraceRecord& record, std::string_view sender_domain) {
  for (const std::string_view one : record.dkim) {
    if (!one.starts_with(pass_mark)) continue;
    const std::string_view rest = one.substr(pass_mark.size());
    const std::string_view signer = rest.substr(0, rest.find(' '));
    if (mail::is_below(sender_domain, signer, mail::Self::included) ||
        mail::is_below(signer, sender_domain, mail::Self::included))
      return "pass";
  }
  if (!record.dkim.empty()) return "fail";
  // Of a message that was refused before its content came nothing is known.
  return record.dmarc.empty() ? "" : "none";
}

TrafficKind kind_of(const TraceRecord& record, std::string_view dkim) {
  if (record.direct_send) {
    // DMARC may pass for another author.
    return record.spf == "pass" || dkim == "pass" ? TrafficKind::proven : TrafficKind::unproven;
  }
  return record.own_sender && !record.connector.empty() ? TrafficKind::vouched
                                                        : TrafficKind::foreign;
}

std::string network_of(std::string_view source) {
  const auto address = IpAddress::parse(source);
  if (!address) return {};
  return IpPrefix(*address, address->is_v4() ? policy::near_v4_prefix : policy::near_v6_prefix)
      .to_string();
}

void append_number(std::string& text, std::int64_t number) {
  char digits[24];
  text.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
  text += separator;
}

}  // namespace

bool TrafficKey::is_refused() const {
  return (*this)[TrafficText::decision] == "Reject" &&
         (*this)[TrafficText::reason].starts_with(switch_reason);
}

void TrafficCount::add(const TrafficCount& other) {
  const bool is_empty = recipients == 0;
  messages += other.messages;
  recipients += other.recipients;
  self_to_self += other.self_to_self;
  with_tls += other.with_tls;
  first = is_empty ? other.first : std::min(first, other.first);
  last = is_empty ? other.last : std::max(last, other.last);
  if (sample.empty()) sample = other.sample;
}

void AddressCount::add(const AddressCount& other) {
  const bool is_empty = messages == 0;
  messages += other.messages;
  refused += other.refused;
  first = is_empty ? other.first : std::min(first, other.first);
  last = is_empty ? other.last : std::max(last, other.last);
}

std::int64_t hour_of(Time time) {
  return std::chrono::floor<std::chrono::hours>(time).time_since_epoch().count();
}

std::int64_t day_of_hour(std::int64_t hour) {
  return hour >= 0 ? hour / 24 : (hour - 23) / 24;
}

bool is_traffic(const TraceRecord& record) {
  return !record.client.empty() && !record.organization.empty() &&
         std::ranges::none_of(record.reasons, [](const std::string& reason) {
           return reason.starts_with(released_mark);
         });
}

void fill(TrafficKey& key, const TraceRecord& record) {
  using enum TrafficText;
  key.hour = hour_of(record.received);
  key.detail = TrafficDetail::all;
  put_domain(key[sender_domain], record.reverse_path);
  const std::string_view dkim_word = own_dkim(record, key[sender_domain]);
  key.kind = kind_of(record, dkim_word);
  // The one text whose case is its owner's: the directory is asked for it.
  key[organization] = record.organization;
  key[source] = key.kind == TrafficKind::foreign ? network_of(record.client) : record.client;
  put(key[ptr_domain], domain_of_host(record.ptr));
  put(key[hello], key.kind == TrafficKind::foreign ? std::string_view() : record.hello);
  put(key[certificate], record.certificate);
  put_domain(key[author_domain], record.author);
  key[connector].assign(record.connector, 0, max_traffic_text);
  key[nearest_miss].clear();
  key[reason].clear();
  key[decision] = record.decision;
  for (const std::string_view one : record.reasons) {
    if (one.starts_with(policy::nearest_miss_mark)) {
      key[nearest_miss].assign(one.substr(policy::nearest_miss_mark.size(), max_traffic_text));
    } else if (key[reason].empty() && record.decision != "Accept") {
      key[reason].assign(one.substr(0, one.find(':')));
    }
  }
  key[spf] = record.spf;
  key[dkim] = dkim_word;
  key[dmarc] = record.dmarc;
  key[compauth] = record.compauth;
}

void fill(AddressKey& address, AddressRole role, const TraceRecord& record, const TrafficKey& key) {
  address.hour = key.hour;
  address.kind = key.kind;
  address.role = role;
  address.organization = record.organization;
  address.source = record.client;
  address.sender_domain = key[TrafficText::sender_domain];
  put(address.address, role == AddressRole::sender ? record.reverse_path : record.forward_path,
      max_traffic_address);
}

void coarsen(TrafficKey& key) {
  using enum TrafficText;
  const auto clear = [&key](std::initializer_list<TrafficText> texts) {
    for (const TrafficText text : texts) key[text].clear();
  };
  switch (key.detail) {
    case TrafficDetail::all:
      clear({ptr_domain, hello, certificate, author_domain, connector, nearest_miss});
      key.detail = TrafficDetail::source;
      // Its source is a network already.
      if (key.kind == TrafficKind::foreign) coarsen(key);
      return;
    case TrafficDetail::source:
      clear({sender_domain});
      if (key.kind != TrafficKind::foreign) key[source] = network_of(key[source]);
      key.detail = TrafficDetail::network;
      return;
    case TrafficDetail::network:
      clear({source, spf, dkim, dmarc, compauth});
      key.detail = TrafficDetail::none;
      return;
    case TrafficDetail::none:
      return;
  }
  std::abort();  // A number that was never a TrafficDetail: our bug.
}

void coarsen(AddressKey& key) {
  if (!key.address.empty()) {
    key.address.clear();
  } else {
    key.source.clear();
    key.sender_domain.clear();
  }
}

bool is_coarsest(const AddressKey& key) {
  return key.address.empty() && key.source.empty();
}

int detail_of(const AddressKey& key) {
  if (!key.address.empty()) return 0;
  return key.source.empty() ? 2 : 1;
}

void append_to(std::string& text, const TrafficKey& key) {
  append_number(text, key.hour);
  append_number(text, static_cast<std::int64_t>(key.kind));
  append_number(text, static_cast<std::int64_t>(key.detail));
  for (const std::string& one : key.texts) (text += one) += separator;
}

void append_to(std::string& text, const AddressKey& key) {
  append_number(text, key.hour);
  append_number(text, static_cast<std::int64_t>(key.kind));
  append_number(text, static_cast<std::int64_t>(key.role));
  for (const std::string* one : {&key.organization, &key.source, &key.sender_domain, &key.address})
    (text += *one) += separator;
}

}  // namespace postern::store
