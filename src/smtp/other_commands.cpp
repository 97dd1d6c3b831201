// The commands that are answered at once: RSET, QUIT, VRFY, HELP (RFC 5321 sections 4.1.1.5 to
// 4.1.1.10).
#include "smtp/session_state.h"

namespace postern::smtp {

void Session::on_rset(std::string_view argument) {
  if (!argument.empty()) return refuse(Verb::rset, Reply{501, "5.5.4", "RSET has no argument"});
  end_transaction();
  say("RSET", Reply{250, "2.0.0", "Ok"});
}

void Session::on_quit(std::string_view argument) {
  if (!argument.empty()) return refuse(Verb::quit, Reply{501, "5.5.4", "QUIT has no argument"});
  hang_up("QUIT", Reply{221, "2.0.0", settings_.hostname + " Goodbye"});
}

void Session::on_vrfy(std::string_view argument) {
  if (argument.empty()) return refuse(Verb::vrfy, Reply{501, "5.5.4", "A mailbox must follow"});
  // RFC 5321 section 7.3: who may ask is who guesses addresses.
  say("VRFY", Reply{252, "2.0.0", "Not verified here; RCPT tells"});
}

void Session::on_help() {
  say("HELP", Reply{214, "2.0.0",
                    "EHLO HELO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY HELP STARTTLS\n"
                    "See RFC 5321. The person in charge is postmaster at this domain"});
}

}  // namespace postern::smtp
