#include "admin/what_if_reader.h"

#include "admin/judged_rows.h"
#include "policy/judged.h"

namespace postern::admin {

WhatIfReader::WhatIfReader(const WhatIfSettings& settings, policy::WhatIf& what_if,
                           const WhatIfMemory& memory)
    : settings_(settings),
      what_if_(what_if),
      clients_(memory.addresses),
      forward_paths_(memory.addresses),
      facts_(memory.facts),
      decisions_(memory.others),
      certificates_(memory.others),
      ptrs_(memory.others),
      spfs_(memory.others),
      dkims_(memory.others),
      dmarcs_(memory.others),
      compauths_(memory.others) {}

void WhatIfReader::begin_day() {
  clients_.clear();
  forward_paths_.clear();
  facts_.clear();
  for (Words* const words :
       {&decisions_, &certificates_, &ptrs_, &spfs_, &dkims_, &dmarcs_, &compauths_})
    words->clear();
}

void WhatIfReader::read(const store::TraceScanRow& row, store::TraceTexts& texts) {
  const auto text = [&](store::TraceTextId id) { return texts.text(id); };
  const auto& client = clients_.find(
      row.client, [&](store::TraceTextId id) { return IpAddress::parse(texts.text(id)); });
  const auto& forward_path = forward_paths_.find(
      row.forward_path, [&](store::TraceTextId id) { return read_forward_path(texts.text(id)); });
  const auto reverse_path = read_reverse_path(row.reverse_path);
  if (!client || !forward_path || !reverse_path || row.facts == 0) {
    ++not_judged_;
    return;
  }

  // The facts of most rows say nothing that decides: there is no certificate, a reverse name counts
  // for IPv6 alone, and what was accepted nobody refused. Then their text need not be read.
  static const std::optional<Facts> nothing = Facts{};
  const bool tells = row.certificate != 0 || policy::needs_reverse_name(*client) ||
                     decisions_.find(row.decision, text) != "Accept";
  const auto& facts = !tells ? nothing : facts_.find(row.facts, [&](store::TraceTextId id) {
    const auto read = policy::read_facts(texts.text(id));
    return !read ? std::nullopt
                 : std::optional(Facts{.certificate_names = read->certificate_names,
                                       .reverse_name = read->reverse_name,
                                       .refused_anyway = !read->refused_by.empty()});
  });
  if (!facts) {
    ++not_judged_;
    return;
  }

  const policy::RcptFacts rcpt{.client = *client,
                               .hello = row.hello,
                               .tls = row.has_tls,
                               .certificate_names = facts->certificate_names,
                               .reverse_path = &*reverse_path,
                               .forward_path = &*forward_path,
                               .server_name = settings_.server_name,
                               .has_relay = settings_.has_relay,
                               .reverse_name = facts->reverse_name};
  const policy::RcptChange change =
      policy::compare_rcpt(rcpt, facts->refused_anyway, settings_.now, settings_.then);
  if (!change.own_sender && change.refused_now == change.refused_then) return;
  what_if_.add(change, {.client = *client,
                        .received = row.received,
                        .tls = row.has_tls,
                        .hello = row.hello,
                        .reverse_path = row.reverse_path,
                        .forward_path = forward_path->text,
                        .certificate = certificates_.find(row.certificate, text),
                        .ptr = ptrs_.find(row.ptr, text),
                        .spf = spfs_.find(row.spf, text),
                        .dkim = dkims_.find(row.dkim, text),
                        .dmarc = dmarcs_.find(row.dmarc, text),
                        .compauth = compauths_.find(row.compauth, text)});
}

}  // namespace postern::admin
