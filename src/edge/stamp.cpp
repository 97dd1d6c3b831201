#include "edge/stamp.h"

#include "auth/dkim_fields.h"
#include "auth/dmarc.h"
#include "auth/spf_fields.h"
#include "mail/authentication_results.h"
#include "mail/received.h"

namespace postern::edge {
namespace {

/// RFC 8601 section 2.2: what was checked, what came out, in the order of a message's way.
mail::AuthenticationResults results(const StampFacts& facts) {
  mail::AuthenticationResults all{.authserv_id = std::string(facts.server_name)};
  all.results.reserve(8);
  const SpfOutcome& spf = *facts.spf;
  const auto add = [&all](const auth::SpfCheck& check) {
    all.results.push_back(auth::to_authentication_result(check.query, check.evaluation));
  };
  if (spf.mail_from) add(*spf.mail_from);
  if (spf.helo) add(spf.helo->spf);
  for (const auth::DkimResult& dkim : facts.message->dkim) {
    all.results.push_back(auth::to_authentication_result(dkim));
  }
  if (facts.message->dkim.empty()) all.results.push_back({.method = "dkim", .result = "none"});
  const IpAddress& client = facts.judged_client;
  if (facts.message->arc.status != auth::ArcStatus::none) {
    all.results.push_back(auth::to_authentication_result(client, facts.message->arc));
    // RFC 8601 section 2.4: what local policy makes of a result stands beside it.
    if (facts.testimony != nullptr) {
      all.results.back().properties.push_back(
          {"policy", "trusted-sealer", facts.testimony->sealer});
    }
  }
  all.results.push_back(auth::to_authentication_result(facts.message->dmarc));
  if (facts.composite != nullptr) {
    all.results.push_back(
        policy::to_authentication_result(*facts.composite, facts.message->dmarc.author_domain));
  }
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
  std::string out = origin_fields(facts.origin);
  out += mail::to_authentication_results_field(results(facts));
  if (const auto& mail_from = facts.spf->mail_from)
    out += auth::to_received_spf_field(mail_from->query, mail_from->evaluation);
  if (facts.spf->helo) out += facts.spf->helo->field;
  out += received(facts);
  return out;
}

std::vector<delivery::Edit::Range> fields_to_remove(const mail::HeaderSection& section,
                                                    std::string_view authserv_id) {
  std::vector<delivery::Edit::Range> ranges;
  for (const mail::HeaderField& field : section.fields) {
    const bool claims_us =
        field.is("Authentication-Results") && mail::claims_authserv_id(field.body, authserv_id);
    // Of junk_fields, which programs behind us act on.
    const bool is_junk_mark = field.is("X-Spam-Flag");
    if (claims_us || is_junk_mark || policy::is_protected(field))
      ranges.push_back({field.begin, field.end});
  }
  return ranges;
}

}  // namespace postern::edge
