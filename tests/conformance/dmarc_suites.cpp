// DMARC and the public suffix list: records, tree walks and evaluations of Mail::DMARC and mox, the
// suffix list's own tests, and cases/dmarc.yml of our own.
#include <boost/json.hpp>
#include <set>
#include <sstream>

#include "auth/dmarc.h"
#include "auth/dmarc_report_destination.h"
#include "base/ascii.h"
#include "dns/ask.h"
#include "dns/name.h"
#include "dns/zone.h"
#include "mail/domain_name.h"
#include "tests/conformance/json_files.h"
#include "tests/conformance/report.h"

namespace postern::conformance {
namespace {

namespace json = boost::json;
using auth::DmarcIdentifier;
using auth::DmarcMethod;
using auth::IdentifierStatus;

std::string text(const json::value& value) {
  return value.is_string() ? std::string(value.as_string()) : "";
}

template <class Evaluate>
auto ask(const dns::Zone& zone, Evaluate evaluate) {
  dns::ZoneResolver resolver(zone);
  dns::AnswerSet answers;
  dns::AskBudget budget;
  return dns::ask_until_done(resolver, answers, budget, evaluate);
}

std::string to_word(bool valid) {
  return valid ? "valid" : "invalid";
}

/// Is anything asked of a receiver by this record?
bool is_useful(std::string_view record) {
  const auto parsed = auth::parse_dmarc_record(record);
  return parsed && parsed->applies;
}

// Records.

SuiteReport mox_records(const std::filesystem::path& file) {
  SuiteReport report("dmarc/dmarc-parse.json");
  report.expect_differences(
      {{"v=DMARC1; sp=reject; p=reject",
        "RFC 9989 section 4.8: only v= has a fixed place, p= need not follow it"}});
  const json::value cases = read_json(file);
  for (const json::value& one : cases.at("cases").as_array()) {
    const std::string record = text(one.at("record"));
    report.check(record, to_word(one.at("valid_rfc7489").as_bool()), to_word(is_useful(record)));
  }
  report.finish();
  return report;
}

/// What a tag with a good value says must be in the record, with a bad one not.
bool takes_value(const std::string& tag, const std::string& value) {
  const auto with = [](const std::string& tags) { return auth::parse_dmarc_record(tags); };
  if (tag == "v") return with("v=" + value + "; p=none").has_value();
  if (tag == "p" || tag == "sp" || tag == "np")
    return is_useful(tag == "p" ? "v=DMARC1; p=" + value
                                : "v=DMARC1; p=none; " + tag + "=" + value);
  const auto record = with("v=DMARC1; p=none; " + tag + "=" + value);
  if (!record) return false;
  if (tag == "rua") return !record->rua.empty();
  if (tag == "ruf") return !record->ruf.empty();
  // The others leave the default if they are wrong, so a good value that is not the default shows.
  const bool is_default =
      iequals(value, "r") || iequals(value, "n") || iequals(value, "u") || value == "0";
  return is_default || *record != *with("v=DMARC1; p=none");
}

SuiteReport mail_dmarc_records(const std::filesystem::path& file) {
  SuiteReport report("dmarc/records.json");
  report.expect_differences(
      {{"v=DMARC1\\; p=reject\\;", "RFC 9989 section 4.7, v: the value must match precisely"}});
  const json::value suite = read_json(file);
  for (const bool good : {true, false})
    for (const auto& [tag, values] : suite.at("tag_values").at(good ? "good" : "bad").as_object())
      for (const json::value& value : values.as_array())
        report.check(std::string(tag) + "=" + text(value), to_word(good),
                     to_word(takes_value(tag, text(value))));
  for (const char* group : {"records", "real_world"})
    for (const json::value& one : suite.at(group).as_array())
      report.check(text(one.at("record")), to_word(one.at("valid").as_bool()),
                   to_word(is_useful(text(one.at("record")))));
  report.finish();
  return report;
}

// Look-ups.

/// `txt` are the records; `fail` has `txt name` for names of them that time out instead.
dns::Zone mox_zone(const json::value& suite) {
  std::set<std::string> failing;
  for (const json::value& one : suite.at("fail").as_array())
    failing.insert(*dns::name_from_octets(text(one).substr(4)));
  dns::Zone zone;
  for (const auto& [owner, texts] : suite.at("txt").as_object()) {
    const std::string name = *dns::name_from_octets(owner);
    if (failing.contains(name)) {
      zone.add_failure(name, dns::Type::txt, "timeout");
      continue;
    }
    for (const json::value& one : texts.as_array())
      zone.add(name, {.type = dns::Type::txt, .text = text(one)});
  }
  return zone;
}

/// `found at example.com`, `no record`, `temperror`: what the walk of an author domain comes to.
std::string look_up(const dns::Zone& zone, const std::string& domain) {
  const auto dmarc = ask(zone, [&](const dns::AnswerSet& answers) {
    return auth::evaluate_dmarc({.author = {{domain}}}, answers);
  });
  if (dmarc.result == auth::DmarcResult::temperror) return "temperror";
  return dmarc.record_domain.empty() ? "no record" : "found at " + dmarc.record_domain;
}

SuiteReport mox_lookups(const std::filesystem::path& file) {
  SuiteReport report("dmarc/dmarc-lookup.json");
  report.expect_differences(
      {{"malformed.example", "RFC 9989 section 4.7: what is no tag is ignored, the rest counts"}});
  const json::value suite = read_json(file);
  const dns::Zone zone = mox_zone(suite);
  for (const json::value& one : suite.at("cases").as_array()) {
    const std::string error = text(one.at("err"));
    const std::string expected = error.empty()    ? "found at " + text(one.at("policy_domain"))
                                 : error == "dns" ? "temperror"
                                                  : "no record";
    const std::string domain = text(one.at("domain"));
    report.check(domain, expected, look_up(zone, domain));
  }
  report.finish();
  return report;
}

SuiteReport mox_report_authorization(const std::filesystem::path& file) {
  SuiteReport report("dmarc/dmarc-external-report-authorization.json");
  report.expect_differences({{"example.com at malformed.example",
                              "RFC 9989 section 4.7: what is no tag is ignored, the rest counts"}});
  const json::value suite = read_json(file);
  const dns::Zone zone = mox_zone(suite);
  for (const json::value& one : suite.at("cases").as_array()) {
    const std::string policy_domain = text(one.at("policy_domain"));
    const std::string destination = text(one.at("destination"));
    const auto found = ask(zone, [&](const dns::AnswerSet& answers) {
      return auth::check_report_destination(policy_domain, destination, answers);
    });
    const std::string expected = one.at("accepts").as_bool()             ? "authorized"
                                 : text(one.at("status")) == "temperror" ? "temperror"
                                                                         : "refused";
    report.check(policy_domain + " at " + destination, expected,
                 std::string(to_string(found.result)));
  }
  report.finish();
  return report;
}

// Evaluations.

IdentifierStatus status_of(const json::value& result) {
  if (text(result) == "pass") return IdentifierStatus::pass;
  return text(result) == "temperror" ? IdentifierStatus::temperror : IdentifierStatus::fail;
}

/// DMARC looks at the MAIL FROM identity only.
std::vector<DmarcIdentifier> identifiers_of(const json::value& one) {
  std::vector<DmarcIdentifier> identifiers;
  for (const json::value& spf : one.at("spf").as_array()) {
    const auto identifier = auth::to_dmarc_identifier(auth::SpfEvaluation{
        .result = status_of(spf.at("result")) == IdentifierStatus::pass ? auth::SpfResult::pass
                                                                        : auth::SpfResult::fail,
        .identity = text(spf.at("scope")) == "helo" ? auth::SpfIdentity::helo
                                                    : auth::SpfIdentity::mail_from,
        .domain = text(spf.at("domain"))});
    if (identifier) identifiers.push_back(*identifier);
  }
  for (const json::value& dkim : one.at("dkim").as_array())
    identifiers.push_back(
        {DmarcMethod::dkim, text(dkim.at("domain")), status_of(dkim.at("result"))});
  return identifiers;
}

/// The nearest alignment of what passed by one method.
std::string alignment_of(const auth::DmarcEvaluation& dmarc, DmarcMethod method) {
  auth::Alignment nearest = auth::Alignment::none;
  for (const auth::DmarcAlignment& each : dmarc.identifiers)
    if (each.identifier.method == method && each.is_aligned &&
        each.identifier.status == IdentifierStatus::pass)
      nearest = std::max(nearest, each.alignment);
  return std::string(to_string(nearest));
}

void check_evaluation(SuiteReport& report, const std::string& name, const dns::Zone& zone,
                      const json::value& one) {
  const auto dmarc = ask(zone, [&](const dns::AnswerSet& answers) {
    return auth::evaluate_dmarc(
        {.author = {{text(one.at("header_from"))}}, .identifiers = identifiers_of(one)}, answers);
  });
  std::string expected, got;
  for (const auto& [key, value] : one.at("expect").as_object()) {
    std::string found;
    if (key == "result")
      found = to_string(dmarc.result);
    else if (key == "disposition")
      found = to_string(dmarc.applied_policy);
    else if (key == "spf" || key == "dkim")
      found = alignment_of(dmarc, key == "spf" ? DmarcMethod::spf : DmarcMethod::dkim) == "none"
                  ? "fail"
                  : "pass";
    else if (key == "spf_align" || key == "dkim_align")
      found = alignment_of(dmarc, key == "spf_align" ? DmarcMethod::spf : DmarcMethod::dkim);
    else
      found = "";  // overrides by local policy
    expected += std::string(key) + "=" + text(value) + " ";
    got += std::string(key) + "=" + found + " ";
  }
  report.check(name, expected, got);
}

/// `{"example.com": {"MX": 1, "TXT": "…"}}`; a value of 1 stands for any record of that type.
dns::Zone own_zone(const json::value& records) {
  dns::Zone zone;
  for (const auto& [owner, types] : records.as_object())
    for (const auto& [type, value] : types.as_object())
      zone.add(*dns::name_from_octets(owner), {.type = dns::type_from_text(type).value(),
                                               .address = *IpAddress::parse("192.0.2.1"),
                                               .text = text(value),
                                               .name = "mail.example.com"});
  return zone;
}

void check_walk(SuiteReport& report, const dns::Zone& zone, const json::value& one) {
  const std::string domain = text(one.at("domain"));
  const auto walk =
      ask(zone, [&](const dns::AnswerSet& answers) { return auth::walk_tree(domain, answers); });
  if (text(one.at("kind")) == "org-domain") {
    report.check("organization of " + domain, text(one.at("org_domain")),
                 std::string(walk.organizational_domain));
    return;
  }
  const bool found = !walk.records.empty();
  const std::string at = text(one.at("record_at"));
  report.check(
      "walk from " + domain,
      to_word(one.at("record_found").as_bool()) + " " + text(one.at("org_domain")) + " " + at,
      to_word(found) + " " + (found ? std::string(walk.organizational_domain) : "") + " " +
          (at.empty() ? "" : std::string(walk.records[0].domain)));
}

void check_authorization(SuiteReport& report, const dns::Zone& zone, const json::value& one) {
  const std::string policy_domain = text(one.at("policy_domain"));
  const auto found = ask(zone, [&](const dns::AnswerSet& answers) {
    return auth::check_report_destination(policy_domain, text(one.at("destination")), answers);
  });
  report.check(
      policy_domain + " reports to " + text(one.at("destination")),
      "authorized " + text(one.at("rua_override")),
      std::string(to_string(found.result)) + " " + (found.rua.empty() ? "" : found.rua.front()));
}

/// A From field, with or without its name; null where there is not exactly one domain.
void check_author(SuiteReport& report, const json::value& one) {
  std::string field = text(one.at("header"));
  if (!field.starts_with("From:")) field = "From: " + field;
  const auto found =
      mail::author_domains(mail::find_authors(mail::parse_header_section(field + "\r\n\r\n")));
  const bool is_one = found.trouble == mail::AuthorTrouble::none;
  report.check(field, text(one.at("domain")), is_one ? found.domains.front() : "");
}

void check_suffix(SuiteReport& report, const json::value& one) {
  std::string rules;
  for (const json::value& rule : one.at("rules").as_array()) rules += text(rule) + "\n";
  const auto list = auth::PublicSuffixList::parse(rules);
  const std::string domain = text(one.at("domain"));
  report.check("suffix of " + domain, text(one.at("org_domain")),
               list ? list->registrable_domain(domain).value_or("") : "no list");
}

SuiteReport mail_dmarc(const std::filesystem::path& file) {
  SuiteReport report("dmarc/cases.json");
  report.expect_differences({{"local whitelist by IP 1.2.3.4 = local_policy",
                              "RFC 9989 section 5.4: overrides by local policy are no part of the "
                              "evaluation; policy/ makes them"}});
  const json::value suite = read_json(file);
  std::string master_file;
  for (const json::value& line : suite.at("zone").as_array()) master_file += text(line) + "\n";
  const dns::Zone zone = dns::Zone::parse(master_file, "cases.json").value();
  for (const json::value& one : suite.at("cases").as_array()) {
    const std::string kind = text(one.at("kind"));
    if (kind == "tree-walk" || kind == "org-domain") check_walk(report, zone, one);
    if (kind == "validate") check_evaluation(report, text(one.at("header_from")), zone, one);
    if (kind == "validate-own-zone")
      check_evaluation(report, text(one.at("name")), own_zone(one.at("zone")), one);
    if (kind == "external-report-authorization") check_authorization(report, zone, one);
    if (kind == "from-domain") check_author(report, one);
    if (kind == "psl") check_suffix(report, one);
  }
  report.finish();
  return report;
}

// The public suffix list.

/// What stands in the n-th argument of checkPublicSuffix(): a name in quotes, or null.
std::string argument(std::string_view line, int n) {
  for (std::size_t at = line.find('(') + 1;; ++at) {
    const std::size_t end = line.find_first_of(",)", at);
    const std::string_view word = trim(line.substr(at, end - at));
    if (n-- == 0) return word == "null" ? "" : std::string(word.substr(1, word.size() - 2));
    at = end;
  }
}

SuiteReport suffix_list(const std::filesystem::path& folder) {
  SuiteReport report("psl/test_psl.txt");
  const auto list = auth::PublicSuffixList::load((folder / "public_suffix_list.dat").string());
  if (!list) {
    report.fail("public_suffix_list.dat", list.error().message);
    return report;
  }
  std::istringstream lines(read_file(folder / "test_psl.txt"));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("checkPublicSuffix(")) continue;
    // Names come as U-labels too; a leading dot is no name.
    const auto domain = mail::to_a_label(argument(line, 0));
    const auto expected = argument(line, 1);
    report.check(line, expected.empty() ? "" : mail::to_a_label(expected).value_or("no name"),
                 domain ? list->registrable_domain(*domain).value_or("") : "");
  }
  report.finish();
  return report;
}

