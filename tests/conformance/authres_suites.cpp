// Authentication-Results (RFC 8601): what python-authres and go-msgauth parse.
#include <boost/json.hpp>

#include "mail/authentication_results.h"
#include "tests/conformance/json_files.h"
#include "tests/conformance/report.h"

namespace postern::conformance {
namespace {

namespace json = boost::json;

std::string text(const json::value& value) {
  return value.is_null() ? "" : std::string(value.as_string());
}

/// Both sides in one form: `id; method=result reason=… ptype.property=value …`.
std::string describe(const json::value& one) {
  std::string line = text(one.at("authserv_id"));
  for (const json::value& method : one.at("methods").as_array()) {
    line += "; " + text(method.at("method")) + "=" + text(method.at("result"));
    if (!method.at("reason").is_null()) line += " reason=" + text(method.at("reason"));
    for (const json::value& prop : method.at("props").as_array())
      line += " " + text(prop.at("ptype")) + "." + text(prop.at("property")) + "=" +
              text(prop.at("value"));
  }
  return line;
}

std::string describe(const mail::AuthenticationResults& results) {
  std::string line = results.authserv_id;
  for (const mail::AuthenticationResult& result : results.results) {
    line += "; " + result.method + "=" + result.result;
    if (!result.reason.empty()) line += " reason=" + result.reason;
    for (const mail::AuthenticationProperty& property : result.properties)
      line += " " + property.ptype + "." + property.property + "=" + property.value;
  }
  return line;
}

SuiteReport parsing(const std::string& name, const std::filesystem::path& file,
                    std::map<std::string, std::string> differences) {
  SuiteReport report(name);
  report.expect_differences(std::move(differences));
  const json::value cases = read_json(file);
  for (const json::value& one : cases.at("cases").as_array()) {
    const std::string body = text(one.at("value"));
    const auto parsed = mail::parse_authentication_results(body);
    const std::string expected = describe(one);
    const std::string got = parsed ? describe(*parsed) : "an error: " + parsed.error().message;
    // What we print must say the same.
    const auto again =
        parsed ? mail::parse_authentication_results(mail::to_authentication_results_body(*parsed))
               : parsed;
    if (parsed && (!again || *again != *parsed)) {
      report.fail(body, "is printed as something else");
    } else {
      report.check(body, expected, got);
    }
  }
  report.finish();
  return report;
}

}  // namespace

std::vector<SuiteReport> authres_suites(const std::filesystem::path& folder) {
  if (folder.empty()) return {};
  const auto authres = folder / "authres";
  std::vector<SuiteReport> reports;
  reports.push_back(parsing("authres/python", authres / "python/cases.json", {}));
  reports.push_back(parsing("authres/go", authres / "go/cases.json",
                            {{"", "RFC 8601 section 2.2: the authserv-id is required"}}));
  return reports;
}

}  // namespace postern::conformance
