#include "smtp/command_buffer.h"

#include <algorithm>

#include "base/ascii.h"

namespace postern::smtp {
namespace {

bool is_control(char c) {
  return is_ascii(c) && (c < ' ' || c == '\x7f') && c != '\t';
}

LineFault find_fault(std::string_view text, bool has_cr) {
  if (!has_cr || text.contains('\r')) return LineFault::bare_line_ending;
  if (std::ranges::any_of(text, is_control)) return LineFault::control_character;
  return LineFault::none;
}

}  // namespace

void CommandBuffer::append(std::string_view bytes) {
  // What was consumed goes first, so the buffer never grows beyond a line and one read.
  bytes_.erase(0, begin_);
  begin_ = 0;
  bytes_ += bytes;
}

std::optional<CommandLine> CommandBuffer::take_line() {
  const std::string_view unread = rest();
  const std::size_t lf = unread.find('\n');
  if (lf == std::string_view::npos) {
    // The final CR may be there already, so the limit is reached one octet earlier.
    if (skipping_ || unread.size() >= max_line_) {
      skipping_ = true;
      consume(unread.size());
    }
    return std::nullopt;
  }
  consume(lf + 1);
  const bool too_long = skipping_ || lf + 1 > max_line_;
  skipping_ = false;
  if (too_long) return CommandLine{.text = {}, .fault = LineFault::too_long};

  std::string_view text = unread.substr(0, lf);
  const bool has_cr = text.ends_with('\r');
  if (has_cr) text.remove_suffix(1);
  return CommandLine{.text = text, .fault = find_fault(text, has_cr)};
}

void CommandBuffer::release_if_empty() {
  if (!empty()) return;
  std::string().swap(bytes_);
  begin_ = 0;
}

}  // namespace postern::smtp
