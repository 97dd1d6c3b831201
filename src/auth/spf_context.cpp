#include "auth/spf_context.h"

#include <algorithm>

#include "auth/spf_macro.h"
#include "dns/name.h"
#include "dns/reverse_name.h"
#include "mail/domain_name.h"
#include "mail/utf8.h"

namespace postern::auth {
namespace {

/// A reply line has 512 octets, and nobody reads more.
constexpr std::size_t max_explanation = 500;

/// Section 7.3: labels are dropped from the left until 253 octets are left.
std::string_view cut_to_name(std::string_view name) {
  constexpr std::size_t longest = 253;
  if (name.ends_with('.')) name.remove_suffix(1);
  while (name.size() > longest) {
    const std::size_t dot = name.find('.');
    if (dot == std::string_view::npos) return {};
    name.remove_prefix(dot + 1);
  }
  return name;
}

/// Section 4.3: a domain of several labels, or an empty string. A domain literal is none.
std::string checkable(std::string_view domain) {
  if (domain.starts_with('[') || !domain.contains('.')) return {};
  return dns::name_from_octets(domain).value_or("");
}

}  // namespace

SpfContext::SpfContext(const SpfQuery& query, const dns::AnswerSet& answers,
                       SpfRecordCache* records)
    : query_(query), answers_(answers), records_(records), local_part_("postmaster") {
  // Section 2.4: the MAIL FROM identity of a null reverse-path is postmaster at the HELO name.
  const bool by_helo = query.identity == SpfIdentity::helo || query.domain.empty();
  if (by_helo) {
    domain_ = checkable(mail::to_a_label(query.helo).value_or(""));
  } else {
    domain_ = checkable(query.domain);
    if (!query.local_part.empty()) local_part_ = query.local_part;
  }
}

dns::Type SpfContext::address_type() const {
  return query_.client.is_v4() ? dns::Type::a : dns::Type::aaaa;
}

const dns::Answer* SpfContext::find(std::string_view name, dns::Type type) {
  if (const dns::Answer* answer = answers_.find({name, type})) return answer;
  dns::Question question{std::string(name), type};
  if (std::ranges::find(missing_, question) == missing_.end())
    missing_.push_back(std::move(question));
  return nullptr;
}

std::shared_ptr<const ParsedSpfRecord> SpfContext::parse(std::string_view text) const {
  return records_ ? records_->parse(text) : std::make_shared<const ParsedSpfRecord>(text);
}

std::optional<std::string> SpfContext::expand(std::string_view text, std::string_view domain) {
  if (!text.contains('%')) return std::string(text);
  MacroValues values{.local_part = local_part_,
                     .sender_domain = domain_,
                     .domain = domain,
                     .client = query_.client,
                     .helo = query_.helo,
                     .receiver = query_.receiver,
                     .now = query_.now};
  if (!uses_validated_name(text)) return expand_macros(text, values);
  const auto validated = validated_name(domain);
  if (!validated) return std::nullopt;
  values.validated = *validated;
  return expand_macros(text, values);
}

std::optional<std::string> SpfContext::target_name(std::string_view domain_spec,
                                                   std::string_view domain) {
  if (domain_spec.empty()) return std::string(domain);
  if (!domain_spec.contains('%'))
    return dns::name_from_octets(cut_to_name(domain_spec)).value_or("");
  const auto expanded = expand(domain_spec, domain);
  if (!expanded) return std::nullopt;
  // RFC 8616 section 4: with a local part beyond ASCII, a term that has it in its name never
  // matches.
  if (!mail::is_ascii_only(*expanded)) return std::string();
  return dns::name_from_octets(cut_to_name(*expanded)).value_or("");
}

std::optional<std::string> SpfContext::explain(std::string_view text, std::string_view domain) {
  if (find_macro_fault(text, MacroUse::explanation)) return std::string();
  auto explanation = expand(text, domain);
  if (explanation && explanation->size() > max_explanation) explanation->clear();
  return explanation;
}

std::optional<std::vector<std::string_view>> SpfContext::validated_names() {
  const dns::Answer* pointers = find(dns::reverse_name(client()), dns::Type::ptr);
  if (!pointers) return std::nullopt;
  // A failure is no name at all: section 5.5 lets it not match.
  std::vector<std::string_view> validated;
  bool complete = true;
  const std::size_t count = std::min(pointers->names.size(), max_spf_ptr_names);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& name = pointers->names[i];
    const dns::Answer* addresses = find(name, address_type());
    if (!addresses)
      complete = false;
    else if (std::ranges::find(addresses->addresses, client()) != addresses->addresses.end())
      validated.push_back(name);
  }
  if (!complete) return std::nullopt;
  return validated;
}

// Section 7.3: the domain itself, else a name below it, else any, else `unknown`.
std::optional<std::string> SpfContext::validated_name(std::string_view domain) {
  const auto names = validated_names();
  if (!names) return std::nullopt;
  for (const std::string_view name : *names)
    if (name == domain) return std::string(name);
  for (const std::string_view name : *names)
    if (mail::is_below(name, domain, mail::Self::excluded)) return std::string(name);
  return std::string(names->empty() ? "unknown" : names->front());
}

std::vector<std::string_view> mx_hosts(const dns::Answer& answer) {
  std::vector<const dns::MailExchange*> exchanges;
  for (const dns::MailExchange& exchange : answer.mail_exchanges)
    if (!exchange.host.empty()) exchanges.push_back(&exchange);
  std::ranges::sort(exchanges, [](const auto* x, const auto* y) { return *x < *y; });
  std::vector<std::string_view> hosts;
  for (const dns::MailExchange* exchange : exchanges) hosts.push_back(exchange->host);
  return hosts;
}

SpfSelection select_spf_record(const dns::Answer& answer) {
  SpfSelection selection;
  for (const std::string& text : answer.texts) {
    if (!is_spf_record(text)) continue;
    if (selection.text) selection.several = true;
    selection.text = &text;
  }
  return selection;
}

}  // namespace postern::auth
