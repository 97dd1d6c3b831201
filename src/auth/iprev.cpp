#include "auth/iprev.h"

#include <algorithm>
#include <cstdlib>

#include "dns/reverse_name.h"

namespace postern::auth {

std::string_view to_string(IprevResult result) {
  switch (result) {
    case IprevResult::pass:
      return "pass";
    case IprevResult::fail:
      return "fail";
    case IprevResult::temperror:
      return "temperror";
    case IprevResult::permerror:
      return "permerror";
  }
  std::abort();
}

dns::Asking<Iprev> check_iprev(const IpAddress& client, const dns::AnswerSet& answers) {
  const dns::Question reverse{dns::reverse_name(client), dns::Type::ptr};
  const dns::Answer* pointers = answers.find(reverse);
  if (!pointers) return {.questions = {reverse}};
  if (pointers->status == dns::Status::failure)
    return {.value = Iprev{.result = IprevResult::temperror}};
  if (pointers->names.empty()) return {.value = Iprev{.result = IprevResult::permerror}};

  dns::Asking<Iprev> asking;
  bool failed = false;
  const std::size_t count = std::min(pointers->names.size(), max_iprev_names);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& name = pointers->names[i];
    const dns::Question forward{name, client.is_v4() ? dns::Type::a : dns::Type::aaaa};
    const dns::Answer* addresses = answers.find(forward);
    if (!addresses) {
      asking.questions.push_back(forward);
      continue;
    }
    if (addresses->status == dns::Status::failure) failed = true;
    const auto& all = addresses->addresses;
    if (std::ranges::find(all, client) != all.end())
      return {.value = Iprev{.result = IprevResult::pass, .name = name, .has_pointer = true}};
  }
  if (asking.questions.empty())
    asking.value =
        Iprev{.result = failed ? IprevResult::temperror : IprevResult::fail, .has_pointer = true};
  return asking;
}

mail::AuthenticationResult to_authentication_result(const IpAddress& client, const Iprev& iprev) {
  return {.method = "iprev",
          .result = std::string(to_string(iprev.result)),
          .comment = iprev.name,
          .properties = {{"policy", "iprev", client.to_string()}}};
}

}  // namespace postern::auth