/// Worlds and evaluations: see cases/dmarc.yml.
SuiteReport own_cases(const std::filesystem::path& file) {
  SuiteReport report("own cases/dmarc.yml");
  for (const json::value& document : read_yaml(file)) {
    const dns::Zone zone = dns::Zone::parse(text(document.at("zone")), "dmarc.yml").value();
    for (const auto& [name, test] : document.at("tests").as_object()) {
      auth::DmarcQuery query{.author = mail::author_domains(mail::find_authors(
                                 mail::parse_header_section(text(test.at("from")) + "\r\n")))};
      const auto add = [&](const char* key, DmarcMethod method) {
        if (const json::value* domain = test.as_object().if_contains(key))
          query.identifiers.push_back({method, text(*domain), IdentifierStatus::pass});
      };
      add("spf", DmarcMethod::spf);
      add("dkim", DmarcMethod::dkim);
      const auto dmarc = ask(zone, [&](const dns::AnswerSet& answers) {
        return auth::evaluate_dmarc(query, answers);
      });
      std::string got(to_string(dmarc.result));
      if (dmarc.result == auth::DmarcResult::fail)
        got += " " + std::string(to_string(dmarc.applied_policy));
      report.check(name, text(test.at("result")), got);
    }
  }
  report.finish();
  return report;
}

}  // namespace

std::vector<SuiteReport> dmarc_suites(const std::filesystem::path& folder) {
  std::vector<SuiteReport> reports;
  reports.push_back(own_cases(POSTERN_SOURCE_DIR "/tests/conformance/cases/dmarc.yml"));
  if (folder.empty()) return reports;
  const auto dmarc = folder / "dmarc";
  reports.push_back(mail_dmarc(dmarc / "cases.json"));
  reports.push_back(mail_dmarc_records(dmarc / "records.json"));
  reports.push_back(mox_records(dmarc / "dmarc-parse.json"));
  reports.push_back(mox_lookups(dmarc / "dmarc-lookup.json"));
  reports.push_back(mox_report_authorization(dmarc / "dmarc-external-report-authorization.json"));
  reports.push_back(suffix_list(folder / "psl"));
  return reports;
}

}  // namespace postern::conformance
