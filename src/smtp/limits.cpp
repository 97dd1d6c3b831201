#include "smtp/limits.h"

#include <array>

namespace postern::smtp {

std::span<const LimitRow> limits() {
  // The minima of RFC 5321 sections 4.5.3.1 and 4.5.3.2 where it has any.
  static constexpr std::array rows{
      LimitRow{"max_command_line", &Limits::max_command_line, 512},
      LimitRow{"max_text_line", &Limits::max_text_line, 1000},
      LimitRow{"max_message_size", &Limits::max_message_size, 65536},
      LimitRow{"max_recipients", &Limits::max_recipients, 100},
      LimitRow{"max_transactions", &Limits::max_transactions, 1},
      LimitRow{"max_errors", &Limits::max_errors, 1},
      LimitRow{"max_refusals", &Limits::max_refusals, 1},
      LimitRow{"max_commands_without_progress", &Limits::max_commands_without_progress, 10},
      LimitRow{"idle_time", &Limits::idle_time, 1},
      LimitRow{"session_time", &Limits::session_time, 1},
      LimitRow{"content_time", &Limits::content_time, 1},
      LimitRow{"reply_time", &Limits::reply_time, 1},
      LimitRow{"handshake_time", &Limits::handshake_time, 1},
      LimitRow{"acknowledgement_time", &Limits::acknowledgement_time, 0},
  };
  return rows;
}

}  // namespace postern::smtp
