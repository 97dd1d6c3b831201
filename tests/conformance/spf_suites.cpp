// SPF: the OpenSPF suites (YAML worlds of records and queries), record parsing and look-up by mox,
// raw records, and cases/spf.yml of our own.
#include <boost/json.hpp>
#include <optional>
#include <set>

#include "auth/spf.h"
#include "auth/spf_record_cache.h"
#include "base/ascii.h"
#include "dns/ask.h"
#include "dns/name.h"
#include "dns/zone.h"
#include "tests/conformance/json_files.h"
#include "tests/conformance/report.h"

namespace postern::conformance {
namespace {

namespace json = boost::json;
using auth::SpfQuery;

std::string text(const json::value& value) {
  return value.is_string() ? std::string(value.as_string()) : json::serialize(value);
}

constexpr dns::Type all_types[] = {dns::Type::a,   dns::Type::aaaa, dns::Type::mx,
                                   dns::Type::txt, dns::Type::ptr,  dns::Type::cname};

/// One `{TYPE: value}` of zonedata. Nothing: an entry that is served to nobody.
std::optional<dns::Record> to_record(std::string_view type_name, const json::value& value) {
  const auto type = dns::type_from_text(type_name);
  if (!type) return std::nullopt;
  dns::Record record{.type = *type};
  const auto name = [](const json::value& host) {
    return dns::name_from_octets(text(host)).value_or("");
  };
  if (*type == dns::Type::a || *type == dns::Type::aaaa) {
    record.address = IpAddress::parse(text(value)).value();
  } else if (*type == dns::Type::txt) {
    if (value.is_array()) {
      for (const json::value& part : value.as_array()) record.text += text(part);
    } else {
      record.text = text(value);
    }
  } else if (*type == dns::Type::mx) {
    record.preference = static_cast<std::uint16_t>(value.at(0).as_int64());
    record.name = name(value.at(1));
  } else {
    record.name = name(value);
  }
  return record;
}

/// The rules for `zonedata` of the OpenSPF suites: SPF entries are served as TXT unless the name
/// has TXT entries; `TXT: NONE` is no record; TIMEOUT covers the types not listed before it.
dns::Zone to_zone(const json::object& zonedata) {
  dns::Zone zone;
  for (const auto& [owner_text, entries] : zonedata) {
    const auto owner = dns::name_from_octets(owner_text);
    if (!owner) continue;  // a name that the DNS could not have
    bool has_txt = false;
    for (const json::value& entry : entries.as_array())
      if (entry.is_object()) has_txt |= entry.as_object().contains("TXT");

    std::set<dns::Type> listed;
    for (const json::value& entry : entries.as_array()) {
      if (!entry.is_object()) {
        for (const dns::Type type : all_types)
          if (!listed.contains(type)) zone.add_failure(*owner, type, "timeout");
        continue;
      }
      const auto& [type_name, value] = *entry.as_object().begin();
      if (type_name == "SPF" && has_txt) continue;
      if (type_name == "TXT" && value == "NONE") continue;
      const auto record =
          to_record(type_name == "SPF" ? "TXT" : std::string_view(type_name), value);
      if (!record) continue;
      listed.insert(record->type);
      zone.add(*owner, *record);
    }
    // A name with entries exists, even if none of them is served.
    zone.add_failure(*owner, dns::Type::soa, "not served");
  }
  return zone;
}

auth::SpfEvaluation evaluate(dns::Resolver& resolver, const SpfQuery& query) {
  dns::AnswerSet answers;
  dns::AskBudget budget;
  // As in the daemon, where records of earlier messages are kept.
  static auth::SpfRecordCache records;
  return dns::ask_until_done(resolver, answers, budget, [&query](const dns::AnswerSet& known) {
    return auth::check_host(query, known, auth::Steps::none, &records);
  });
}

SpfQuery to_query(const json::object& test) {
  SpfQuery query{.client = IpAddress::parse(text(test.at("host"))).value(),
                 .helo = text(test.at("helo"))};
  const std::string sender = text(test.at("mailfrom"));
  if (sender.empty()) {
    query.identity = auth::SpfIdentity::helo;
  } else {
    const std::size_t at = sender.rfind('@');
    query.domain = at == std::string::npos ? sender : sender.substr(at + 1);
    if (at != std::string::npos) query.local_part = sender.substr(0, at);
  }
  return query;
}

SuiteReport open_spf(const std::string& name, const std::filesystem::path& file,
                     std::map<std::string, std::string> differences) {
  SuiteReport report(name);
  report.expect_differences(std::move(differences));
  for (const json::value& document : read_yaml(file)) {
    dns::ZoneResolver resolver(to_zone(document.at("zonedata").as_object()));
    for (const auto& [case_name, test_value] : document.at("tests").as_object()) {
      const json::object& test = test_value.as_object();
      const auto evaluation = evaluate(resolver, to_query(test));

      const json::value& result = test.at("result");
      const json::array allowed = result.is_array() ? result.as_array() : json::array{result};
      const std::string got(to_string(evaluation.result));
      const bool good = std::ranges::find(allowed, json::value(got)) != allowed.end();
      const json::value* explanation = test.if_contains("explanation");
      const std::string wanted =
          explanation && text(*explanation) != "DEFAULT" ? text(*explanation) : "";
      if (good && explanation && wanted != evaluation.explanation) {
        report.check(case_name, "explanation `" + wanted + "`", "`" + evaluation.explanation + "`");
      } else {
        report.check(case_name, good, json::serialize(result), got + ": " + evaluation.problem);
      }
    }
  }
  report.finish();
  return report;
}

SuiteReport record_parsing(const std::filesystem::path& file) {
  SuiteReport report("spf/spf-parse.json");
  report.expect_differences(
      {{"V=spf1 all Include:example.org a ?a -a +a ~a a:x a:x/0 a:x/24//64 a:x//64 mx mx:x ptr "
        "ptr:x "
        "IP4:10.0.0.1 ip4:0.0.0.0/0 ip4:10.0.0.1/24 ip6:2001:db8::1 ip6:2001:db8::1/128 exists:x "
        "REDIRECT=x exp=X Other=x",
        "RFC 7208 section 7.1: a domain-spec of one label is a syntax error; rfc7208-tests.yml has "
        "it as a-only-toplabel"}});
  const json::value cases = read_json(file);
  for (const json::value& one : cases.at("cases").as_array()) {
    const std::string record = text(one.at("txt"));
    const auto parsed = auth::parse_spf_record(record);
    report.check(record, one.at("valid").as_bool() ? "valid" : "permerror",
                 parsed ? "valid" : "permerror");
  }
  report.finish();
  return report;
}

SuiteReport look_up(const std::filesystem::path& file) {
  SuiteReport report("spf/spf-lookup.json");
  const json::value world = read_json(file);
  dns::Zone zone;
  for (const auto& [owner, texts] : world.at("txt").as_object())
    for (const json::value& one : texts.as_array())
      zone.add(*dns::name_from_octets(owner), {.type = dns::Type::txt, .text = text(one)});
  for (const json::value& failing : world.at("fail").as_array())  // "txt temperror.example."
    zone.add_failure(*dns::name_from_octets(text(failing).substr(4)), dns::Type::txt, "timeout");
  dns::ZoneResolver resolver(std::move(zone));

  for (const json::value& one : world.at("cases").as_array()) {
    const std::string domain = text(one.at("domain"));
    const auto evaluation =
        evaluate(resolver, {.client = *IpAddress::parse("192.0.2.1"), .domain = domain});
    // `status` is that of the look-up: a record that was found and says nothing is neutral.
    const std::string expected = one.at("err").is_null() ? "neutral" : text(one.at("status"));
    report.check(domain, expected, std::string(to_string(evaluation.result)));
  }
  report.finish();
  return report;
}

/// Raw inputs, `record NUL sender`: each must come to a result, and what parses must be printable.
SuiteReport raw_records(const std::filesystem::path& folder) {
  SuiteReport report("spf/fuzz-seeds");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const std::string input = read_file(entry.path());
    const std::size_t nul = input.find('\0');
    const std::string record = input.substr(0, nul);
    const std::string sender = nul == std::string::npos ? "" : input.substr(nul + 1);

    dns::Zone zone;
    zone.add("domain.test", {.type = dns::Type::txt, .text = record});
    zone.add("domain.test", {.type = dns::Type::mx, .name = "domain.test"});
    zone.add("domain.test", {.type = dns::Type::a, .address = *IpAddress::parse("192.0.2.9")});
    dns::ZoneResolver resolver(std::move(zone));
    const auto evaluation = evaluate(resolver, {.client = *IpAddress::parse("192.0.2.1"),
                                                .helo = sender,
                                                .local_part = sender,
                                                .domain = "domain.test"});
    const auto parsed = auth::parse_spf_record(record);
    const bool consistent = !auth::is_spf_record(record)
                                ? evaluation.result == auth::SpfResult::none
                            : parsed ? auth::parse_spf_record(to_text(*parsed)).has_value()
                                     : evaluation.result == auth::SpfResult::permerror;
    report.check(entry.path().filename(), consistent, "a result that fits the record",
                 std::string(to_string(evaluation.result)));
  }
  report.finish();
  return report;
}

}  // namespace

std::vector<SuiteReport> spf_suites(const std::filesystem::path& folder) {
  std::vector<SuiteReport> reports;
  reports.push_back(
      open_spf("own cases/spf.yml", POSTERN_SOURCE_DIR "/tests/conformance/cases/spf.yml", {}));
  if (folder.empty()) return reports;
  const auto spf = folder / "spf";
  reports.push_back(open_spf("spf/rfc7208-tests.yml", spf / "rfc7208-tests.yml", {}));
  reports.push_back(open_spf("spf/rfc4408-tests.yml", spf / "rfc4408-tests.yml", {}));
  reports.push_back(record_parsing(spf / "spf-parse.json"));
  reports.push_back(look_up(spf / "spf-lookup.json"));
  reports.push_back(raw_records(spf / "fuzz-seeds"));
  return reports;
}

}  // namespace postern::conformance
