#include "mail/mailbox.h"

#include "base/ip_address.h"
#include "mail/domain_name.h"
#include "mail/lexical.h"
#include "mail/utf8.h"

namespace postern::mail {
namespace {

bool is_control(char c) {
  return (is_ascii(c) && c < ' ') || c == '\x7f';
}

// Dot-string = Atom *("."  Atom)
bool take_dot_string(Cursor& in) {
  do {
    if (in.take_while(is_atext).empty()) return false;
  } while (in.take('.'));
  return true;
}

// Quoted-string = DQUOTE *QcontentSMTP DQUOTE
// QcontentSMTP  = qtextSMTP / quoted-pairSMTP
bool take_smtp_quoted_string(Cursor& in, std::string& local_part) {
  if (!in.take('"')) return false;
  while (!in.take('"')) {
    in.take('\\');
    // Printable ASCII or UTF-8; an unescaped quote or backslash cannot come here.
    if (in.at_end() || is_control(in.peek())) return false;
    local_part += in.peek();
    in.take_count(1);
  }
  return true;
}

// address-literal = "[" ( IPv4-address-literal / IPv6-address-literal ) "]"
// A General-address-literal has a tag nobody has registered yet.
std::optional<std::string> take_address_literal(Cursor& in) {
  if (!in.take('[')) return std::nullopt;
  const bool v6 = in.take_word("IPv6:");
  const auto text = in.take_until(']');
  if (!text) return std::nullopt;
  const auto address = IpAddress::parse(*text);
  if (!address || text->contains(':') != v6) return std::nullopt;
  return "[" + address->to_literal() + "]";
}

// Domain = sub-domain *("." sub-domain)
std::optional<std::string> take_domain(Cursor& in) {
  const std::string_view name = in.take_while(
      [](char c) { return is_alnum(c) || c == '-' || c == '.' || c == '_' || !is_ascii(c); });
  if (name.size() > max_domain) return std::nullopt;
  return to_a_label(name);
}

// A-d-l = At-domain *( "," At-domain ) ":"
bool take_source_route(Cursor& in) {
  do {
    if (!in.take('@')) return false;
    if (in.peek() == '[' ? !take_address_literal(in) : !take_domain(in)) return false;
  } while (in.take(','));
  return in.take(':');
}

enum class LocalPartLimit { rfc, whole_path };

// Mailbox = Local-part "@" ( Domain / address-literal )
std::optional<Mailbox> take_mailbox(Cursor& in, LocalPartLimit limit) {
  const std::string_view before = in.rest();
  Mailbox mailbox;
  const bool quoted = in.peek() == '"';
  if (!(quoted ? take_smtp_quoted_string(in, mailbox.local_part) : take_dot_string(in)))
    return std::nullopt;
  const std::size_t local_part_size = before.size() - in.rest().size();
  if (!quoted) mailbox.local_part = before.substr(0, local_part_size);
  if (mailbox.local_part.empty()) return std::nullopt;
  if (limit == LocalPartLimit::rfc && local_part_size > max_local_part) return std::nullopt;

  if (!in.take('@')) return std::nullopt;
  auto domain = in.peek() == '[' ? take_address_literal(in) : take_domain(in);
  if (!domain) return std::nullopt;
  mailbox.domain = *std::move(domain);

  mailbox.text = before.substr(0, before.size() - in.rest().size());
  constexpr std::size_t angle_brackets = 2;
  if (mailbox.text.size() + angle_brackets > max_path || !is_utf8(mailbox.text))
    return std::nullopt;
  return mailbox;
}

// Path = "<" [ A-d-l ":" ] Mailbox ">"
std::optional<Mailbox> take_path(Cursor& in, LocalPartLimit limit) {
  Cursor path = in;
  if (!path.take('<')) return std::nullopt;
  if (path.peek() == '@' && !take_source_route(path)) return std::nullopt;
  auto mailbox = take_mailbox(path, limit);
  if (!mailbox || !path.take('>')) return std::nullopt;
  in = path;
  return mailbox;
}

bool is_dot_string(std::string_view text) {
  Cursor in(text);
  return take_dot_string(in) && in.at_end();
}

}  // namespace

bool Mailbox::is_international() const {
  return !is_ascii_only(text);
}

std::optional<Mailbox> parse_mailbox(std::string_view text) {
  Cursor in(text);
  auto mailbox = take_mailbox(in, LocalPartLimit::rfc);
  if (!in.at_end()) return std::nullopt;
  return mailbox;
}

std::optional<Mailbox> take_reverse_path(Cursor& in) {
  if (in.take("<>")) return Mailbox{};
  return take_path(in, LocalPartLimit::whole_path);
}

std::optional<Mailbox> take_forward_path(Cursor& in) {
  constexpr std::string_view postmaster = "<Postmaster>";
  if (istarts_with(in.rest(), postmaster)) {
    const std::string text(in.take_count(postmaster.size()).substr(1, postmaster.size() - 2));
    return Mailbox{.text = text, .local_part = text};
  }
  return take_path(in, LocalPartLimit::rfc);
}

std::string to_address(std::string_view local_part, std::string_view domain) {
  std::string address;
  address.reserve(local_part.size() + 1 + domain.size());
  if (is_dot_string(local_part)) {
    address = local_part;
  } else {
    address = '"';
    for (const char c : local_part) {
      if (c == '"' || c == '\\') address += '\\';
      address += c;
    }
    address += '"';
  }
  return address.append("@").append(domain);
}

}  // namespace postern::mail
