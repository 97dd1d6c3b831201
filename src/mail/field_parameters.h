// Fields that are a word with parameters, `multipart/mixed; boundary=x` or `attachment;
// filename=report.xml`: Content-Type (RFC 2045 section 5.1) and Content-Disposition (RFC 2183
// section 2), with the long and international values of RFC 2231.
//
// Tolerant: what breaks the grammar is skipped up to the next semicolon. Programs differ in what
// they make of such fields, so nothing that decides may rest on a parameter.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace postern::mail {

/// In one field, the pieces of RFC 2231 counted one by one; more are not looked at.
inline constexpr std::size_t max_parameters = 100;

struct FieldParameter {
  std::string name;  ///< in lower case, without the asterisks of RFC 2231
  /// Without quotes. Of RFC 2231: put together, percent signs and character set decoded.
  std::string value;

  bool operator==(const FieldParameter&) const = default;
};

struct FieldWithParameters {
  /// `multipart/mixed`, `attachment`, in lower case; empty: there is none that can be read.
  std::string value;
  /// Each name once, in alphabetical order. The form of RFC 2231 wins over the plain one, which
  /// stands beside it for programs that do not know it; else the first wins.
  std::vector<FieldParameter> parameters;

  /// Empty: there is none. `name` in lower case.
  std::string_view parameter(std::string_view name) const;

  bool operator==(const FieldWithParameters&) const = default;
};

FieldWithParameters parse_field_with_parameters(std::string_view body);

}  // namespace postern::mail
