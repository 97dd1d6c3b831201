// ARC: the chains of the ValiMail suite, and cases/arc.yml of our own.
#include <boost/json.hpp>

#include "auth/arc_validate.h"
#include "base/ascii.h"
#include "tests/conformance/json_files.h"
#include "tests/conformance/messages.h"
#include "tests/conformance/report.h"

namespace postern::conformance {
namespace {

namespace json = boost::json;

auth::ArcResult validate(const std::string& message, const dns::Zone& zone) {
  const mail::HeaderSection section = mail::parse_header_section(message);
  auth::BodyHashes body;
  const auth::ArcValidator validator(message, section, body);
  body.update(std::string_view(message).substr(section.body_begin));
  body.finish();
  return ask_zone<auth::ArcResult>(zone,
                                   [&](const dns::AnswerSet& answers, auth::DkimKeyCache& keys) {
                                     return validator.evaluate(answers, keys, default_time());
                                   });
}

/// `cv` of the suite as the word of RFC 8617. The suite writes `None` for messages without a chain
/// and has an empty text for the three chains in which a sealer said cv=fail: the programs that it
/// was made with printed nothing there. RFC 8617 section 5.2 does say what such a chain is: in step
/// 2 for the newest seal, in step 3.C for any other.
std::string to_word(std::string_view cv) {
  return cv.empty() ? "fail" : to_lower(cv);
}

std::string explain(const auth::ArcResult& result) {
  std::string text(to_string(result.status));
  if (result.problem != auth::ArcProblem::none)
    text += ": " + std::string(to_sentence(result.problem));
  if (result.step != auth::DkimProblem::none) text += ", " + std::string(to_sentence(result.step));
  return result.detail.empty() ? text : text + " (" + result.detail + ")";
}

SuiteReport chains(const std::string& name, const std::filesystem::path& file,
                   std::map<std::string, std::string> differences) {
  SuiteReport report(name);
  report.expect_differences(std::move(differences));
  for (const json::value& document : read_yaml(file)) {
    const dns::Zone zone = txt_zone(document.at("txt-records").as_object());
    for (const auto& [case_name, test] : document.at("tests").as_object()) {
      const json::value& message = test.at("message");
      const auto result = validate(
          with_crlf(message.is_null() ? std::string_view() : std::string_view(message.as_string())),
          zone);
      const json::value& cv = test.at("cv");
      const std::string expected = to_word(trim(cv.as_string()));
      report.check(case_name, to_string(result.status) == expected, expected, explain(result));
    }
  }
  report.finish();
  return report;
}

}  // namespace

std::vector<SuiteReport> arc_suites(const std::filesystem::path& folder) {
  std::vector<SuiteReport> reports;
  reports.push_back(
      chains("own cases/arc.yml", POSTERN_SOURCE_DIR "/tests/conformance/cases/arc.yml", {}));
  if (folder.empty()) return reports;
  reports.push_back(chains("arc/arc-draft-validation-tests.yml",
                           folder / "arc" / "arc-draft-validation-tests.yml",
                           {{"ams_fields_c_na",
                             "RFC 6376 section 3.5: without c= the signature is simple/simple, and "
                             "this one was made relaxed/relaxed"}}));
  return reports;
}

}  // namespace postern::conformance
