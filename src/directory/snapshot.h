// The whole directory at one moment, indexed, shared by all threads.
//
//   const auto directory = holder.load();
//   if (const auto owner = directory->find_domain("contoso.com")) …owner.organization->…
//
// Plain pointers into it are valid as long as the Snapshot, which is enough for a decision: sharing
// an object means writing its count of owners, often in memory that is in no cache. What has to
// live longer is shared.
//
// A Snapshot that others can see is never changed. A change copies it, which costs a few
// pointers, and edits the copy: the maps and trees inside copy only the nodes on the way to
// what changed, and share all others with the Snapshot before. So a change costs the same with
// one organization and with a hundred thousand, and nobody waits for it.
//
// Lookups are by hash of a domain, name or address; an organization's connectors stand in sorted
// arrays of its own, those of all its kind in a prefix tree. So the cost does not grow with the
// number of organizations or recipients, and hardly with that of an organization's connectors.
// What a lookup does take is the time in which memory answers, a few times one after another: from
// the domain's node to the organization, to its arrays, to a connector. Hence objects whose first
// line has what is asked at every RCPT, and ids beside pointers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "directory/connector_index.h"
#include "directory/direct_send_exceptions.h"
#include "directory/look_alike_index.h"
#include "directory/objects.h"
#include "directory/on_premises_index.h"
#include "directory/persistent_array.h"
#include "directory/persistent_map.h"
#include "directory/spoof_items.h"
#include "directory/spoof_protection.h"

namespace postern::directory {

using SharedConnector = std::shared_ptr<const InboundConnector>;
using SharedDomain = std::shared_ptr<const AcceptedDomain>;

struct DomainName {
  const std::string& operator()(const SharedDomain& domain) const { return domain->name; }
};
struct ConnectorName {
  std::string_view operator()(const SharedConnector& connector) const {
    return connector->name.view();
  }
};

/// Where mail for an address goes.
struct Destination {
  std::string recipient;  ///< the canonical address
  std::string detail;     ///< of `user+detail@…`, without the delimiter
  bool wildcard = false;  ///< catch-all or InternalRelay: a stranger may have invented it
};

/// One organization with all that is its own.
class Organization {
 public:
  Organization(OrganizationId id, const Guid& guid, std::string name, Time when_created)
      : id_(id), guid_(guid), when_created_(when_created), name_(std::move(name)) {}

  OrganizationId id() const { return id_; }
  const Guid& guid() const { return guid_; }
  const std::string& name() const { return name_; }
  Time when_created() const { return when_created_; }
  const OrganizationConfig& config() const { return config_; }
  const ArcConfig& arc_config() const { return uncommon_->arc_config; }
  /// Never null.
  const SharedSpoofProtection& spoof_protection() const { return uncommon_->spoof_protection; }
  /// Never null.
  const SharedSpoofItems& spoof_items() const { return uncommon_->spoof_items; }
  /// Null: it has none.
  const SharedDirectSendExceptions& direct_send_exceptions() const {
    return uncommon_->direct_send_exceptions;
  }

  /// The accepted domain of this very name, an A-label; null: none. Valid as long as the
  /// organization.
  const AcceptedDomain* find_domain(std::string_view name) const;
  /// Is a domain below `name` accepted (`eu.contoso.com` below `contoso.com`)?
  bool has_domain_below(std::string_view name) const;
  std::size_t domain_count() const { return domains_.size(); }
  /// The accepted domain that `domain`, a foreign A-label, may be taken for; nothing: none.
  std::optional<std::string> find_look_alike(std::string_view domain) const;
  /// By name.
  std::vector<AcceptedDomain> accepted_domains() const;
  /// Null only while there is no accepted domain.
  const AcceptedDomain* default_domain() const;

  /// Where mail for `local_part` at `domain` (A-label, below or equal to the accepted domain
  /// `accepted`) goes: exactly this address or alias; without `+detail`; the catch-all
  /// `*@domain`; postmaster; for InternalRelay anything. Nothing: no such recipient.
  std::optional<Destination> find_destination(std::string_view local_part, std::string_view domain,
                                              const AcceptedDomain& accepted) const;
  /// By address or alias.
  std::optional<Recipient> find_recipient(std::string_view address) const;
  std::size_t recipient_count() const { return recipients_.size(); }
  /// In no order. Stops when `use` returns false.
  void for_each_recipient(const std::function<bool(const Recipient&)>& use) const;

  /// By name, in any case, or by GUID. Null: none.
  SharedConnector find_connector(std::string_view identity) const;
  std::size_t connector_count() const { return connectors_.size(); }
  /// By name.
  std::vector<SharedConnector> connectors() const;
  const ConnectorIndex& connector_index() const { return index_; }

 private:
  friend class Snapshot;

  /// Among so few domains a look-alike is found by comparing each; an index takes memory.
  static constexpr std::size_t max_compared_domains = 8;

  /// What few organizations have.
  struct Uncommon {
    LookAlikeIndex look_alikes;  // of all domains if there are more than max_compared_domains
    ArcConfig arc_config;
    SharedSpoofProtection spoof_protection = default_spoof_protection();
    SharedSpoofItems spoof_items = no_spoof_items();
    SharedDirectSendExceptions direct_send_exceptions;
  };
  /// All that have nothing of it share this.
  static const std::shared_ptr<const Uncommon>& nothing_uncommon();
  /// A copy in the place of what may be shared.
  Uncommon& edit_uncommon();

