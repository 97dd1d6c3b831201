// The directory in SQLite, and the Snapshot of it in memory.
//
// All changes go through here, one at a time: the change is checked, written and committed,
// then the new Snapshot is put in force, then the call returns. So what a cmdlet has
// confirmed holds for the next RCPT and after a power cut. Changes that another process makes to
// the same file are not seen until the next start.
//
// Errors are sentences that name the parameter or object. `organization` and `identity` are a
// name, in any case, or a GUID; an organization may also be named by an accepted domain. From any
// thread; calls that change block for the disk.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "directory/connector_validation.h"
#include "directory/direct_send_exceptions.h"
#include "directory/objects.h"
#include "directory/snapshot.h"
#include "directory/spoof_items.h"
#include "directory/spoof_protection.h"

namespace postern::store {

using directory::Force;

struct ImportSummary {
  std::size_t added = 0;
  std::size_t unchanged = 0;  ///< were there already, with the same aliases or none given
};

class DirectoryStore {
 public:
  /// Opens or creates the database; loads everything.
  static Result<std::unique_ptr<DirectoryStore>> open(const std::string& path);
  /// One that begins as `begin`, lives in memory and is forgotten: changes are checked and made as
  /// anywhere, and what comes of them is its snapshot. For asking what a change would do.
  static Result<std::unique_ptr<DirectoryStore>> rehearse(const directory::Snapshot& begin);
  virtual ~DirectoryStore() = default;

  /// The directory now; never null. Costs tens of nanoseconds.
  virtual directory::SharedSnapshot snapshot() const = 0;

  virtual Result<directory::SharedOrganization> new_organization(const std::string& name) = 0;
  /// With its domains, recipients and connectors.
  virtual Result<void> remove_organization(std::string_view organization) = 0;

  /// Changes a copy of what is there now; the result is checked as a whole.
  template <class Object>
  using Edit = std::function<void(Object&)>;

  virtual Result<void> set_organization_config(std::string_view organization,
                                               const Edit<directory::OrganizationConfig>& edit) = 0;
  virtual Result<void> set_arc_config(std::string_view organization,
                                      const Edit<directory::ArcConfig>& edit) = 0;
  /// `edit` may refuse. GUIDs and times of what it adds or changes are its own task.
  virtual Result<void> set_spoof_protection(
      std::string_view organization,
      const std::function<Result<void>(directory::SpoofProtection&)>& edit) = 0;

  /// GUID and times are given here. Entries that have expired make room. As stored.
  virtual Result<directory::SpoofItem> new_spoof_item(std::string_view organization,
                                                      directory::SpoofItem item) = 0;
  /// All or none; an error names the first that is not there.
  virtual Result<void> set_spoof_items(std::string_view organization,
                                       const std::vector<directory::Guid>& guids,
                                       directory::SpoofItemAction action) = 0;
  virtual Result<void> remove_spoof_items(std::string_view organization,
                                          const std::vector<directory::Guid>& guids) = 0;

  /// GUID and times are given here. As stored.
  virtual Result<directory::DirectSendException> new_direct_send_exception(
      std::string_view organization, directory::DirectSendException exception, Force force) = 0;
  virtual Result<void> set_direct_send_exception(std::string_view organization,
                                                 std::string_view identity,
                                                 const Edit<directory::DirectSendException>& edit,
                                                 Force force) = 0;
  virtual Result<void> remove_direct_send_exception(std::string_view organization,
                                                    std::string_view identity) = 0;

  /// The first domain of an organization becomes its default. Name in any form: kept as A-label.
  virtual Result<directory::AcceptedDomain> new_accepted_domain(
      std::string_view organization, directory::AcceptedDomain domain) = 0;
  /// Setting is_default takes it from the domain that had it. The name cannot change.
  virtual Result<void> set_accepted_domain(std::string_view organization, std::string_view name,
                                           const Edit<directory::AcceptedDomain>& edit) = 0;
  virtual Result<void> remove_accepted_domain(std::string_view organization,
                                              std::string_view name) = 0;

  /// Returns it as stored: lower case, A-labels.
  virtual Result<directory::Recipient> new_recipient(std::string_view organization,
                                                     directory::Recipient recipient) = 0;
  /// By address or alias.
  virtual Result<void> remove_recipient(std::string_view organization,
                                        std::string_view address) = 0;
  /// All or none, in one transaction. Those that are there already are no error.
  virtual Result<ImportSummary> import_recipients(
      std::string_view organization, const std::vector<directory::Recipient>& recipients) = 0;

  /// GUID and times of `connector` are given here. Names are checked and brought to A-labels;
  /// sender domains may be written `smtp:*;1`.
  virtual Result<directory::SharedConnector> new_inbound_connector(
      std::string_view organization, directory::InboundConnector connector, Force force) = 0;
  virtual Result<void> set_inbound_connector(std::string_view organization,
                                             std::string_view identity,
                                             const Edit<directory::InboundConnector>& edit,
                                             Force force) = 0;
  virtual Result<void> remove_inbound_connector(std::string_view organization,
                                                std::string_view identity) = 0;
};

}  // namespace postern::store
