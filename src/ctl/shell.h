// Runs cmdlet lines: each pipeline's first cmdlet in posternd, the rest on the objects here.
//
// Objects piped into a cmdlet of posternd name what it works on, one call for each:
//   Get-InboundConnector | Where-Object Enabled -eq $false | Remove-InboundConnector
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "admin/http_client.h"
#include "admin/powershell_parser.h"
#include "admin/value.h"
#include "base/result.h"

namespace postern::ctl {

class Shell {
 public:
  /// Makes the client at the first cmdlet that needs posternd: Get-Help works without.
  using Connect = std::function<Result<std::unique_ptr<admin::HttpClient>>()>;
  /// Asks "Are you sure …?"; null: never asked, as in a script.
  using Confirm = std::function<bool(const std::string& question)>;

  Shell(Connect connect, std::ostream& output, std::ostream& errors, std::size_t width);

  /// Runs a line or script. False: something failed; the rest of the script is not run.
  bool run(std::string_view text);

  void set_confirm(Confirm confirm) { confirm_ = std::move(confirm); }
  void set_width(std::size_t width) { width_ = width; }
  /// `exit` was said.
  bool wants_to_end() const { return wants_to_end_; }
  /// Empty: not chosen.
  const std::string& organization() const { return organization_; }

 private:
  using Values = std::vector<admin::Value>;

  Result<Values> run_pipeline(const admin::Pipeline& pipeline);
  Result<Values> run_session(const admin::CommandSpec& command, const admin::CommandLine& line);
  Result<Values> run_remote(const admin::CommandSpec& command, const admin::CommandLine& line,
                            const Values* input);
  Result<Values> call(const admin::CommandSpec& command, admin::Object parameters);
  void tell(const std::vector<std::string>& warnings);

  Connect connect_;
  std::ostream& output_;
  std::ostream& errors_;
  std::size_t width_;
  Confirm confirm_;
  std::unique_ptr<admin::HttpClient> client_;
  std::string organization_;
  bool wants_to_end_ = false;
};

}  // namespace postern::ctl
