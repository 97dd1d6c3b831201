#include "edge/stamp.h"

#include "auth/dkim_fields.h"
#include "auth/dmarc.h"
#include "auth/spf_fields.h"
#include "base/ascii.h"
#include "mail/authentication_results.h"
#include "mail/received.h"

namespace postern::edge {
namespace {

/// Prefixes of field names that only an edge may write.
constexpr std::string_view protected_prefixes[] = {"X-Postern-", "X-MS-Exchange-Organization-",
                                                   "X-MS-Exchange-Forest-"};

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

/// Names of connectors are free text: what could end the line or the header section goes.
std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  return out;
}

/// RFC 8601 section 2.2: what was checked, what came out, in the order of a message's way.
mail::AuthenticationResults results(const StampFacts& facts) {
  mail::AuthenticationResults all{.authserv_id = std::string(facts.server_name)};
  all.results.reserve(8);
  for (const auto& spf : {&facts.spf->mail_from, &facts.spf->helo}) {
    if (*spf)
      all.results.push_back(auth::to_authentication_result((*spf)->query, (*spf)->evaluation));
  }
  for (const auth::DkimResult& dkim : facts.message->dkim) {
    all.results.push_back(auth::to_authentication_result(dkim));
  }
  if (facts.message->dkim.empty()) all.results.push_back({.method = "dkim", .result = "none"});
  const IpAddress& client = facts.session->client;
  if (facts.message->arc.status != auth::ArcStatus::none) {
    all.results.push_back(auth::to_authentication_result(client, facts.message->arc));
    // RFC 8601 section 2.4: what local policy makes of a result stands beside it.
    if (facts.testimony != nullptr) {
      all.results.back().properties.push_back(
          {"policy", "trusted-sealer", facts.testimony->sealer});
    }
  }
  all.results.push_back(auth::to_authentication_result(facts.message->dmarc));
  all.results.push_back(auth::to_authentication_result(client, *facts.iprev));
  return all;
}

std::string received(const StampFacts& facts) {
  const smtp::SessionFacts& session = *facts.session;
  return mail::to_received_field({
      .hello = session.hello,
      .extended = session.extended,
      .smtp_utf8 = facts.smtp_utf8,
      .tls = session.tls ? session.tls->version + " " + session.tls->cipher : "",
      .reverse_name = facts.iprev->name,
      .client = session.client,
      .server = std::string(facts.server_name),
      .id = session.id,
      .forward_path = std::string(facts.forward_path),
      .received = facts.received,
  });
}

}  // namespace

std::string fields_to_prepend(const StampFacts& facts) {
  std::string out;
  out.reserve(2048);
  append_field(out, "X-Postern-Message-Trace-Id", facts.transaction_id);
  append_field(
      out, "X-Postern-Directionality",
      facts.verdict->direction == policy::Direction::originating ? "Originating" : "Incoming");
  if (facts.verdict->connector) {
    append_field(out, "X-Postern-Connector", printable(facts.verdict->connector->name.view()));
  }
  if (facts.verdict->direct_send) append_field(out, "X-Postern-Direct-Send", "true");

  out += mail::to_authentication_results_field(results(facts));
  for (const auto& spf : {&facts.spf->mail_from, &facts.spf->helo}) {
    if (*spf) out += auth::to_received_spf_field((*spf)->query, (*spf)->evaluation);
  }
  out += received(facts);
  return out;
}

std::vector<delivery::Edit::Range> fields_to_remove(const mail::HeaderSection& section,
                                                    std::string_view authserv_id) {
  std::vector<delivery::Edit::Range> ranges;
  for (const mail::HeaderField& field : section.fields) {
    bool forged =
        field.is("Authentication-Results") && mail::claims_authserv_id(field.body, authserv_id);
    for (const std::string_view prefix : protected_prefixes)
      forged = forged || istarts_with(field.name, prefix);
    if (forged) ranges.push_back({field.begin, field.end});
  }
  return ranges;
}

}  // namespace postern::edge
