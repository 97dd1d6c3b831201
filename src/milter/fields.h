// The header section of a message, which a milter is told field by field: put together again to
// the octets that the client sent, and changes to those octets said in the protocol's way.
//
// The judgement works on the message itself: DKIM hashes its octets, and an Edit says which of
// them go. An MTA wants to hear "the second field named Authentication-Results". Here one becomes
// the other.
#pragma once

#include <string>
#include <vector>

#include "delivery/edited.h"
#include "milter/packets.h"

namespace postern::milter {

class Fields {
 public:
  /// Do values come with the blank that stands behind the colon (version 6)? Before, the MTA took
  /// one blank away.
  explicit Fields(bool leading_space) : leading_space_(leading_space) {}

  /// The field as it stood in the message, with its CRLFs.
  std::string add(const Header& header);

  /// Packets for the end of the message. First fields are taken away, the last first, so that no
  /// number changes meanwhile; then the new ones are put on top, the lowest first. The Received
  /// field of the edit is left out: the MTA writes its own.
  std::string changes(const delivery::Edit& edit) const;

 private:
  struct Field {
    std::string name;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };

  /// Of this name, counted from 1.
  std::uint32_t index_of(std::size_t position) const;

  const bool leading_space_;
  /// At most what mail::HeaderSection takes: a message with more is refused.
  std::vector<Field> fields_;
  std::uint64_t size_ = 0;
};

}  // namespace postern::milter
