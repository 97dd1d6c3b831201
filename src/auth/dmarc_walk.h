// The DNS Tree Walk (RFC 9989 section 4.10): which DMARC records lie on the way from a domain up
// to the root, and what is its organizational domain.
//
// For news.shop.example.com the records are, in the order of the walk,
//
//   _dmarc.news.shop.example.com
//   _dmarc.shop.example.com
//   _dmarc.example.com
//   _dmarc.com
//
// and the walk ends early at one with psd=y or psd=n. All are asked for at once, which costs one
// round trip instead of four and changes nothing: a record behind the end is not looked at. A name
// of eight labels or more is cut to seven after its first question, so that a hostile name costs
// no more than eight.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "auth/dmarc_record.h"
#include "dns/answer.h"

namespace postern::auth {

inline constexpr std::size_t max_walk_questions = 8;

/// The domains whose records a walk from `domain` may look at, longest first. `domain` is in the
/// form of mail::to_a_label.
std::vector<std::string_view> walk_domains(std::string_view domain);

/// Where the record of `domain` is.
dns::Question dmarc_question(std::string_view domain);

/// What the walk met at one domain.
struct DmarcStep {
  std::string domain;
  std::string outcome;  ///< `v=DMARC1; p=none`, `no record`, `2 records, none counts`, `SERVFAIL`

  bool operator==(const DmarcStep&) const = default;
};

struct DmarcWalk {
  struct Found {
    std::string_view domain;  ///< a view on the name that was walked
    DmarcRecord record;
    std::string text;
  };
  /// Longest domain first.
  std::vector<Found> records;
  /// Section 4.10.2; without any record the domain itself.
  std::string_view organizational_domain;
  /// The DNS failed at some name, so that a record may be missing; and at the first of all.
  bool has_failed = false;
  bool has_failed_at_start = false;
  std::vector<DmarcStep> steps;

  /// Null: there is none.
  const Found* find(std::string_view domain) const;
};

/// `domain` must outlive the walk.
dns::Asking<DmarcWalk> walk_tree(std::string_view domain, const dns::AnswerSet& answers);

}  // namespace postern::auth
