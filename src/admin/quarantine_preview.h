// A message as a person may look at it without harm: its text and nothing that runs, loads or
// moves a terminal's cursor.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace postern::admin {

/// Octets of a body, and of a header section, that are shown.
inline constexpr std::size_t max_previewed = 64 * 1024;
/// Attachments that are named.
inline constexpr std::size_t max_previewed_attachments = 50;

struct MessagePreview {
  std::string from;
  std::string to;
  std::string cc;
  std::string subject;
  /// The first plain text, else the first HTML as text; lines end with LF.
  std::string body;
  bool was_html = false;
  /// `invoice.html (text/html)`.
  std::vector<std::string> attachments;
  /// A sentence about what is missing here; empty: nothing.
  std::string trouble;
};

MessagePreview preview_of(std::string_view message);

/// The header section with its folds, fit to be shown.
std::string header_text(std::string_view message);

}  // namespace postern::admin
