// How `postern check` tells what it found: for people, and as JSON.
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <cstdlib>
#include <ostream>

#include "ctl/check.h"
#include "dns/zone.h"

namespace postern::ctl {
namespace {

namespace json = boost::json;

/// Octets of a stranger's message for a terminal: line endings are shown and end a line, other
/// control characters and what is no ASCII are escaped.
void print_octets(std::ostream& out, std::string_view title, std::string_view octets) {
  out << "    " << title << ", " << octets.size() << " octets:\n      | ";
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const auto byte = static_cast<unsigned char>(octets[i]);
    if (octets.substr(i, 2) == "\r\n") {
      ++i;
      out << (i + 1 < octets.size() ? "\\r\\n\n      | " : "\\r\\n");
    } else if (byte == '\\') {
      out << "\\\\";
    } else if (byte < 0x20 || byte > 0x7e) {
      out << fmt::format("\\x{:02x}", byte);
    } else {
      out << octets[i];
    }
  }
  out << '\n';
}

/// Text that may be a stranger's, on one line of a terminal.
std::string plain(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return line;
}

std::string with_detail(std::string_view sentence, std::string_view detail) {
  std::string text(sentence);
  if (!text.empty() && !detail.empty()) text += ": ";
  return text.append(detail);
}

void print_line(std::ostream& out, std::string_view method, std::string_view result,
                std::string_view about, std::string_view why) {
  out << fmt::format("{:<6} {}", method, result);
  if (!about.empty())
    out << std::string(result.size() < 10 ? 10 - result.size() : 0, ' ') << ' ' << plain(about);
  if (!why.empty()) out << "  (" << plain(why) << ")";
  out << '\n';
}

std::string spf_subject(const auth::SpfCheck& one) {
  const bool is_helo = one.query.identity == auth::SpfIdentity::helo;
  return fmt::format("{} {}", is_helo ? "HELO" : "MAIL FROM", one.evaluation.domain);
}

void print_spf(std::ostream& out, const auth::SpfCheck& one) {
  const auth::SpfEvaluation& spf = one.evaluation;
  print_line(out, "spf", to_string(spf.result), spf_subject(one),
             spf.problem.empty() ? spf.mechanism : spf.problem);
  for (const auth::SpfStep& step : spf.steps)
    out << fmt::format("    {}: {}: {}\n", plain(step.domain), plain(step.text),
                       plain(step.outcome));
  if (spf.lookups > 0)
    out << fmt::format("    {} of 10 DNS terms, {} of 2 void lookups\n", spf.lookups,
                       spf.void_lookups);
  if (!spf.explanation.empty()) out << "    the domain says: " << plain(spf.explanation) << '\n';
}

void print_dkim(std::ostream& out, const SignatureCheck& one, ShowOctets octets) {
  const auth::DkimResult& dkim = one.result;
  print_line(out, "dkim", to_string(dkim.status),
             fmt::format("d={} s={}", dkim.domain, dkim.selector),
             with_detail(to_sentence(dkim.problem), dkim.detail));
  std::string about;
  const auto add = [&about](const std::string& part) {
    about += (about.empty() ? "" : ", ") + part;
  };
  if (dkim.algorithm) add(fmt::format("a={}", to_string(*dkim.algorithm)));
  if (!dkim.identity.empty()) add("i=" + plain(dkim.identity));
  if (!dkim.signature_start.empty()) add(fmt::format("b={}…", plain(dkim.signature_start)));
  if (dkim.key_bits > 0) add(fmt::format("key of {} bits", dkim.key_bits));
  if (!about.empty()) out << "    " << about << '\n';
  if (dkim.is_testing) out << "    the key says t=y: the domain tests DKIM\n";
  if (dkim.expires_at) out << "    expires " << format_iso(*dkim.expires_at) << '\n';
  if (dkim.unsigned_body > 0)
    out << fmt::format("    {} octets of the body are not signed (l=)\n", dkim.unsigned_body);
  if (octets == ShowOctets::yes && !one.header_octets.empty()) {
    print_octets(out, "the header fields as they are signed", one.header_octets);
    print_octets(out, "the body as it is hashed", one.body_octets);
  }
}

void print_arc(std::ostream& out, const auth::ArcResult& arc) {
  if (arc.status == auth::ArcStatus::none) return print_line(out, "arc", "none", "", "");
  print_line(out, "arc", to_string(arc.status), fmt::format("{} sets", arc.highest_instance),
             with_detail(to_sentence(arc.problem), arc.detail));
  for (const auth::ArcHop& hop : arc.hops)
    out << fmt::format("    i={}: sealed by {}, signed by {}:{}\n", hop.instance,
                       plain(hop.seal_domain), plain(hop.signature_domain), plain(hop.results));
}

/// Only what passed can be aligned. Of the rest it is told where it would: what failed is only
/// compared for the same name, so that nothing is said where the names differ.
std::string outcome_of(const auth::DmarcAlignment& one) {
  const auto would_align = [&one] {
    return one.is_aligned ? fmt::format(", would align ({})", to_string(one.alignment)) : "";
  };
  switch (one.identifier.status) {
    case auth::IdentifierStatus::pass:
      return one.is_aligned ? fmt::format("passed, aligned ({})", to_string(one.alignment))
                            : "passed, not aligned";
    case auth::IdentifierStatus::fail:
      return "did not pass" + would_align();
    case auth::IdentifierStatus::temperror:
      return "temporary error" + would_align();
  }
  std::abort();
}

void print_dmarc(std::ostream& out, const CheckReport& report) {
  const auth::DmarcEvaluation& dmarc = report.dmarc;
  print_line(out, "dmarc", to_string(dmarc.result), "From " + dmarc.author_domain, dmarc.problem);
  for (const auth::DmarcStep& step : dmarc.steps)
    out << fmt::format("    _dmarc.{}: {}\n", plain(step.domain), plain(step.outcome));
  if (!dmarc.record_domain.empty())
    out << fmt::format("    {}={} from {}, organizational domain {}\n", dmarc.policy_tag,
                       to_string(dmarc.policy), dmarc.record_domain, dmarc.organizational_domain);
  if (!dmarc.suffix_list_domain.empty())
    out << fmt::format(
        "    by the public suffix list the organizational domain would be {}: receivers that "
        "follow RFC 7489 go by that\n",
        dmarc.suffix_list_domain);
  for (const auth::DmarcAlignment& one : dmarc.identifiers)
    out << fmt::format("    {} {}: {}\n", to_string(one.identifier.method),
                       plain(one.identifier.domain), outcome_of(one));
}

json::string text(std::string_view value) {
  return json::string(value);
}

json::object spf_json(const auth::SpfCheck& one) {
  const auth::SpfEvaluation& spf = one.evaluation;
  json::array steps;
  for (const auth::SpfStep& step : spf.steps)
    steps.push_back(
        json::object{{"domain", step.domain}, {"text", step.text}, {"outcome", step.outcome}});
  return {{"identity", text(to_string(spf.identity))},
          {"domain", spf.domain},
          {"result", text(to_string(spf.result))},
          {"mechanism", spf.mechanism},
          {"problem", spf.problem},
          {"explanation", spf.explanation},
          {"lookups", spf.lookups},
          {"voidLookups", spf.void_lookups},
          {"steps", std::move(steps)}};
}

json::object dkim_json(const SignatureCheck& one, ShowOctets octets) {
  const auth::DkimResult& dkim = one.result;
  json::object object{{"result", text(to_string(dkim.status))},
                      {"problem", with_detail(to_sentence(dkim.problem), dkim.detail)},
                      {"domain", dkim.domain},
                      {"selector", dkim.selector},
                      {"identity", dkim.identity},
                      {"keyBits", dkim.key_bits},
                      {"testing", dkim.is_testing},
                      {"unsignedBody", dkim.unsigned_body}};
  if (dkim.algorithm) object["algorithm"] = text(to_string(*dkim.algorithm));
  if (octets == ShowOctets::yes) {
    object["headerOctets"] = one.header_octets;
    object["bodyOctets"] = one.body_octets;
  }
  return object;
}

json::object arc_json(const auth::ArcResult& arc) {
  json::array hops;
  for (const auth::ArcHop& hop : arc.hops)
    hops.push_back(json::object{{"instance", hop.instance},
                                {"sealDomain", hop.seal_domain},
                                {"signatureDomain", hop.signature_domain},
                                {"results", hop.results}});
  return {{"result", text(to_string(arc.status))},
          {"problem", with_detail(to_sentence(arc.problem), arc.detail)},
          {"oldestPass", arc.oldest_pass},
          {"hops", std::move(hops)}};
}

json::object dmarc_json(const auth::DmarcEvaluation& dmarc) {
  json::array identifiers;
  for (const auth::DmarcAlignment& one : dmarc.identifiers)
    identifiers.push_back(
        json::object{{"method", text(to_string(one.identifier.method))},
                     {"domain", one.identifier.domain},
                     {"passed", one.identifier.status == auth::IdentifierStatus::pass},
                     {"alignment", text(to_string(one.alignment))},
                     {"aligned", one.is_aligned}});
  json::array steps;
  for (const auth::DmarcStep& step : dmarc.steps)
    steps.push_back(json::object{{"domain", step.domain}, {"outcome", step.outcome}});
  return {{"result", text(to_string(dmarc.result))},
          {"authorDomain", dmarc.author_domain},
          {"organizationalDomain", dmarc.organizational_domain},
          {"suffixListDomain", dmarc.suffix_list_domain},
          {"recordDomain", dmarc.record_domain},
          {"record", dmarc.record},
          {"policy", text(to_string(dmarc.policy))},
          {"policyTag", text(dmarc.policy_tag)},
          {"testing", dmarc.is_testing},
          {"appliedPolicy", text(to_string(dmarc.applied_policy))},
          {"problem", dmarc.problem},
          {"identifiers", std::move(identifiers)},
          {"steps", std::move(steps)}};
}

std::string_view status_word(dns::Status status) {
  switch (status) {
    case dns::Status::ok:
      return "ok";
    case dns::Status::empty:
      return "empty";
    case dns::Status::nxdomain:
      return "nxdomain";
    case dns::Status::failure:
      return "failure";
  }
  std::abort();
}

}  // namespace

