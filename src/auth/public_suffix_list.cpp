#include "auth/public_suffix_list.h"

#include <fmt/format.h>
#include <libpsl.h>

#include <cstdio>

namespace postern::auth {

void PublicSuffixList::Free::operator()(psl_ctx_st* list) const {
  psl_free(list);
}

Result<PublicSuffixList> PublicSuffixList::system() {
  psl_ctx_t* list = psl_latest(nullptr);
  if (!list)
    return fail(
        "There is no public suffix list on this computer; install the package publicsuffix.");
  return PublicSuffixList(list);
}

Result<PublicSuffixList> PublicSuffixList::load(const std::string& file) {
  psl_ctx_t* list = psl_load_file(file.c_str());
  if (!list) return fail(fmt::format("{} is no public suffix list.", file));
  return PublicSuffixList(list);
}

Result<PublicSuffixList> PublicSuffixList::parse(std::string_view rules) {
  // libpsl reads files only; this one is in memory.
  std::string copy(rules);
  std::FILE* file = fmemopen(copy.data(), copy.size(), "r");
  psl_ctx_t* list = file ? psl_load_fp(file) : nullptr;
  if (file) std::fclose(file);
  if (!list) return fail("The text is no public suffix list.");
  return PublicSuffixList(list);
}

std::optional<std::string> PublicSuffixList::registrable_domain(const std::string& domain) const {
  const char* found = psl_registrable_domain(list_.get(), domain.c_str());
  if (!found) return std::nullopt;
  return found;
}

}  // namespace postern::auth
