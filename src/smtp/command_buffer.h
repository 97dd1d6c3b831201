// What the client has sent and nobody has looked at yet: whole command lines, the beginning of
// one, or content that follows a command.
//
// A command line ends with CR LF. A line that ends with LF alone, or has a CR or another control
// character inside, is found but marked, so that the client hears why it is not obeyed, and that
// no two readers of the stream disagree about where a command ends.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace postern::smtp {

enum class LineFault { none, too_long, bare_line_ending, control_character };

struct CommandLine {
  /// Without CRLF; empty if it was too long. Valid until the next append() or take_line().
  std::string_view text;
  LineFault fault = LineFault::none;
};

class CommandBuffer {
 public:
  /// The limit counts the CRLF (RFC 5321 section 4.5.3.1.4).
  explicit CommandBuffer(std::size_t max_line) : max_line_(max_line) {}

  void append(std::string_view bytes);

  /// The next line; nothing: it has not come in full. Of a line that is too long nothing is
  /// kept while the rest of it comes.
  std::optional<CommandLine> take_line();

  /// What is left, content or commands; not consumed. Valid until the next append() or take_line().
  std::string_view rest() const { return std::string_view(bytes_).substr(begin_); }
  void consume(std::size_t count) { begin_ += count; }

  bool empty() const { return begin_ == bytes_.size(); }
  /// Has a line begun that has not ended?
  bool is_within_line() const { return !empty() || skipping_; }
  /// Holds no memory when nothing is left.
  void release_if_empty();

 private:
  std::string bytes_;
  std::size_t begin_ = 0;
  const std::size_t max_line_;
  /// We are within a line that is too long.
  bool skipping_ = false;
};

}  // namespace postern::smtp
