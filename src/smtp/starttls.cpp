// STARTTLS (RFC 3207).
#include <utility>

#include "base/log.h"
#include "smtp/session_state.h"

namespace postern::smtp {

awaitable<void> Session::on_starttls(std::string_view argument) {
  if (!argument.empty())
    co_return refuse(Verb::starttls, Reply{501, "5.5.4", "STARTTLS has no argument"});
  if (facts_.tls) co_return refuse(Verb::starttls, Reply{503, "5.5.1", "TLS is active already"});
  if (!settings_.offer_tls)
    co_return refuse(Verb::starttls, Reply{502, "5.5.1", "STARTTLS is not offered here"});
  if (state_ == State::greeting)
    co_return refuse(Verb::starttls, Reply{503, "5.5.1", "Say EHLO first"});

  // Section 4: nothing may follow before the handshake. What somebody on the way has put there
  // would be obeyed as if it had come through TLS.
  if (!input_.empty()) {
    log_ending("starttls_injection", "");
    co_return hang_up("STARTTLS",
                      Reply{554, "5.5.1", "Nothing may follow STARTTLS in clear. Closing"});
  }
  end_transaction();
  say("STARTTLS", Reply{220, "2.0.0", "Go ahead with TLS"});
  const bool sent = co_await flush();
  if (!sent) co_return;

  input_.release_if_empty();
  stream_.set_deadline(limits_.handshake_time);
  auto tls = co_await stream_.start_tls();
  if (!tls) {
    log_ending("tls_handshake_failed", tls.error().message);
    state_ = State::closing;
    co_return;
  }

  // Section 4.2: all that the client has said before is forgotten.
  facts_.tls = *std::move(tls);
  facts_.hello.clear();
  facts_.extended = false;
  accept_offers(receiver_.greeted(facts_));
  state_ = State::greeting;
}

}  // namespace postern::smtp
