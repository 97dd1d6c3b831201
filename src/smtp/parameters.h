// The parameters behind the path of MAIL and RCPT (RFC 5321 section 4.1.2):
//
//   MAIL FROM:<ann@example.com> SIZE=2048 BODY=8BITMIME SMTPUTF8
//
// Each extension says for itself what its values are. What cannot be understood is refused and
// never skipped: a client that asks for something must not believe that it got it.
#pragma once

#include <expected>
#include <string_view>

#include "mail/reply.h"
#include "smtp/receiver.h"

namespace postern::smtp {

/// `text` is what stands behind the closing bracket of the path: empty, or a blank and
/// parameters. SIZE is not compared with a limit here. The reply says what is wrong.
std::expected<MailParameters, mail::Reply> parse_mail_parameters(std::string_view text,
                                                                 const Offers& offers);
std::expected<RcptParameters, mail::Reply> parse_rcpt_parameters(std::string_view text,
                                                                 const Offers& offers);

}  // namespace postern::smtp