  void put_domain(SharedDomain domain);
  void remove_domain(std::string_view name);

  // What is asked at every RCPT comes first, to share a cache line.
  OrganizationId id_;
  OrganizationConfig config_;
  ConnectorIndex index_;
  PersistentMap<Text, NameList> recipients_;  // address, aliases
  PersistentMap<Text, Text> aliases_;         // alias, address
  PersistentSet<SharedDomain, DomainName> domains_;
  PersistentSet<SharedConnector, ConnectorName, IgnoringCase, IgnoringCase> connectors_;
  std::shared_ptr<const Uncommon> uncommon_ = nothing_uncommon();
  Guid guid_;
  Time when_created_;
  std::string name_;
};
// With its count of owners one takes 512 bytes, the allocator's class; the next is 640.
static_assert(sizeof(Organization) <= 496);

using SharedOrganization = std::shared_ptr<const Organization>;

class Snapshot {
 public:
  /// Grows by one with every change: the settings' revision in the trace.
  std::uint64_t revision() const { return revision_; }

  std::size_t organization_count() const { return organizations_.size(); }
  /// By name, in any case, by GUID or by accepted domain. Null: none.
  SharedOrganization find_organization(std::string_view identity) const;
  SharedOrganization find_organization(OrganizationId id) const;
  /// The same, valid as long as the Snapshot.
  const Organization* peek_organization(OrganizationId id) const {
    const auto* const organization = organizations_.find(static_cast<std::uint32_t>(id));
    return organization == nullptr ? nullptr : organization->get();
  }
  /// The one organization, if there is just one; else null.
  SharedOrganization only_organization() const;
  /// By name.
  std::vector<SharedOrganization> organizations() const;

  /// Valid as long as the Snapshot.
  struct DomainOwner {
    const Organization* organization = nullptr;
    const AcceptedDomain* domain = nullptr;

    explicit operator bool() const { return domain != nullptr; }
  };
  /// Who accepts mail for `domain` (an A-label): the accepted domain of this name, else the
  /// longest one above it that has MatchSubDomains.
  DomainOwner find_domain(std::string_view domain) const;

  const OnPremisesIndex& on_premises() const { return on_premises_; }

  // Editing a copy that nobody else sees yet. What is given has been checked (validation.h),
  // and the organization exists.
  void set_revision(std::uint64_t revision) { revision_ = revision; }
  void put_organization(OrganizationId id, const Guid& guid, std::string name, Time when_created);
  void remove_organization(OrganizationId id);
  void set_config(OrganizationId id, const OrganizationConfig& config);
  void set_arc_config(OrganizationId id, const ArcConfig& config);
  void set_spoof_protection(OrganizationId id, SharedSpoofProtection protection);
  void set_spoof_items(OrganizationId id, SharedSpoofItems items);
  /// Null: none.
  void set_direct_send_exceptions(OrganizationId id, SharedDirectSendExceptions exceptions);
  void put_domain(OrganizationId id, AcceptedDomain domain);
  void remove_domain(OrganizationId id, std::string_view name);
  void put_recipient(OrganizationId id, const Recipient& recipient);
  void remove_recipient(OrganizationId id, std::string_view address);
  /// Connectors of names that are not there.
  void put_connectors(OrganizationId id, std::vector<InboundConnector> connectors);
  /// By name, in any case.
  void remove_connector(OrganizationId id, std::string_view name);

 private:
  /// An accepted domain of any organization. With the name's place and the id beside the pointer,
  /// the processor fetches the name to compare and the organization at the same time.
  struct OwnedDomain {
    std::string_view name;
    const AcceptedDomain* domain;  // the organization's
    OrganizationId organization;
  };
  struct OwnedDomainName {
    std::string_view operator()(const OwnedDomain& owned) const { return owned.name; }
  };

  struct GuidHash {
    std::uint64_t operator()(const Guid& guid) const { return KeyHash{}(guid.bytes()); }
  };

  Organization& edit(OrganizationId id);

  std::uint64_t revision_ = 0;
  PersistentArray<std::shared_ptr<Organization>> organizations_;  // by id
  PersistentMap<Text, OrganizationId, IgnoringCase, IgnoringCase> names_;
  PersistentMap<Guid, OrganizationId, GuidHash> guids_;
  PersistentSet<OwnedDomain, OwnedDomainName> domains_;
  OnPremisesIndex on_premises_;
};

using SharedSnapshot = std::shared_ptr<const Snapshot>;

/// The Snapshot in force. Loading costs tens of nanoseconds.
class SnapshotHolder {
 public:
  SnapshotHolder() : current_(std::make_shared<const Snapshot>()) {}

  SharedSnapshot load() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }
  void store(SharedSnapshot next) {
    // What was current is destroyed after the lock is given back.
    const std::lock_guard lock(mutex_);
    current_.swap(next);
  }

 private:
  mutable std::mutex mutex_;
  SharedSnapshot current_;
};

}  // namespace postern::directory
