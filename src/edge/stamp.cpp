#include "edge/stamp.h"

#include "base/ascii.h"
#include "mail/authentication_results.h"
#include "mail/received.h"
#include "mail/received_spf.h"

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

mail::AuthenticationResult spf_result(const auth::SpfEvaluation& spf, std::string_view property,
                                      std::string_view value) {
  mail::AuthenticationResult result{.method = "spf", .result = std::string(to_string(spf.result))};
  if (!spf.problem.empty()) result.reason = spf.problem;
  result.properties.push_back({"smtp", std::string(property), std::string(value)});
  return result;
}

std::string spf_comment(const auth::SpfEvaluation& spf, std::string_view server_name,
                        std::string_view client) {
  std::string comment = std::string(server_name) + ": ";
  switch (spf.result) {
    case auth::SpfResult::pass:
      return comment + spf.domain + " designates " + std::string(client) + " as permitted sender";
    case auth::SpfResult::fail:
    case auth::SpfResult::softfail:
      return comment + spf.domain + " does not designate " + std::string(client) +
             " as permitted sender";
    case auth::SpfResult::neutral:
      return comment + spf.domain + " says nothing definite about " + std::string(client);
    case auth::SpfResult::none:
      return comment + spf.domain + " has no SPF record";
    case auth::SpfResult::temperror:
      return comment + "the DNS of " + spf.domain + " did not answer";
    case auth::SpfResult::permerror:
      return comment + "the SPF record of " + spf.domain + " cannot be used";
  }
  std::abort();
}

std::string received_spf(const StampFacts& facts, const auth::SpfEvaluation& spf) {
  return mail::to_received_spf_field({
      .result = std::string(to_string(spf.result)),
      .comment = spf_comment(spf, facts.server_name, facts.session->client.to_string()),
      .client = facts.session->client,
      .envelope_from = std::string(facts.reverse_path),
      .helo = facts.session->hello,
      .receiver = std::string(facts.server_name),
      .identity = spf.identity == auth::SpfIdentity::helo ? "helo" : "mailfrom",
      .mechanism = spf.mechanism,
      .problem = spf.problem,
  });
}

std::string received(const StampFacts& facts) {
  const smtp::SessionFacts& session = *facts.session;
  return mail::to_received_field({
      .hello = session.hello,
      .extended = session.extended,
      .smtp_utf8 = facts.smtp_utf8,
      .tls = session.tls ? session.tls->version + " " + session.tls->cipher : "",
      .reverse_name = std::string(facts.reverse_name),
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
  out.reserve(1024);
  append_field(out, "X-Postern-Message-Trace-Id", facts.transaction_id);
  append_field(
      out, "X-Postern-Directionality",
      facts.verdict->direction == policy::Direction::originating ? "Originating" : "Incoming");
  if (facts.verdict->connector) {
    append_field(out, "X-Postern-Connector", printable(facts.verdict->connector->name.view()));
  }
  if (facts.verdict->direct_send) append_field(out, "X-Postern-Direct-Send", "true");

  mail::AuthenticationResults results{.authserv_id = std::string(facts.server_name)};
  if (facts.spf_mail_from) {
    results.results.push_back(
        spf_result(*facts.spf_mail_from, "mailfrom",
                   facts.reverse_path.empty() ? facts.spf_mail_from->domain : facts.reverse_path));
  }
  if (facts.spf_helo)
    results.results.push_back(spf_result(*facts.spf_helo, "helo", facts.spf_helo->domain));
  out += mail::to_authentication_results_field(results);

  if (facts.spf_mail_from) out += received_spf(facts, *facts.spf_mail_from);
  if (facts.spf_helo) out += received_spf(facts, *facts.spf_helo);
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
