#include "directory/snapshot.h"

#include <algorithm>
#include <cassert>

#include "base/ascii.h"
#include "mail/domain_name.h"
#include "mail/mailbox.h"

namespace postern::directory {
namespace {

constexpr char recipient_delimiter = '+';
constexpr std::string_view postmaster = "postmaster";

std::uint32_t number_of(OrganizationId id) {
  return static_cast<std::uint32_t>(id);
}

/// The name above `domain`, or nothing above a single label.
std::string_view parent_of(std::string_view domain) {
  const std::size_t dot = domain.find('.');
  return dot == std::string_view::npos ? std::string_view{} : domain.substr(dot + 1);
}

}  // namespace

const AcceptedDomain* Organization::find_domain(std::string_view name) const {
  const auto* domain = domains_.find(name);
  return domain == nullptr ? nullptr : domain->get();
}

bool Organization::has_domain_below(std::string_view name) const {
  return !domains_.for_each([&](const SharedDomain& domain) {
    return !mail::is_below(domain->name, name, mail::Self::excluded);
  });
}

std::optional<std::string> Organization::find_look_alike(std::string_view domain) const {
  const ComparedName foreign(domain);
  if (domains_.size() > max_compared_domains) return uncommon_->look_alikes.find(foreign);
  std::optional<std::string> found;
  const bool is_foreign = domains_.for_each([&](const SharedDomain& one) {
    const ComparedName own(one->name);
    if (resembles(foreign, own)) name_plainest(found, one->name);
    return own.registrable != foreign.registrable;
  });
  return is_foreign ? found : std::nullopt;
}

const std::shared_ptr<const Organization::Uncommon>& Organization::nothing_uncommon() {
  static const auto nothing = std::make_shared<const Uncommon>();
  return nothing;
}

Organization::Uncommon& Organization::edit_uncommon() {
  auto copy = std::make_shared<Uncommon>(*uncommon_);
  Uncommon& edited = *copy;
  // If nobody shares what was there, its nodes are the copy's alone, and change in place.
  uncommon_ = std::move(copy);
  return edited;
}

void Organization::put_domain(SharedDomain domain) {
  const std::string name = domain->name;
  const bool is_new = domains_.find(name) == nullptr;
  domains_.insert_or_assign(std::move(domain));
  if (!is_new || domains_.size() <= max_compared_domains) return;
  LookAlikeIndex& look_alikes = edit_uncommon().look_alikes;
  if (!look_alikes.empty()) {
    look_alikes.insert(name);
    return;
  }
  domains_.for_each([&](const SharedDomain& one) {
    look_alikes.insert(one->name);
    return true;
  });
}

void Organization::remove_domain(std::string_view name) {
  if (domains_.find(name) == nullptr) return;
  if (domains_.size() > max_compared_domains) {
    LookAlikeIndex& look_alikes = edit_uncommon().look_alikes;
    if (domains_.size() - 1 > max_compared_domains) {
      look_alikes.remove(std::string(name));
    } else {
      look_alikes = {};
    }
  }
  domains_.erase(name);
}

std::vector<AcceptedDomain> Organization::accepted_domains() const {
  std::vector<AcceptedDomain> domains;
  domains.reserve(domains_.size());
  domains_.for_each([&](const SharedDomain& domain) {
    domains.push_back(*domain);
    return true;
  });
  std::ranges::sort(domains, {}, &AcceptedDomain::name);
  return domains;
}

const AcceptedDomain* Organization::default_domain() const {
  const AcceptedDomain* found = nullptr;
  domains_.for_each([&](const SharedDomain& domain) {
    if (domain->is_default) found = domain.get();
    return found == nullptr;
  });
  return found;
}

std::optional<Destination> Organization::find_destination(std::string_view local_part,
                                                          std::string_view domain,
                                                          const AcceptedDomain& accepted) const {
  // RFC 5321 section 2.4 leaves case to the receiving system: it does not count here.
  const std::string local = to_lower(local_part);
  const std::string address = mail::to_address(local, domain);
  const auto canonical = [&](const std::string& wanted) -> std::optional<std::string> {
    if (recipients_.find(wanted) != nullptr) return wanted;
    if (const Text* const target = aliases_.find(wanted)) return target->str();
    return std::nullopt;
  };
  if (auto found = canonical(address)) return Destination{*std::move(found), {}};

  const std::size_t delimiter = local.find(recipient_delimiter);
  const bool has_detail = delimiter != std::string::npos && delimiter > 0;
  const std::string user = has_detail ? local.substr(0, delimiter) : local;
  const std::string detail = has_detail ? std::string(local_part.substr(delimiter + 1)) : "";
  const std::string user_address = mail::to_address(user, domain);
  if (has_detail) {
    if (auto found = canonical(user_address)) return Destination{*std::move(found), detail};
  }

  const std::string catch_all = mail::to_address("*", domain);
  if (recipients_.find(catch_all) != nullptr) return Destination{user_address, detail, true};
  if (const Text* const target = aliases_.find(catch_all))
    return Destination{target->str(), detail};

  // RFC 5321 section 4.5.1: there is always somebody to complain to.
  if (user == postmaster) return Destination{user_address, detail};

  // Who is there is known at the next hop only, and so is what a `+` means there.
  if (accepted.type == DomainType::internal_relay) return Destination{address, {}, true};
  return std::nullopt;
}

std::optional<Recipient> Organization::find_recipient(std::string_view address) const {
  const Text* const target = aliases_.find(address);
  const std::string_view canonical = target == nullptr ? address : target->view();
  const NameList* const aliases = recipients_.find(canonical);
  if (aliases == nullptr) return std::nullopt;
  return Recipient{std::string(canonical), aliases->to_vector()};
}

void Organization::for_each_recipient(const std::function<bool(const Recipient&)>& use) const {
  recipients_.for_each([&](const Text& address, const NameList& aliases) {
    return use(Recipient{address.str(), aliases.to_vector()});
  });
}

SharedConnector Organization::find_connector(std::string_view identity) const {
  if (const SharedConnector* const connector = connectors_.find(identity)) return *connector;
  SharedConnector found;
  if (const auto guid = Guid::parse(identity)) {
    connectors_.for_each([&](const SharedConnector& connector) {
      if (connector->guid == *guid) found = connector;
      return found == nullptr;
    });
  }
  return found;
}

std::vector<SharedConnector> Organization::connectors() const {
  std::vector<SharedConnector> all;
  all.reserve(connectors_.size());
  connectors_.for_each([&](const SharedConnector& connector) {
    all.push_back(connector);
    return true;
  });
  std::ranges::sort(all, {},
                    [](const SharedConnector& connector) { return connector->name.view(); });
  return all;
}

SharedOrganization Snapshot::find_organization(std::string_view identity) const {
  // No name has the form of a GUID.
  const auto guid = Guid::parse(identity);
  const OrganizationId* const id = guid ? guids_.find(*guid) : names_.find(identity);
  if (id != nullptr) return find_organization(*id);
  const OwnedDomain* const domain = domains_.find(to_lower(identity));
  return domain == nullptr ? nullptr : find_organization(domain->organization);
}

SharedOrganization Snapshot::find_organization(OrganizationId id) const {
  const auto* const organization = organizations_.find(number_of(id));
  return organization == nullptr ? nullptr : *organization;
}

SharedOrganization Snapshot::only_organization() const {
  SharedOrganization only;
  if (organizations_.size() != 1) return only;
  organizations_.for_each([&](const auto& organization) {
    only = organization;
    return false;
  });
  return only;
}

std::vector<SharedOrganization> Snapshot::organizations() const {
  std::vector<SharedOrganization> all;
  all.reserve(organizations_.size());
  organizations_.for_each([&](const auto& organization) {
    all.push_back(organization);
    return true;
  });
  std::ranges::sort(
      all, {}, [](const SharedOrganization& one) -> const std::string& { return one->name(); });
  return all;
}

Snapshot::DomainOwner Snapshot::find_domain(std::string_view domain) const {
  for (std::string_view name = domain; !name.empty(); name = parent_of(name)) {
    const OwnedDomain* const found = domains_.find(name);
    if (found == nullptr) continue;
    if (name.size() == domain.size() || found->domain->match_sub_domains) {
      const Organization* const organization = peek_organization(found->organization);
      organization->index_.prefetch();
      return {organization, found->domain};
    }
  }
  return {};
}

Organization& Snapshot::edit(OrganizationId id) {
  std::shared_ptr<Organization>* const slot = organizations_.edit(number_of(id));
  assert(slot != nullptr && "the caller has looked the organization up");
  // Others may be reading it, through the Snapshot that this one was copied from.
  if (slot->use_count() != 1) *slot = std::make_shared<Organization>(**slot);
  return **slot;
}

void Snapshot::put_organization(OrganizationId id, const Guid& guid, std::string name,
                                Time when_created) {
  names_.insert_or_assign(Text(name), id);
  guids_.insert_or_assign(guid, id);
  organizations_.insert_or_assign(
      number_of(id), std::make_shared<Organization>(id, guid, std::move(name), when_created));
}

void Snapshot::remove_organization(OrganizationId id) {
  const SharedOrganization organization = find_organization(id);
  assert(organization != nullptr);
  organization->domains_.for_each([&](const SharedDomain& domain) {
    domains_.erase(domain->name);
    return true;
  });
  organization->connectors_.for_each([&](const SharedConnector& connector) {
    if (connector->type == ConnectorType::on_premises) on_premises_.remove(*connector);
    return true;
  });
  names_.erase(organization->name());
  guids_.erase(organization->guid());
  organizations_.erase(number_of(id));
}

void Snapshot::set_config(OrganizationId id, const OrganizationConfig& config) {
  edit(id).config_ = config;
}

void Snapshot::set_arc_config(OrganizationId id, const ArcConfig& config) {
  edit(id).edit_uncommon().arc_config = config;
}

void Snapshot::set_spoof_protection(OrganizationId id, SharedSpoofProtection protection) {
  edit(id).edit_uncommon().spoof_protection = std::move(protection);
}

void Snapshot::set_spoof_items(OrganizationId id, SharedSpoofItems items) {
  edit(id).edit_uncommon().spoof_items = std::move(items);
}

void Snapshot::set_direct_send_exceptions(OrganizationId id,
                                          SharedDirectSendExceptions exceptions) {
  edit(id).edit_uncommon().direct_send_exceptions = std::move(exceptions);
}

void Snapshot::put_domain(OrganizationId id, AcceptedDomain domain) {
  domain.organization = id;
  auto shared = std::make_shared<const AcceptedDomain>(std::move(domain));
  // First here, where the domain of this name that it replaces is only pointed to.
  domains_.insert_or_assign({shared->name, shared.get(), id});
  edit(id).put_domain(std::move(shared));
}

void Snapshot::remove_domain(OrganizationId id, std::string_view name) {
  domains_.erase(name);
  edit(id).remove_domain(name);
}

void Snapshot::put_recipient(OrganizationId id, const Recipient& recipient) {
  Organization& organization = edit(id);
  organization.recipients_.insert_or_assign(Text(recipient.address), NameList(recipient.aliases));
  for (const std::string& alias : recipient.aliases) {
    organization.aliases_.insert_or_assign(Text(alias), Text(recipient.address));
  }
}

void Snapshot::remove_recipient(OrganizationId id, std::string_view address) {
  Organization& organization = edit(id);
  const NameList* const aliases = organization.recipients_.find(address);
  assert(aliases != nullptr);
  for (const std::string_view alias : *aliases) organization.aliases_.erase(alias);
  organization.recipients_.erase(address);
}

void Snapshot::put_connectors(OrganizationId id, std::vector<InboundConnector> connectors) {
  Organization& organization = edit(id);
  std::vector<const InboundConnector*> added;
  added.reserve(connectors.size());
  for (InboundConnector& connector : connectors) {
    assert(organization.connectors_.find(connector.name.view()) == nullptr);
    connector.organization = id;
    auto shared = std::make_shared<const InboundConnector>(std::move(connector));
    added.push_back(shared.get());
    if (shared->type == ConnectorType::on_premises) on_premises_.insert(*shared);
    organization.connectors_.insert_or_assign(std::move(shared));
  }
  organization.index_.insert(added);
}

void Snapshot::remove_connector(OrganizationId id, std::string_view name) {
  Organization& organization = edit(id);
  const SharedConnector* const found = organization.connectors_.find(name);
  assert(found != nullptr);
  const SharedConnector connector = *found;
  organization.index_.remove(*connector);
  if (connector->type == ConnectorType::on_premises) on_premises_.remove(*connector);
  organization.connectors_.erase(name);
}

}  // namespace postern::directory
