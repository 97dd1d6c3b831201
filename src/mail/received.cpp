#include "mail/received.h"

#include "mail/domain_name.h"
#include "mail/lexical.h"

namespace postern::mail {
namespace {

/// HELO arguments go up to the length of a command line; more tells nobody anything.
constexpr std::size_t max_hello_shown = 255;

bool is_address_literal(std::string_view text) {
  if (!text.starts_with('[') || !text.ends_with(']')) return false;
  text = text.substr(1, text.size() - 2);
  if (istarts_with(text, "IPv6:")) text.remove_prefix(5);
  return IpAddress::parse(text).has_value();
}

// Extended-Domain = Domain / ( Domain FWS "(" TCP-info ")" ) /
//                   ( address-literal FWS "(" TCP-info ")" )
void add_from(FieldWriter& field, const ReceivedFacts& facts) {
  const std::string literal = "[" + facts.client.to_literal() + "]";
  const auto name = to_a_label(facts.hello);
  const bool as_written =
      is_address_literal(facts.hello) || (name && name->size() == facts.hello.size());
  field.word("from").word(as_written ? facts.hello : name ? *name : literal);
  if (facts.reverse_name.empty()) {
    field.word("(" + literal + ")");
  } else {
    field.word("(" + facts.reverse_name).word(literal + ")");
  }
  // Whatever else the client called itself goes where it cannot be taken for a domain.
  if (!as_written && !name && !facts.hello.empty())
    field.word(comment("hello " + facts.hello.substr(0, max_hello_shown)));
}

}  // namespace

std::string_view with_protocol(const ReceivedFacts& facts) {
  const bool tls = !facts.tls.empty();
  if (facts.smtp_utf8) return tls ? "UTF8SMTPS" : "UTF8SMTP";
  if (!facts.extended) return "SMTP";
  return tls ? "ESMTPS" : "ESMTP";
}

std::string to_received_field(const ReceivedFacts& facts) {
  FieldWriter field("Received");
  add_from(field, facts);
  field.new_line().word("by").word(facts.server).word("with").word(with_protocol(facts));
  if (!facts.tls.empty()) field.word(comment(facts.tls));
  field.word("id");
  if (facts.forward_path.empty()) {
    field.word(facts.id + ";");
  } else {
    field.word(facts.id).new_line().word("for").word("<" + facts.forward_path + ">;");
  }
  return field.word(format_rfc5322(facts.received)).finish();
}

}  // namespace postern::mail
