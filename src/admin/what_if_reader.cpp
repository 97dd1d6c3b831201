#include "admin/what_if_reader.h"

#include "admin/judged_rows.h"
#include "policy/judged.h"

namespace postern::admin {

std::size_t WhatIfReader::KeyHash::operator()(const Key& key) const noexcept {
  // Numbers that the file gave in turn: nobody outside chooses them.
  std::uint64_t hash = 0;
  for (const std::int64_t part : {key.client, key.hello, key.reverse_path, key.forward_path,
                                  std::int64_t{key.facts} * 2 + (key.tls ? 1 : 0)}) {
    hash = (hash ^ static_cast<std::uint64_t>(part)) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 29;
  }
  return hash;
}

void WhatIfReader::begin_day() {
  known_.clear();
  forward_paths_.clear();
  fact_numbers_.clear();
  facts_.clear();
  facts_by_number_.clear();
}

std::uint32_t WhatIfReader::number_of_facts(store::TraceTextId id, store::TraceTexts& texts) {
  if (const auto known = fact_numbers_.find(id); known != fact_numbers_.end()) return known->second;
  const auto read = policy::read_facts(texts.text(id));
  std::uint32_t number = 0;
  if (read) {
    Facts facts{.certificate_names = read->certificate_names,
                .reverse_name = read->reverse_name,
                .refused_anyway = !read->refused_by.empty()};
    const auto [place, added] = facts_.try_emplace(std::move(facts), 0);
    if (added) {
      facts_by_number_.push_back(&place->first);
      place->second = static_cast<std::uint32_t>(facts_by_number_.size());
    }
    number = place->second;
  }
  fact_numbers_.emplace(id, number);
  return number;
}

const std::optional<mail::Mailbox>& WhatIfReader::forward_path(store::TraceTextId id,
                                                               store::TraceTexts& texts) {
  if (forward_paths_.size() >= max_known_paths) forward_paths_.clear();
  const auto [known, added] = forward_paths_.try_emplace(id);
  if (added) known->second = read_forward_path(texts.text(id));
  return known->second;
}

std::optional<WhatIfReader::Known> WhatIfReader::judge(const store::TraceScanRow& row,
                                                       const Facts& facts,
                                                       store::TraceTexts& texts) {
  const auto client = IpAddress::parse(texts.text(row.client));
  const auto reverse_path = read_reverse_path(texts.text(row.reverse_path));
  const auto& forward = forward_path(row.forward_path, texts);
  if (!client || !reverse_path || !forward) return std::nullopt;
  const policy::RcptFacts rcpt{.client = *client,
                               .hello = texts.text(row.hello),
                               .tls = row.has_tls,
                               .certificate_names = facts.certificate_names,
                               .reverse_path = &*reverse_path,
                               .forward_path = &*forward,
                               .server_name = settings_.server_name,
                               .has_relay = settings_.has_relay,
                               .reverse_name = facts.reverse_name};
  return Known{*client,
               policy::compare_rcpt(rcpt, facts.refused_anyway, settings_.now, settings_.then)};
}

void WhatIfReader::read(const store::TraceScanRow& row, store::TraceTexts& texts) {
  if (row.client == 0 || row.facts == 0) {
    ++not_judged_;
    return;
  }
  if (known_.size() >= max_known) known_.clear();
  if (facts_.size() >= max_known_facts || fact_numbers_.size() >= max_known) begin_day();

  // The facts of most rows say nothing that decides: there is no certificate, a reverse name counts
  // for IPv6 alone, and what was accepted nobody refused. Then their text need not be read.
  static const Facts none;
  const bool tells = row.certificate != 0 || texts.text(row.decision) != "Accept" ||
                     texts.text(row.client).contains(':');
  Key key{.client = row.client,
          .hello = row.hello,
          .reverse_path = row.reverse_path,
          .forward_path = row.forward_path,
          .facts = 0,
          .tls = row.has_tls};
  if (tells) {
    key.facts = number_of_facts(row.facts, texts);
    if (key.facts == 0) {
      ++not_judged_;
      return;
    }
  }
  auto known = known_.find(key);
  if (known == known_.end()) {
    auto judged = judge(row, tells ? *facts_by_number_[key.facts - 1] : none, texts);
    if (!judged) {
      ++not_judged_;
      return;
    }
    known = known_.emplace(key, *std::move(judged)).first;
  }
  const policy::RcptChange& change = known->second.change;
  if (!change.own_sender && change.refused_now == change.refused_then) return;
  what_if_.add(change, {.client = known->second.client,
                        .received = row.received,
                        .tls = row.has_tls,
                        .hello = texts.text(row.hello),
                        .reverse_path = texts.text(row.reverse_path),
                        .forward_path = texts.text(row.forward_path),
                        .certificate = texts.text(row.certificate),
                        .ptr = texts.text(row.ptr),
                        .spf = texts.text(row.spf),
                        .dkim = texts.text(row.dkim),
                        .dmarc = texts.text(row.dmarc),
                        .compauth = texts.text(row.compauth)});
}

}  // namespace postern::admin
