#include "admin/powershell_expression.h"

#include <doctest/doctest.h>

#include <array>

using namespace postern;
using namespace postern::admin;

namespace {

const Value message = Object{
    {"Status", "Failed"},
    {"Size", 2048},
    {"DirectSend", true},
    {"Subject", "Your Invoice 42"},
    {"Reasons", List{"RejectDirectSend", "UnknownRecipient"}},
    {"Received", *parse_iso("2025-06-13T12:00:00Z")},
    {"Client", Object{{"Name", "printer"}}},
};

bool holds(std::string_view text) {
  PowerShellLexer lexer(text, *parse_iso("2025-06-14T12:00:00Z"));
  const auto condition = parse_expression(lexer);
  REQUIRE_MESSAGE(condition, text);
  REQUIRE_MESSAGE(lexer.at_end(), text);
  return evaluate(**condition, message).is_true();
}

}  // namespace

TEST_CASE("conditions that hold") {
  const auto conditions = std::to_array<std::string_view>({
      "$_.Status -eq 'failed'",
      "$_.Status -ne 'Delivered'",
      "$PSItem.status -ieq FAILED",
      "$_.Size -gt 3",
      "$_.Size -ge 2kb -and $_.Size -le '2048'",
      "$_.Size -lt 10000",
      "$_.DirectSend",
      "$_.DirectSend -eq $true",
      "-not $_.Nothing",
      "!($_.Status -eq 'Delivered')",
      "$_.Subject -like '*invoice*'",
      "$_.Subject -like '*42'",
      "$_.Subject -notlike 'invoice*'",
      "$_.Subject -match 'invoice \\d+$'",
      "$_.Subject -notmatch '^invoice'",
      "$_.Status -in 'Delivered','Failed'",
      "$_.Status -notin @('Delivered')",
      "$_.Reasons -contains 'rejectdirectsend'",
      "$_.Reasons -notcontains 'Other'",
      "$_.Reasons -eq 'UnknownRecipient'",
      "$_.Reasons -like 'Unknown*'",
      "$_.Client.Name -eq 'printer'",
      "$_.Nothing -eq $null",
      "$_.Received -lt '2025-06-14'",
      "$_.Received -gt (Get-Date).AddDays(-2)",
      // Equal precedence, from the left: ($true -or $true) -and $false would not hold.
      "$false -and $true -or $true",
      "-not ($true -or $true -and $false)",
      "$true -xor $false",
  });
  for (const std::string_view condition : conditions) {
    CAPTURE(condition);
    CHECK(holds(condition));
  }
}

TEST_CASE("conditions that do not hold") {
  const auto conditions = std::to_array<std::string_view>({
      "$_.Size -gt 'large'",
      "$_.Nothing",
      "$_.Subject.Length",
      "$true -or $true -and $false",
      "$_.Reasons -eq 'Other'",
      "$_.Received -lt 'yesterday'",
      "$_.Received -gt 'yesterday'",
      "$_.Status -like 'fail'",
  });
  for (const std::string_view condition : conditions) {
    CAPTURE(condition);
    CHECK_FALSE(holds(condition));
  }
}
