// The Received field that we put on top of every message (RFC 5321 section 4.4).
#pragma once

#include <string>

#include "base/ip_address.h"
#include "base/time.h"

namespace postern::mail {

struct ReceivedFacts {
  /// Argument of EHLO or HELO as the client sent it: anything.
  std::string hello;
  bool extended = false;   ///< EHLO
  bool smtp_utf8 = false;  ///< MAIL had SMTPUTF8
  /// `TLSv1.3 TLS_AES_256_GCM_SHA384`; empty: plain text.
  std::string tls;
  /// A name of the client that resolves back to it; empty: none, or nobody asked.
  std::string reverse_name;
  IpAddress client;
  std::string server;  ///< our host name
  std::string id;      ///< of the session, as in logs and the trace
  /// With angle brackets left away. Only when the transaction has one recipient: the others are
  /// nobody's business (RFC 5321 section 7.2).
  std::string forward_path;
  Time received;
};

/// The whole field, folded, ended by CRLF:
///
///     Received: from mail.contoso.com (ptr.contoso.com [192.0.2.1]) by
///             mx.example.com with ESMTPS (TLSv1.3 TLS_AES_256_GCM_SHA384) id 08DD3FA5
///             for <ann@example.com>; Wed, 29 Jan 2025 19:07:30 +0000
std::string to_received_field(const ReceivedFacts& facts);

/// The word behind `with`: SMTP, ESMTP, ESMTPS (RFC 3848), UTF8SMTP, UTF8SMTPS (RFC 6531
/// section 4.3).
std::string_view with_protocol(const ReceivedFacts& facts);

}  // namespace postern::mail
