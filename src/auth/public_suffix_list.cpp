#include "auth/public_suffix_list.h"

#include <fmt/format.h>
#include <libpsl.h>

#include <atomic>
#include <cstdio>

#include "auth/recently_used.h"

namespace postern::auth {
namespace {

std::uint64_t next_number() {
  static std::atomic<std::uint64_t> last = 0;
  return ++last;
}

/// What was looked up before, in the list that was used last: a process has one.
struct Known {
  std::uint64_t list = 0;
  RecentlyUsed<std::optional<std::string>> domains{2000};
};

}  // namespace

PublicSuffixList::PublicSuffixList(psl_ctx_st* list) : list_(list), number_(next_number()) {}

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
  // libpsl walks its whole list for each name, and the same few names come again and again.
  thread_local Known known;
  if (known.list != number_) known = {.list = number_};
  if (const auto found = known.domains.find(domain)) return *found;
  const char* const found = psl_registrable_domain(list_.get(), domain.c_str());
  auto result = std::make_shared<std::optional<std::string>>();
  if (found) *result = found;
  known.domains.store(domain, result);
  return *result;
}

}  // namespace postern::auth
