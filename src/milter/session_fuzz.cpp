// Whatever an MTA sends, the session ends, answers with whole packets only, and accepts no
// message that the receiver did not accept. Cut into octets the dialog is the same.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/log.h"
#include "milter/session.h"
#include "milter/toy_mta.h"
#include "milter/toy_receiver.h"
#include "net/run.h"
#include "net/string_stream.h"

using namespace postern;
using namespace postern::milter;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::string talk(std::string_view stream_text, std::size_t piece) {
  net::StringStream stream;
  ToyReceiver receiver(stream);
  receiver.refused_rcpt["nobody@contoso.test"] = {550, "5.4.1", "Unknown"};
  receiver.final_reply = {550, "5.7.1", "Every message is refused"};
  receiver.changes.prepend = "X-Accepted: yes\r\n";
  SessionSettings settings;
  settings.max_packet = 4096;
  stream.feed_in_pieces(stream_text, piece);
  const Ending ending = net::run(run_session(stream, receiver, settings));
  require(stream.closed());
  const std::string said = describe(stream.output());
  require(!said.contains("X-Accepted"));
  return said + std::string(to_string(ending));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  configure_log(LogLevel::error, LogFormat::logfmt);
  const std::string_view stream(static_cast<const char*>(static_cast<const void*>(data)), size);
  const std::string whole = talk(stream, std::max<std::size_t>(1, size));
  require(talk(stream, 1) == whole);
  return 0;
}
