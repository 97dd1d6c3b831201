// The public suffix list (publicsuffix.org), by libpsl: below which names can anybody register?
//
// DMARC finds organizational domains by its tree walk (RFC 9989 section 4.10) and needs no such
// list. Beside it, the list tells where receivers that still follow RFC 7489 come to another
// answer, which is what an administrator wants to know when mail passes here and fails there.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

struct psl_ctx_st;

namespace postern::auth {

class PublicSuffixList {
 public:
  /// The newest there is on this computer: the file of the distribution's package publicsuffix, or
  /// the list that libpsl was built with.
  static Result<PublicSuffixList> system();
  /// A file as publicsuffix.org has it, or compiled by psl-make-dafsa.
  static Result<PublicSuffixList> load(const std::string& file);
  /// The rules themselves, one a line.
  static Result<PublicSuffixList> parse(std::string_view rules);

  /// The public suffix and one label: `contoso.co.uk` for `mail.contoso.co.uk`. Nothing for a
  /// public suffix. `domain` is in the form of mail::to_a_label.
  std::optional<std::string> registrable_domain(const std::string& domain) const;

 private:
  struct Free {
    void operator()(psl_ctx_st* list) const;
  };
  explicit PublicSuffixList(psl_ctx_st* list);

  std::unique_ptr<psl_ctx_st, Free> list_;
  std::uint64_t number_;  ///< of no other list of this process
};

}  // namespace postern::auth
