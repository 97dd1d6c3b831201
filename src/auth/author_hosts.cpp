#include "auth/author_hosts.h"

#include <algorithm>

namespace postern::auth {

dns::Asking<AuthorHosts> find_author_hosts(const std::string& domain, const IpAddress& client,
                                           const dns::AnswerSet& answers) {
  dns::Asking<AuthorHosts> asking;
  AuthorHosts hosts;
  const dns::Type family = client.is_v4() ? dns::Type::a : dns::Type::aaaa;
  const auto take_addresses = [&](const std::string& name) {
    const dns::Question question{name, family};
    const dns::Answer* const answer = answers.find(question);
    if (answer == nullptr) {
      asking.questions.push_back(question);
      return;
    }
    const std::size_t count = std::min(answer->addresses.size(), max_author_addresses);
    hosts.addresses.insert(hosts.addresses.end(), answer->addresses.begin(),
                           answer->addresses.begin() + static_cast<std::ptrdiff_t>(count));
  };

  take_addresses(domain);
  const dns::Question exchangers{domain, dns::Type::mx};
  const dns::Answer* const answer = answers.find(exchangers);
  if (answer == nullptr) {
    asking.questions.push_back(exchangers);
    return asking;
  }
  std::vector<dns::MailExchange> sorted = answer->mail_exchanges;
  std::ranges::sort(sorted);
  for (const dns::MailExchange& one : sorted) {
    if (one.host.empty()) continue;  // RFC 7505: the domain takes no mail
    if (hosts.mail_exchangers.size() == max_author_exchangers) break;
    hosts.mail_exchangers.push_back(one.host);
    take_addresses(one.host);
  }
  if (asking.questions.empty()) asking.value = std::move(hosts);
  return asking;
}

}  // namespace postern::auth
