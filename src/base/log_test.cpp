#include "base/log.h"

#include <doctest/doctest.h>

using namespace postern;

TEST_CASE("a stranger's text stays inside its field") {
  const LogField fields[] = {{"helo", "a\"b\r\nlevel=error"}, {"client", "192.0.2.1"}, {"size", 7}};
  CHECK(format_log_line(LogFormat::logfmt, "T", LogLevel::info, "rcpt", fields) ==
        R"(time=T level=info event=rcpt helo="a\"b\u000d\nlevel=error" client=192.0.2.1 size=7)");
  CHECK(
      format_log_line(LogFormat::json, "T", LogLevel::warning, "rcpt", fields) ==
      R"({"time":"T","level":"warning","event":"rcpt","helo":"a\"b\u000d\nlevel=error","client":"192.0.2.1","size":"7"})");
}
