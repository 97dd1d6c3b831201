// What a conformance run found, suite by suite, and the table that shows it.
//
// A suite is a function that reads its files, drives the library and tells the report how each
// case ended. A case that we answer differently on purpose is a difference with its reason: an
// RFC section. Everything else that is not as expected is a failure.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace postern::conformance {

class SuiteReport {
 public:
  explicit SuiteReport(std::string name) : name_(std::move(name)) {}

  /// Cases that may differ, with the reason. Each must occur, or the entry is stale and fails.
  void expect_differences(std::map<std::string, std::string> reasons);

  /// One case; `expected` and `got` are shown where they are not the same.
  void check(const std::string& name, const std::string& expected, const std::string& got);
  void check(const std::string& name, bool good, const std::string& expected,
             const std::string& got);
  void fail(const std::string& name, const std::string& what) { failures_.push_back({name, what}); }

  /// Call once after the last case.
  void finish();

  const std::string& name() const { return name_; }
  int passed() const { return passed_; }

  struct Line {
    std::string name;
    std::string what;
  };
  const std::vector<Line>& failures() const { return failures_; }
  const std::vector<Line>& differences() const { return differences_; }

 private:
  std::string name_;
  std::map<std::string, std::string> reasons_;
  int passed_ = 0;
  std::vector<Line> failures_;
  std::vector<Line> differences_;
};

/// Prints differences, failures and the table; true if nothing failed.
bool print(const std::vector<SuiteReport>& suites);

/// A group of suites. `folder` is empty where there is none: then only our own cases run.
using Group = std::vector<SuiteReport> (*)(const std::filesystem::path& folder);

std::vector<SuiteReport> spf_suites(const std::filesystem::path& folder);
std::vector<SuiteReport> dkim_suites(const std::filesystem::path& folder);
std::vector<SuiteReport> arc_suites(const std::filesystem::path& folder);
std::vector<SuiteReport> dmarc_suites(const std::filesystem::path& folder);
std::vector<SuiteReport> authres_suites(const std::filesystem::path& folder);
std::vector<SuiteReport> mail_suites(const std::filesystem::path& folder);
std::vector<SuiteReport> reports_suites(const std::filesystem::path& folder);

}  // namespace postern::conformance
