// What the trace keeps of one recipient of one transaction, accepted or refused.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "dns/asked.h"

namespace postern::store {

/// Words of Get-MessageTraceV2's Status.
enum class TraceStatus { delivered, failed, pending, quarantined, filtered_as_spam };

struct TraceRecord {
  std::string message_trace_id;  ///< the transaction's id, a UUID
  std::string forward_path;      ///< with it the key of the row
  Time received;                 ///< when RCPT was answered
  std::string session;           ///< 16 hexadecimal digits, as in the reply's tail
  std::string client;            ///< address
  std::string iprev;             ///< `pass`, …: has the address a name that leads back to it?
  std::string ptr;               ///< the name, if it does
  std::string hello;
  std::string tls;           ///< `TLSv1.3 TLS_AES_256_GCM_SHA384`; empty: plain text
  std::string certificate;   ///< the name of the client's trusted certificate
  std::string reverse_path;  ///< empty: null
  std::string organization;
  std::string connector;  ///< the name of the attributed connector
  std::string direction;  ///< `Incoming` or `Originating`
  bool direct_send = false;
  std::string decision;  ///< `Accept`, `Reject`, `Defer`
  std::string reply;     ///< the whole line that was said at last
  std::vector<std::string>
      reasons;  ///< `RejectDirectSend`, `UnknownRecipient`, `AmbiguousConnector: …`
  TraceStatus status = TraceStatus::pending;
  std::string spf;  ///< `pass`, …; empty if not evaluated
  std::string spf_domain;
  std::vector<std::string> dkim;  ///< of each signature: `pass d=contoso.com s=s1`
  /// `pass` or `fail`; empty without a chain. `pass, trusted sealer list.test i=1: spf=fail …`
  std::string arc;
  std::string dmarc;         ///< `pass`, …; empty if not evaluated
  std::string dmarc_policy;  ///< what the author domain asks for: `reject`, …
  std::string compauth;      ///< composite authentication: `fail 601`; empty if not evaluated
  std::string signals;       ///< its implicit signals: `SiblingName 50, Subnet 40`
  std::string subject;
  std::string message_id;
  std::string author;      ///< address of the From field
  std::uint64_t size = 0;  ///< octets as received
  std::string next_hop;
  std::string to_ip;                       ///< address of the server behind next_hop
  std::int64_t content_milliseconds = 0;   ///< DATA to final dot
  std::int64_t delivery_milliseconds = 0;  ///< final dot to reply

  // What it was judged on, as texts of policy/judged.h: for explaining and judging again. Empty:
  // not kept, or not asked for (TraceQuery::with_basis).
  std::string settings;
  std::string facts;
  std::string origin;
  std::string evidence;
  std::uint64_t settings_revision = 0;  ///< of the directory; 0: not known

  /// What the DNS had answered: for a new record; null: nothing, or the record was read.
  std::shared_ptr<const dns::Asked> asked{};
  /// The same as a record is read (TraceQuery::with_basis), in the form of dns::to_text.
  std::vector<std::string> answers{};
};

}  // namespace postern::store
