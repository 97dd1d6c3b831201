// From a recipient to the folder of its mailbox, whatever a stranger has written as a local part.
//
//   maildir:mail/%d/%u   ann@contoso.test      mail/contoso.test/ann
//                        ../../etc@c.test      mail/c.test/%2e.%2f..%2fetc
//
// Every name that comes from an address is one component of a path and stays one: lower case,
// every byte outside [a-z0-9._+-] and a leading dot percent-encoded. Different addresses give
// different names.
#pragma once

#include <string>
#include <string_view>

namespace postern::delivery {

/// A name longer than this gets its SHA-256 for its end; file systems take 255 bytes.
inline constexpr std::size_t max_encoded_name = 200;

std::string encode_name(std::string_view name);

struct MailboxPath {
  std::string folder;
  /// What must exist already; all below it is ours to make. The data directory or, for an absolute
  /// path, all before the recipient's part: if that is missing, a disk is not mounted.
  std::string root;
  /// The folder that holds one entry for each recipient: where mailboxes are counted.
  std::string siblings;
};

/// `address` is canonical (`local-part@domain`), `pattern` one that parse_next_hop accepted. A
/// relative path is under `data_directory`.
MailboxPath mailbox_path(std::string_view pattern, std::string_view data_directory,
                         std::string_view address);

}  // namespace postern::delivery
