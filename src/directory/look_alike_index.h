// Which of an organization's accepted domains does a foreign one resemble?
//
//   c0ntoso.test, cont0so.example, contosо.test (Cyrillic), cotnoso.test   resemble contoso.com
//
// Compared is the registrable label: `contoso` of mail.contoso.com (organizational_domain.h). Two
// resemble each other if they have one skeleton (mail/look_alike.h), which those have too that
// differ only in the suffix, or are one edit apart. A label of less than min_edited_label
// characters has too many neighbours for that.
//
// Found by keys: whoever is one edit from `contoso` has a form in common with it once each of both
// has lost at most one letter. An index of those forms and of the skeletons answers in as many
// lookups as the label has letters, with one accepted domain as with ten thousand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "directory/compact.h"
#include "directory/persistent_map.h"

namespace postern::directory {

/// Of an own label that is found by one edit.
inline constexpr std::size_t min_edited_label = 5;
/// Of a label that is compared at all: of two letters everything is a neighbour.
inline constexpr std::size_t min_compared_label = 3;

/// A name as it is compared. Of a name in the form of mail::to_a_label.
struct ComparedName {
  explicit ComparedName(std::string_view domain);

  std::string registrable;  ///< `contoso.co.uk`
  std::string label;        ///< `contoso`
  std::u32string shown;
  std::u32string skeleton;
};

/// Does `foreign` resemble `own`? Not if they are of one registrable domain.
bool resembles(const ComparedName& foreign, const ComparedName& own);

/// Of several that are resembled, the shortest is told, then the first by name.
void name_plainest(std::optional<std::string>& plainest, std::string_view domain);

/// A value whose copy costs a few pointers, as all of a Snapshot.
class LookAlikeIndex {
 public:
  /// An accepted domain that is not there yet.
  void insert(const std::string& domain);
  /// One that is.
  void remove(const std::string& domain);
  bool empty() const { return labels_.empty(); }

  /// The plainest domain that `foreign` resembles; nothing: none, or it is of an own registrable
  /// domain.
  std::optional<std::string> find(const ComparedName& foreign) const;

 private:
  PersistentMap<Text, NameList> labels_;         // label, accepted domains that have it
  PersistentMap<std::uint64_t, NameList> keys_;  // key, labels
};

}  // namespace postern::directory
