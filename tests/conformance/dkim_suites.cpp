// DKIM: signature fields and key records by mox, canonicalization and verification by go-msgauth,
// the messages of Mail::DKIM, and cases/dkim.yml of our own.
#include <boost/json.hpp>
#include <fstream>
#include <sstream>

#include "auth/dkim_canonical.h"
#include "auth/dkim_verify.h"
#include "base/ascii.h"
#include "dns/ask.h"
#include "dns/name.h"
#include "dns/zone.h"
#include "tests/conformance/json_files.h"
#include "tests/conformance/messages.h"
#include "tests/conformance/report.h"

namespace postern::conformance {
namespace {

namespace json = boost::json;
using auth::Canonicalization;
using auth::DkimProblem;
using auth::DkimResult;
using auth::DkimStatus;

std::vector<DkimResult> verify(const std::string& message, const dns::Zone& zone,
                               const auth::DkimOptions& options = {}, Time now = default_time()) {
  const mail::HeaderSection section = mail::parse_header_section(message);
  auth::BodyHashes body;
  const auth::DkimVerifier verifier(message, section, body, options);
  body.update(std::string_view(message).substr(section.body_begin));
  body.finish();
  return ask_zone<std::vector<DkimResult>>(
      zone, [&](const dns::AnswerSet& answers, auth::DkimKeyCache& keys) {
        return verifier.evaluate(answers, keys, now);
      });
}

/// `pass`, `fail: body hash did not verify`; several results separated by ` | `; `none`.
std::string summary(const std::vector<DkimResult>& results) {
  std::string text;
  for (const DkimResult& result : results) {
    if (!text.empty()) text += " | ";
    text += to_string(result.status);
    if (result.problem != DkimProblem::none) text += ": ";
    text += to_sentence(result.problem);
  }
  return text.empty() ? "none" : text;
}

bool has_pass(const std::vector<DkimResult>& results) {
  return std::ranges::any_of(
      results, [](const DkimResult& result) { return result.status == DkimStatus::pass; });
}

SuiteReport signature_parsing(const std::filesystem::path& file) {
  SuiteReport report("dkim/dkim-signature-parse.json");
  int number = 0;
  const json::value cases = read_json(file);
  for (const json::value& one : cases.at("cases").as_array()) {
    const std::string field(one.at("header").as_string());
    const auto charset =
        one.at("smtputf8").as_bool() ? auth::FieldCharset::utf8 : auth::FieldCharset::ascii;
    const mail::HeaderSection section = mail::parse_header_section(field);
    const bool is_signature = section.count("DKIM-Signature") == 1;
    const bool valid =
        is_signature && !auth::parse_dkim_signature(section.fields[0].body, charset).fault;
    report.check("case " + std::to_string(++number),
                 one.at("valid").as_bool() ? "valid" : "invalid", valid ? "valid" : "invalid");
  }
  report.finish();
  return report;
}

SuiteReport key_parsing(const std::filesystem::path& file) {
  SuiteReport report("dkim/dkim-key-record-parse.json");
  const json::value cases = read_json(file);
  for (const json::value& one : cases.at("cases").as_array()) {
    const std::string record(one.at("txt").as_string());
    report.check(record, one.at("valid").as_bool() ? "valid" : "invalid",
                 auth::parse_dkim_key(record) ? "valid" : "invalid");
  }
  report.finish();
  return report;
}

struct Collected final : auth::ByteSink {
  void write(std::string_view bytes) override { text += bytes; }
  std::string text;
};

SuiteReport canonicalization(const std::filesystem::path& file) {
  SuiteReport report("dkim/go-msgauth canonicalization");
  const std::string reason =
      "RFC 6376 section 5.3: the signer makes CRLF of bare LF before it "
      "signs; to the verifier a bare LF is an octet like the others";
  report.expect_differences({{"simple_body 7", reason}, {"simple_body 10", reason}});
  const json::value groups = read_json(file);
  for (const std::string group : {"simple_body", "relaxed_body", "relaxed_header"}) {
    int number = 0;
    for (const json::value& one : groups.at(group).as_array()) {
      const auto how =
          group == "simple_body" ? Canonicalization::simple : Canonicalization::relaxed;
      Collected sink;
      auth::BodyCanonicalizer body(how, sink);
      for (const json::value& chunk : one.at("chunks").as_array()) {
        const std::string text(chunk.as_string());
        if (group == "relaxed_header")
          auth::append_canonical_field(sink.text, text, how);
        else
          body.update(text);
      }
      if (group != "relaxed_header") body.finish();
      report.check(group + " " + std::to_string(++number), json::serialize(one.at("canonical")),
                   json::serialize(json::value(sink.text)));
    }
  }
  report.finish();
  return report;
}

SuiteReport go_msgauth(const std::filesystem::path& folder) {
  SuiteReport report("dkim/go-msgauth verify");
  const json::value world = read_json(folder / "verify.json");
  dns::Zone zone;
  for (const auto& [owner, record] : world.at("dns_txt").as_object())
    zone.add(*dns::name_from_octets(owner),
             {.type = dns::Type::txt, .text = std::string(record.as_string())});

  for (const json::value& one_value : world.at("cases").as_array()) {
    const json::object& one = one_value.as_object();
    const std::string name(one.at("name").as_string());
    const std::string message =
        one.contains("inline") ? std::string(one.at("inline").as_string())
                               : read_file(folder / std::string(one.at("message").as_string()));
    auth::DkimOptions options;
    if (const json::value* limit = one.if_contains("limit"))
      options.max_signatures = static_cast<std::size_t>(limit->as_int64());
    const auto results = verify(message, zone, options);

    if (const json::value* count = one.if_contains("verifications_count")) {
      // The rest is one more result, which says that there are too many.
      report.check(name, "2 and too many signatures",
                   std::to_string(results.size() - 1) + " and " +
                       std::string(to_sentence(results.back().problem)));
      if (count->as_int64() != 2) report.fail(name, "the suite has changed");
    } else if (const json::value* wanted = one.if_contains("verifications")) {
      std::string expected;
      std::string got;
      for (std::size_t i = 0; i < wanted->as_array().size(); ++i) {
        const json::object& each = wanted->as_array()[i].as_object();
        if (each.at("result").as_string() == "any") continue;
        expected += std::string(each.at("result").as_string()) + " " +
                    std::string(each.at("d").as_string()) + " " +
                    std::string(each.at("i").as_string()) + "; ";
        if (i < results.size())
          got += std::string(to_string(results[i].status)) + " " + results[i].domain + " " +
                 results[i].identity + "; ";
      }
      if (wanted->as_array().empty()) got = results.empty() ? "" : summary(results);
      report.check(name, expected, got);
    } else {
      // A header section that is none: no signature, and so nothing that could pass.
      report.check(name, "none", summary(results));
    }
  }
  report.finish();
  return report;
}

// Mail::DKIM.

dns::Zone read_fake_dns(const std::filesystem::path& file) {
  dns::Zone zone;
  std::istringstream lines(read_file(file));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t space = line.find(' ');
    if (line.empty() || line[0] == '#' || space == std::string::npos) continue;
    const auto owner = dns::name_from_octets(line.substr(0, space));
    const std::string text(trim(std::string_view(line).substr(space)));
    if (text == "NXDOMAIN") continue;
    if (text.starts_with("~~"))
      zone.add_failure(*owner, dns::Type::txt, text);
    else
      zone.add(*owner, {.type = dns::Type::txt, .text = text});
  }
  return zone;
}

/// What RFC 8301 and RFC 6376 leave of DomainKeys, drafts, SHA-1 and short keys: nothing.
bool is_allowed(const json::object& signature) {
  if (signature.at("field").as_string() != "DKIM-Signature") return false;
  if (signature.at("a").is_null() || signature.at("key").is_null()) return false;
  if (signature.at("a").as_string() == "ed25519-sha256") return true;
  if (signature.at("a").as_string() != "rsa-sha256") return false;
  const json::value* bits = signature.at("key").as_object().if_contains("bits");
  return bits && bits->as_int64() >= 1024;
}

/// How the signature that decides must fail.
bool fails_as_it_should(const std::string& expected, bool allowed,
                        const std::vector<DkimResult>& results) {
  return std::ranges::all_of(results, [&](const DkimResult& result) {
    const DkimProblem problem = result.problem;
    if (problem == DkimProblem::none) return false;
    if (problem == DkimProblem::algorithm_historic || problem == DkimProblem::key_size)
      return result.status == DkimStatus::permerror && !allowed;
    if (problem == DkimProblem::body_hash || problem == DkimProblem::signature)
      return result.status == DkimStatus::fail && expected == "fail";
    return result.status != DkimStatus::fail || problem == DkimProblem::expired;
  });
}

SuiteReport mail_dkim(const std::filesystem::path& folder) {
  SuiteReport report("dkim/mail-dkim");
  const std::string no_version =
      "RFC 6376 section 6.1.1: a signature without v= must be ignored; these are of the drafts "
      "before RFC 4871";
  report.expect_differences({{"default corpus/mine_ietf01_3.txt", no_version},
                             {"default corpus/mine_ietf01_4.txt", no_version},
                             {"strict corpus/mine_ietf01_3.txt", no_version}});
  const dns::Zone zone = read_fake_dns(folder / "FAKE_DNS.dat");
  const json::value expectations = read_json(folder / "expectations.json");
  for (const json::value& one : expectations.at("cases").as_array()) {
    const std::string file(one.at("file").as_string());
    const auto results = verify(read_file(folder / file), zone);
    const bool allowed = std::ranges::any_of(
        one.at("signatures").as_array(),
        [](const json::value& signature) { return is_allowed(signature.as_object()); });
    const std::string expect(one.at("expect").as_string());
    const std::string name = std::string(one.at("mode").as_string()) + " " + file;
    if (expect == "pass" && allowed)
      report.check(name, has_pass(results), "pass", summary(results));
    else
      report.check(name, !has_pass(results) && fails_as_it_should(expect, allowed, results),
                   "no pass (" + expect + (allowed ? ")" : ", RFC 8301)"), summary(results));
  }
  report.finish();
  return report;
}

/// Messages with their world: see cases/dkim.yml.
SuiteReport own_cases(const std::filesystem::path& file) {
  SuiteReport report("own cases/dkim.yml");
  for (const json::value& document : read_yaml(file)) {
    const dns::Zone zone = txt_zone(document.at("txt-records").as_object());
    for (const auto& [name, test] : document.at("tests").as_object())
      report.check(name, std::string(test.at("result").as_string()),
                   summary(verify(with_crlf(test.at("message").as_string()), zone)));
  }
  report.finish();
  return report;
}

}  // namespace

std::vector<SuiteReport> dkim_suites(const std::filesystem::path& folder) {
  std::vector<SuiteReport> reports;
  reports.push_back(own_cases(POSTERN_SOURCE_DIR "/tests/conformance/cases/dkim.yml"));
  if (folder.empty()) return reports;
  const auto dkim = folder / "dkim";
  reports.push_back(signature_parsing(dkim / "dkim-signature-parse.json"));
  reports.push_back(key_parsing(dkim / "dkim-key-record-parse.json"));
  reports.push_back(canonicalization(dkim / "go-msgauth" / "canonicalization.json"));
  reports.push_back(go_msgauth(dkim / "go-msgauth"));
  reports.push_back(mail_dkim(dkim / "mail-dkim"));
  return reports;
}

}  // namespace postern::conformance
