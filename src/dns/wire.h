// A reply of a DNS server in wire format (RFC 1035 section 4), read into an Answer.
//
// The bytes come from the network by way of libunbound. Whatever is wrong with them makes the
// answer a failure: nothing of a reply that cannot be read to its end is believed.
#pragma once

#include <string_view>

#include "dns/answer.h"

namespace postern::dns {

/// `secure` is left false. The RCODE, the CNAME chain, the records of the question's type and the
/// time to live, of a negative answer that of RFC 2308 section 5, are taken from the reply.
Answer decode_reply(const Question& question, std::string_view reply);

}  // namespace postern::dns
