#include "ctl/assess.h"

#include <doctest/doctest.h>

#include <sstream>

using namespace postern;
using namespace postern::ctl;

namespace {

/// Ten days of one printer, which passes SPF.
Assessment printer(const char* address, ConnectorsFor whose, bool is_microsoft = true) {
  assess::Survey survey(assess::OwnDomains::from({"contoso.com"}).value());
  for (int i = 0; i < 10; ++i) {
    assess::Observation seen;
    seen.time = *parse_iso("2026-11-02T08:00:00Z") + std::chrono::hours(24 * i);
    seen.client = IpAddress::parse(address);
    seen.sender = "+printer@contoso.com";
    seen.spf = true;
    survey.add(seen);
  }
  assess::ReadReport read;
  read.files.push_back({.path = "trace.csv", .format = "x", .is_microsoft = is_microsoft});
  return assess_survey(survey, std::move(read), whose);
}

}  // namespace

TEST_CASE("judgement, remedy and forecast of a source") {
  const Assessment made = printer("198.51.100.7", ConnectorsFor::by_files);
  REQUIRE(made.sources.size() == 1);
  CHECK(made.sources[0].judgement.kind == policy::SourceKind::yours);
  CHECK(made.sources[0].remedy.connector.contains("198.51.100.7"));
  CHECK(made.forecast.refused.messages == 10);
  std::ostringstream out;
  print_assessment(out, made, 0);
  CHECK(out.str().contains("\n198.51.100.7 "));
  CHECK(out.str().contains("100%    -     - Yours\n"));
  CHECK(to_json(made).at("sources").at(0).at("wouldBeRefused") == 10);
}

TEST_CASE("whose connectors they are goes by the files, unless it is said") {
  CHECK(printer("2001:db8::7", ConnectorsFor::by_files).sources[0].remedy.connector.empty());
  CHECK_FALSE(
      printer("2001:db8::7", ConnectorsFor::by_files, false).sources[0].remedy.connector.empty());
  CHECK_FALSE(printer("2001:db8::7", ConnectorsFor::postern).sources[0].remedy.connector.empty());
  CHECK(printer("2001:db8::7", ConnectorsFor::exchange_online, false)
            .sources[0]
            .remedy.connector.empty());
}

TEST_CASE("a sender that would be a formula is text in the CSV file") {
  std::ostringstream out;
  write_assessment_csv(out, printer("198.51.100.7", ConnectorsFor::by_files));
  CHECK(out.str().contains(",'+printer@contoso.com,1,10,10,2026-11-02T"));
}
