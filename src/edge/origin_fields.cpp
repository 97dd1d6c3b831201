#include "edge/origin_fields.h"

#include "mail/lexical.h"

namespace postern::edge {
namespace {

class Writer {
 public:
  explicit Writer(bool exchange_names) : exchange_names_(exchange_names) { out_.reserve(2048); }

  /// `postern` empty: only Exchange has a name for it.
  void mark(std::string_view postern, std::string_view exchange, std::string_view value) {
    if (!postern.empty()) field(postern, value);
    this->exchange(exchange, value);
  }
  void field(std::string_view name, std::string_view value) {
    out_.append(name).append(": ").append(value).append("\r\n");
  }
  void exchange(std::string_view name, std::string_view value) {
    if (exchange_names_) field(name, value);
  }
  /// `body` as it stood in the message.
  void promoted(std::string_view name, std::string_view body) {
    if (exchange_names_) out_.append(name).append(":").append(body).append("\r\n");
  }
  std::string take() { return std::move(out_); }

 private:
  const bool exchange_names_;
  std::string out_;
};

void write_filtering(Writer& out, const policy::Filtering& filtering) {
  if (!filtering.result.client) return;
  const std::string body = policy::to_sender_body(*filtering.result.client);
  out.mark("X-Postern-Skip-Listed-Internet-Sender", "X-MS-Exchange-SkipListedInternetSender", body);
  // Without this one, the first tells what would have been found.
  if (filtering.client() == nullptr) return;
  out.mark("X-Postern-External-Original-Internet-Sender",
           "X-MS-Exchange-ExternalOriginalInternetSender", body);
}

void write_impersonation(Writer& out, const policy::Impersonation& found) {
  for (const policy::Impersonation::LookAlike& one : found.look_alikes)
    out.field("X-Postern-Look-Alike-Domain", one.domain + " resembles " + one.own);
  for (const std::string& address : found.shown_addresses)
    out.field("X-Postern-Own-Address-In-Name", address);
}

void write_promotion(Writer& out, const policy::Promotion& promotion,
                     std::string_view server_name) {
  for (const policy::Promotion::Field& field : promotion.fields)
    out.promoted(field.name, field.body);
  if (promotion.promoted) out.exchange("X-CrossPremisesHeadersPromoted", server_name);
  if (promotion.filtered) out.exchange("X-CrossPremisesHeadersFiltered", server_name);
}

}  // namespace

std::string origin_fields(const OriginFacts& facts) {
  const policy::RcptVerdict& verdict = *facts.verdict;
  const policy::Promotion& promotion = *facts.promotion;
  Writer out(facts.exchange_names);
  out.mark("X-Postern-Message-Trace-Id", "X-MS-Exchange-Organization-Network-Message-Id",
           facts.transaction_id);
  out.mark("X-Postern-Directionality", "X-MS-Exchange-Organization-MessageDirectionality",
           verdict.direction == policy::Direction::originating ? "Originating" : "Incoming");
  out.mark("X-Postern-Auth-As", "X-MS-Exchange-Organization-AuthAs", to_string(promotion.auth_as));
  out.exchange("X-MS-Exchange-Organization-AuthSource",
               promotion.auth_source.empty() ? facts.server_name : promotion.auth_source);
  // Names of connectors are free text: what could end the line or the header section goes.
  if (verdict.connector)
    out.field("X-Postern-Connector", mail::printable(verdict.connector->name.view()));
  if (verdict.direct_send) {
    out.field("X-Postern-Direct-Send", "true");
    out.exchange("X-MS-Exchange-Organization-IsAnonymousDirectSend", "True");
  }
  if (verdict.own_sender) out.exchange("X-MS-Exchange-Organization-InternalOrgSender", "True");
  if (facts.impersonation != nullptr) write_impersonation(out, *facts.impersonation);
  if (facts.filtering != nullptr) write_filtering(out, *facts.filtering);
  write_promotion(out, promotion, facts.server_name);
  return out.take();
}

}  // namespace postern::edge
