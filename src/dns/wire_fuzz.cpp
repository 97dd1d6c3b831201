// Any bytes are an answer; names in it are canonical, and a good one holds records.
#include <cstdint>
#include <cstdlib>

#include "dns/name.h"
#include "dns/wire.h"

using namespace postern::dns;

namespace {

void check(const std::vector<std::string>& names) {
  for (const std::string& name : names)
    if (!name.empty() && name_from_presentation(name) != name) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view reply(static_cast<const char*>(static_cast<const void*>(data)), size);
  for (const Type type : {Type::a, Type::aaaa, Type::txt, Type::mx, Type::ptr, Type::tlsa}) {
    const Answer answer = decode_reply({"contoso.test", type}, reply);
    check(answer.names);
    check(answer.cname_chain);
    const bool has_records = !answer.addresses.empty() || !answer.texts.empty() ||
                             !answer.names.empty() || !answer.mail_exchanges.empty() ||
                             !answer.raw.empty();
    if (has_records != (answer.status == Status::ok)) std::abort();
  }
  return 0;
}
