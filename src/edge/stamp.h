// What the edge writes on top of a message, and what it takes out because only the edge may
// write it (RFC 8601 section 5, RFC 7208 section 9.1, Exchange's header firewall).
//
// Both are pure: the message is not changed here, an Edit says how its copy will differ.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "delivery/edited.h"
#include "edge/message_checks.h"
#include "edge/origin_fields.h"
#include "edge/sender_checks.h"
#include "mail/header_fields.h"
#include "policy/arc_trust.h"
#include "policy/composite.h"
#include "policy/header_trust.h"
#include "smtp/receiver.h"

namespace postern::edge {

struct StampFacts {
  std::string_view server_name;  ///< also our authserv-id
  const smtp::SessionFacts* session = nullptr;
  std::string_view reverse_path;  ///< empty: null
  /// The only recipient; empty when there are several.
  std::string_view forward_path;
  bool smtp_utf8 = false;
  Time received;
  /// The name of the connecting client, for Received; empty: none that leads back to it.
  std::string_view reverse_name;
  /// By whom the message is judged: the connecting client, or the one behind a gateway.
  IpAddress judged_client;
  const SpfOutcome* spf = nullptr;
  const auth::Iprev* iprev = nullptr;
  const MessageEvidence* message = nullptr;
  const policy::ArcTestimony* testimony = nullptr;  ///< null: none that the organization trusts
  const policy::CompositeAuthentication* composite = nullptr;  ///< null: not evaluated
  /// With the verdict of any accepted recipient: all have one organization.
  OriginFacts origin;
};

/// Whole header fields, topmost first: X-Postern-*, Authentication-Results, Received-SPF, Received.
std::string fields_to_prepend(const StampFacts& facts);

/// Fields a stranger may not send: Authentication-Results that claim our authserv-id, and what
/// policy::is_protected knows.
std::vector<delivery::Edit::Range> fields_to_remove(const mail::HeaderSection& section,
                                                    std::string_view authserv_id);

}  // namespace postern::edge
