#include "tests/conformance/report.h"

#include <algorithm>
#include <cstdio>

namespace postern::conformance {

void SuiteReport::expect_differences(std::map<std::string, std::string> reasons) {
  reasons_ = std::move(reasons);
}

void SuiteReport::check(const std::string& case_name, const std::string& expected,
                        const std::string& got) {
  check(case_name, expected == got, expected, got);
}

void SuiteReport::check(const std::string& case_name, bool good, const std::string& expected,
                        const std::string& got) {
  if (good) {
    ++passed_;
    return;
  }
  const std::string what = "expected " + expected + ", got " + got;
  const auto reason = reasons_.find(case_name);
  if (reason == reasons_.end()) {
    failures_.push_back({case_name, what});
  } else {
    differences_.push_back({case_name, what + " (" + reason->second + ")"});
    reasons_.erase(reason);
  }
}

void SuiteReport::finish() {
  for (const auto& [case_name, reason] : reasons_)
    failures_.push_back({case_name, "is listed as different, but is not"});
}

bool print(const std::vector<SuiteReport>& suites) {
  for (const SuiteReport& suite : suites) {
    for (const auto& [name, what] : suite.differences())
      std::printf("differs %s: %s: %s\n", suite.name().c_str(), name.c_str(), what.c_str());
    for (const auto& [name, what] : suite.failures())
      std::printf("FAILED  %s: %s: %s\n", suite.name().c_str(), name.c_str(), what.c_str());
  }
  std::printf("\n%-40s %8s %8s %8s\n", "suite", "passed", "differ", "failed");
  for (const SuiteReport& suite : suites)
    std::printf("%-40s %8d %8zu %8zu\n", suite.name().c_str(), suite.passed(),
                suite.differences().size(), suite.failures().size());
  return std::ranges::all_of(suites, [](const SuiteReport& s) { return s.failures().empty(); });
}

}  // namespace postern::conformance