void print_check(std::ostream& out, const CheckReport& report, ShowOctets octets) {
  if (report.trouble != mail::HeaderTrouble::none) {
    out << "The header section cannot be read: " << to_sentence(report.trouble) << ".\n";
    return;
  }
  for (const auth::SpfCheck& one : report.spf) print_spf(out, one);
  if (report.iprev)
    print_line(out, "iprev", to_string(report.iprev->result), report.iprev->name, "");
  for (const SignatureCheck& one : report.dkim) print_dkim(out, one, octets);
  if (report.dkim.empty()) print_line(out, "dkim", "none", "no signature", "");
  print_arc(out, report.arc);
  print_dmarc(out, report);
  for (const auto& [question, answer] : report.answers) {
    if (answer->status == dns::Status::failure)
      out << fmt::format("dns    {} {}: {}\n", question.name, to_string(question.type),
                         plain(answer->problem));
  }
  out << (report.passes() ? "The message passes.\n" : "The message does not pass.\n");
}

json::object to_json(const CheckReport& report, ShowOctets octets) {
  if (report.trouble != mail::HeaderTrouble::none)
    return {{"passes", false}, {"problem", text(to_sentence(report.trouble))}};
  json::array spf;
  for (const auth::SpfCheck& one : report.spf) spf.push_back(spf_json(one));
  json::array dkim;
  for (const SignatureCheck& one : report.dkim) dkim.push_back(dkim_json(one, octets));
  json::array answers;
  for (const auto& [question, answer] : report.answers)
    answers.push_back(json::object{{"name", question.name},
                                   {"type", text(to_string(question.type))},
                                   {"status", text(status_word(answer->status))},
                                   {"ttl", answer->ttl},
                                   {"secure", answer->secure},
                                   {"problem", answer->problem}});
  json::object object{{"passes", report.passes()},         {"spf", std::move(spf)},
                      {"dkim", std::move(dkim)},           {"arc", arc_json(report.arc)},
                      {"dmarc", dmarc_json(report.dmarc)}, {"dns", std::move(answers)}};
  if (report.iprev)
    object["iprev"] = json::object{{"result", text(to_string(report.iprev->result))},
                                   {"name", report.iprev->name}};
  return object;
}

}  // namespace postern::ctl
