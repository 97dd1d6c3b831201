#include "store/directory_store.h"

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "base/ascii.h"
#include "base/encoding.h"
#include "base/time.h"
#include "directory/spoof_validation.h"
#include "directory/validation.h"
#include "mail/domain_name.h"
#include "store/direct_send_exception_rows.h"
#include "store/directory_rows.h"
#include "store/spoof_item_rows.h"
#include "store/spoof_rows.h"
#include "store/sqlite.h"

namespace postern::store {
namespace {

using namespace directory;

Guid new_guid() {
  return Guid::parse(random_uuid()).value();
}

/// A recipient in a domain that its organization does not accept (any more); empty: none.
std::string find_orphan(const Snapshot& snapshot, OrganizationId id) {
  const SharedOrganization organization = snapshot.find_organization(id);
  std::string orphan;
  const auto is_orphan = [&](const std::string& address) {
    const auto owner =
        snapshot.find_domain(std::string_view(address).substr(address.rfind('@') + 1));
    return !owner || owner.organization->id() != id;
  };
  organization->for_each_recipient([&](const Recipient& recipient) {
    if (is_orphan(recipient.address)) orphan = recipient.address;
    for (const std::string& alias : recipient.aliases) {
      if (orphan.empty() && is_orphan(alias)) orphan = alias;
    }
    return orphan.empty();
  });
  return orphan;
}

class SqliteDirectoryStore final : public DirectoryStore {
 public:
  SqliteDirectoryStore(Database database, Snapshot snapshot) : database_(std::move(database)) {
    holder_.store(std::make_shared<const Snapshot>(std::move(snapshot)));
  }

  SharedSnapshot snapshot() const override { return holder_.load(); }

  Result<SharedOrganization> new_organization(const std::string& name) override {
    return change<SharedOrganization>([&](Snapshot& next) -> Result<SharedOrganization> {
      if (auto checked = check_name("Name", name); !checked)
        return std::unexpected(checked.error());
      if (const auto there = next.find_organization(name); there && iequals(there->name(), name)) {
        return fail("Name: there is an organization " + there->name() + " already.");
      }
      const Guid guid = new_guid();
      const Time when_created = now();
      const OrganizationId id = insert_organization(database_, guid, name, when_created);
      next.put_organization(id, guid, name, when_created);
      return next.find_organization(id);
    });
  }

  Result<void> remove_organization(std::string_view organization) override {
    return change_of<void>(organization,
                           [&](Snapshot& next, const Organization& there) -> Result<void> {
                             delete_organization(database_, there.id());
                             next.remove_organization(there.id());
                             return {};
                           });
  }

  Result<void> set_organization_config(std::string_view organization,
                                       const Edit<OrganizationConfig>& edit) override {
    return change_of<void>(organization,
                           [&](Snapshot& next, const Organization& there) -> Result<void> {
                             OrganizationConfig config = there.config();
                             edit(config);
                             const auto checked = check_config(std::move(config));
                             if (!checked) return std::unexpected(checked.error());
                             update_config(database_, there.id(), *checked);
                             next.set_config(there.id(), *checked);
                             return {};
                           });
  }

  Result<void> set_arc_config(std::string_view organization, const Edit<ArcConfig>& edit) override {
    return change_of<void>(organization,
                           [&](Snapshot& next, const Organization& there) -> Result<void> {
                             ArcConfig config = there.arc_config();
                             edit(config);
                             auto checked = check_arc_config(config);
                             if (!checked) return std::unexpected(checked.error());
                             update_arc_config(database_, there.id(), *checked);
                             next.set_arc_config(there.id(), *checked);
                             return {};
                           });
  }

  Result<void> set_spoof_protection(
      std::string_view organization,
      const std::function<Result<void>(SpoofProtection&)>& edit) override {
    return change_of<void>(
        organization, [&](Snapshot& next, const Organization& there) -> Result<void> {
          SpoofProtection protection = *there.spoof_protection();
          if (auto edited = edit(protection); !edited) return edited;
          auto checked = check_spoof_protection(std::move(protection));
          if (!checked) return std::unexpected(checked.error());
          write_spoof_protection(database_, there.id(), *checked);
          next.set_spoof_protection(there.id(),
                                    std::make_shared<const SpoofProtection>(*std::move(checked)));
          return {};
        });
  }

  Result<SpoofItem> new_spoof_item(std::string_view organization, SpoofItem item) override {
    return change_of<SpoofItem>(
        organization, [&](Snapshot& next, const Organization& there) -> Result<SpoofItem> {
          item.guid = new_guid();
          item.when_created = now();
          item.when_changed = item.when_created;
          std::vector<SpoofItem> items;
          for (const SpoofItem& one : there.spoof_items()->items()) {
            if (one.is_expired(item.when_created)) {
              delete_spoof_item(database_, there.id(), one.guid);
            } else {
              items.push_back(one);
            }
          }
          next.set_spoof_items(there.id(), std::make_shared<const SpoofItems>(items));
          auto checked =
              check_spoof_item(std::move(item), next, *next.peek_organization(there.id()));
          if (!checked) return checked;
          put_spoof_item(database_, there.id(), *checked);
          items.push_back(*checked);
          next.set_spoof_items(there.id(), std::make_shared<const SpoofItems>(std::move(items)));
          return checked;
        });
  }

  Result<void> set_spoof_items(std::string_view organization, const std::vector<Guid>& guids,
                               SpoofItemAction action) override {
    return change_of<void>(
        organization, [&](Snapshot& next, const Organization& there) -> Result<void> {
          const auto before = there.spoof_items()->items();
          std::vector<SpoofItem> items(before.begin(), before.end());
          for (const Guid& guid : guids) {
            const auto item = std::ranges::find(items, guid, &SpoofItem::guid);
            if (item == items.end()) return no_spoof_item(there, guid);
            item->action = action;
            item->when_changed = now();
            put_spoof_item(database_, there.id(), *item);
          }
          next.set_spoof_items(there.id(), std::make_shared<const SpoofItems>(std::move(items)));
          return {};
        });
  }

  Result<void> remove_spoof_items(std::string_view organization,
                                  const std::vector<Guid>& guids) override {
    return change_of<void>(
        organization, [&](Snapshot& next, const Organization& there) -> Result<void> {
          const auto before = there.spoof_items()->items();
          std::vector<SpoofItem> items(before.begin(), before.end());
          for (const Guid& guid : guids) {
            if (std::erase_if(items, [&](const SpoofItem& one) { return one.guid == guid; }) == 0)
              return no_spoof_item(there, guid);
            delete_spoof_item(database_, there.id(), guid);
          }
          next.set_spoof_items(there.id(), std::make_shared<const SpoofItems>(std::move(items)));
          return {};
        });
  }

  Result<DirectSendException> new_direct_send_exception(std::string_view organization,
                                                        DirectSendException exception,
                                                        Force force) override {
    return change_of<DirectSendException>(
        organization,
        [&](Snapshot& next, const Organization& there) -> Result<DirectSendException> {
          exception.guid = new_guid();
          exception.when_created = exception.when_changed = now();
          auto checked = check_direct_send_exception(std::move(exception), there, nullptr, force);
          if (checked) write_exception(next, there, *checked);
          return checked;
        });
  }

  Result<void> set_direct_send_exception(std::string_view organization, std::string_view identity,
                                         const Edit<DirectSendException>& edit,
                                         Force force) override {
    return change_of<void>(
        organization, [&](Snapshot& next, const Organization& there) -> Result<void> {
          const DirectSendException* const before = find_exception(there, identity);
          if (before == nullptr) return no_exception(there, identity);
          DirectSendException after = *before;
          edit(after);
          after.guid = before->guid;
          after.when_created = before->when_created;
          after.when_changed = now();
          const auto checked = check_direct_send_exception(std::move(after), there, before, force);
          if (!checked) return std::unexpected(checked.error());
          write_exception(next, there, *checked);
          return {};
        });
  }

  Result<void> remove_direct_send_exception(std::string_view organization,
                                            std::string_view identity) override {
    return change_of<void>(
        organization, [&](Snapshot& next, const Organization& there) -> Result<void> {
          const DirectSendException* const exception = find_exception(there, identity);
          if (exception == nullptr) return no_exception(there, identity);
          delete_direct_send_exception(database_, there.id(), exception->guid);
          put_exceptions(next, there, others_than(there, exception->guid));
          return {};
        });
  }

  Result<AcceptedDomain> new_accepted_domain(std::string_view organization,
                                             AcceptedDomain domain) override {
    return change_of<AcceptedDomain>(
        organization, [&](Snapshot& next, const Organization& there) -> Result<AcceptedDomain> {
          auto checked = check_domain(std::move(domain));
          if (!checked) return checked;
          if (const auto owner = next.find_domain(checked->name);
              owner && owner.domain->name == checked->name) {
            return fail("DomainName: " + checked->name + " is an accepted domain of " +
                        owner.organization->name() + " already.");
          }
          if (there.domain_count() >= max_accepted_domains) {
            return fail("DomainName: an organization has at most " +
                        std::to_string(max_accepted_domains) + " accepted domains.");
          }
          if (there.domain_count() == 0) checked->is_default = true;
          write_domain(next, there, *checked);
          return checked;
        });
  }

  Result<void> set_accepted_domain(std::string_view organization, std::string_view name,
                                   const Edit<AcceptedDomain>& edit) override {
    return change_of<void>(
        organization, [&](Snapshot& next, const Organization& there) -> Result<void> {
          const AcceptedDomain* const before = find_domain(there, name);
          if (before == nullptr) return no_domain(there, name);
          AcceptedDomain after = *before;
          edit(after);
          after.name = before->name;
          auto checked = check_domain(std::move(after));
          if (!checked) return std::unexpected(checked.error());
          if (before->is_default && !checked->is_default) {
            return fail("Default: make another domain the default instead.");
          }
          const bool loses_sub_domains = before->match_sub_domains && !checked->match_sub_domains;
          write_domain(next, there, *checked);
          if (loses_sub_domains) {
            if (const std::string orphan = find_orphan(next, there.id()); !orphan.empty()) {
              return fail("MatchSubDomains: " + orphan + " needs it; remove that recipient first.");
            }
          }
          return {};
        });
  }

  Result<void> remove_accepted_domain(std::string_view organization,
                                      std::string_view name) override {
    return change_of<void>(
        organization, [&](Snapshot& next, const Organization& there) -> Result<void> {
          const AcceptedDomain* const domain = find_domain(there, name);
          if (domain == nullptr) return no_domain(there, name);
          const std::string removed = domain->name;
          if (domain->is_default && there.domain_count() > 1) {
            return fail("The accepted domain " + removed +
                        " is the default; make another one the default first.");
          }
          for (const SharedConnector& connector : there.connectors()) {
            if (connector->associated_accepted_domains.contains(removed)) {
              return fail("The accepted domain " + removed +
                          " is among the AssociatedAcceptedDomains of the connector " +
                          connector->name.str() + ".");
            }
          }
          delete_domain(database_, removed);
          next.remove_domain(there.id(), removed);
          if (const std::string orphan = find_orphan(next, there.id()); !orphan.empty()) {
            return fail("The accepted domain " + removed + " still has recipients, such as " +
                        orphan + "; remove them first.");
          }
          return {};
        });
  }

  Result<Recipient> new_recipient(std::string_view organization, Recipient recipient) override {
    return change_of<Recipient>(
        organization, [&](Snapshot& next, const Organization& there) -> Result<Recipient> {
          auto checked = check_recipient(std::move(recipient), next, there);
          if (!checked) return checked;
          auto insert = prepare_recipient_insert(database_);
          insert_recipient(insert, there.id(), *checked);
          next.put_recipient(there.id(), *checked);
          return checked;
        });
  }

  Result<void> remove_recipient(std::string_view organization, std::string_view address) override {
    return change_of<void>(
        organization, [&](Snapshot& next, const Organization& there) -> Result<void> {
          const auto wanted = check_address(address);
          const auto recipient = wanted ? there.find_recipient(*wanted) : std::nullopt;
          if (!recipient) {
            return fail(there.name() + " has no recipient " + std::string(address) + ".");
          }
          delete_recipient(database_, there.id(), recipient->address);
          next.remove_recipient(there.id(), recipient->address);
          return {};
        });
  }

  Result<ImportSummary> import_recipients(std::string_view organization,
                                          const std::vector<Recipient>& recipients) override {
    return change_of<ImportSummary>(
        organization, [&](Snapshot& next, const Organization& there) -> Result<ImportSummary> {
          ImportSummary summary;
          auto insert = prepare_recipient_insert(database_);
          for (const Recipient& recipient : recipients) {
            const auto address = check_address(recipient.address);
            // Of `next`, which may have got it a moment ago; not held, so that it can be changed in
            // place.
            const auto before = address
                                    ? next.find_organization(there.id())->find_recipient(*address)
                                    : std::nullopt;
            if (before && before->address == *address && recipient.aliases.empty()) {
              ++summary.unchanged;
              continue;
            }
            auto checked = check_recipient(recipient, next, *next.find_organization(there.id()));
            if (!checked) return std::unexpected(checked.error());
            insert_recipient(insert, there.id(), *checked);
            next.put_recipient(there.id(), *checked);
            ++summary.added;
          }
          return summary;
        });
  }

  Result<SharedConnector> new_inbound_connector(std::string_view organization,
                                                InboundConnector connector, Force force) override {
    return change_of<SharedConnector>(
        organization, [&](Snapshot& next, const Organization& there) -> Result<SharedConnector> {
          connector.guid = new_guid();
          connector.when_created = now();
          connector.when_changed = connector.when_created;
          auto checked = check_connector(std::move(connector), next, there, nullptr, force);
          if (!checked) return std::unexpected(checked.error());
          const std::string name = checked->name.str();
          auto put = prepare_connector_put(database_);
          put_connector(put, there.id(), *checked);
          next.put_connectors(there.id(), {*checked});
          return next.find_organization(there.id())->find_connector(name);
        });
  }

  Result<void> set_inbound_connector(std::string_view organization, std::string_view identity,
                                     const Edit<InboundConnector>& edit, Force force) override {
    return change_of<void>(
        organization, [&](Snapshot& next, const Organization& there) -> Result<void> {
          const SharedConnector before = there.find_connector(identity);
          if (before == nullptr) return no_connector(there, identity);
          InboundConnector after = *before;
          edit(after);
          after.guid = before->guid;
          after.when_created = before->when_created;
          after.when_changed = now();
          auto checked = check_connector(std::move(after), next, there, before.get(), force);
          if (!checked) return std::unexpected(checked.error());
          auto put = prepare_connector_put(database_);
          put_connector(put, there.id(), *checked);
          next.remove_connector(there.id(), before->name);
          next.put_connectors(there.id(), {*checked});
          return {};
        });
  }

  Result<void> remove_inbound_connector(std::string_view organization,
                                        std::string_view identity) override {
    return change_of<void>(organization,
                           [&](Snapshot& next, const Organization& there) -> Result<void> {
                             const SharedConnector connector = there.find_connector(identity);
                             if (connector == nullptr) return no_connector(there, identity);
                             delete_connector(database_, there.id(), connector->guid);
                             next.remove_connector(there.id(), connector->name);
                             return {};
                           });
  }

 private:
  /// Makes one change: `make(next)` writes rows and edits the copy that comes into force once
  /// the rows are committed. An error of it undoes both.
  template <class T, class Make>
  Result<T> change(const Make& make) {
    const std::lock_guard lock(writer_);
    try {
      Snapshot next = *holder_.load();
      SqliteTransaction transaction(database_);
      Result<T> result = make(next);
      if (!result) return result;
      next.set_revision(next.revision() + 1);
      update_revision(database_, next.revision());
      auto shared = std::make_shared<const Snapshot>(std::move(next));
      transaction.commit();
      holder_.store(std::move(shared));
      return result;
    } catch (const SqliteError& error) {
      return fail(std::string("The directory cannot be written: ") + error.what() + ".");
    }
  }

  /// The same, for an organization that must be there. `make(next, there)`: `there` is the
  /// organization before the change.
  template <class T, class Make>
  Result<T> change_of(std::string_view organization, const Make& make) {
    return change<T>([&](Snapshot& next) -> Result<T> {
      const SharedOrganization there = next.find_organization(organization);
      if (there == nullptr)
        return fail("There is no organization " + std::string(organization) + ".");
      return make(next, *there);
    });
  }

  void write_domain(Snapshot& next, const Organization& there, const AcceptedDomain& domain) {
    const AcceptedDomain* const before = there.default_domain();
    if (domain.is_default && before != nullptr && before->name != domain.name) {
      AcceptedDomain other = *before;
      other.is_default = false;
      put_domain(database_, there.id(), other);
      next.put_domain(there.id(), other);
    }
    put_domain(database_, there.id(), domain);
    next.put_domain(there.id(), domain);
  }

  static const DirectSendException* find_exception(const Organization& organization,
                                                   std::string_view identity) {
    const SharedDirectSendExceptions& all = organization.direct_send_exceptions();
    return all ? all->find(identity) : nullptr;
  }
  static std::vector<DirectSendException> others_than(const Organization& organization,
                                                      const Guid& guid) {
    std::vector<DirectSendException> others;
    if (const SharedDirectSendExceptions& all = organization.direct_send_exceptions())
      others.assign(all->all().begin(), all->all().end());
    std::erase_if(others, [&](const DirectSendException& one) { return one.guid == guid; });
    return others;
  }
  static void put_exceptions(Snapshot& next, const Organization& there,
                             std::vector<DirectSendException> all) {
    next.set_direct_send_exceptions(
        there.id(),
        all.empty() ? nullptr : std::make_shared<const DirectSendExceptions>(std::move(all)));
  }
  void write_exception(Snapshot& next, const Organization& there,
                       const DirectSendException& exception) {
    put_direct_send_exception(database_, there.id(), exception);
    std::vector<DirectSendException> all = others_than(there, exception.guid);
    all.push_back(exception);
    put_exceptions(next, there, std::move(all));
  }

  static const AcceptedDomain* find_domain(const Organization& organization,
                                           std::string_view name) {
    const auto wanted = mail::to_a_label(name);
    return wanted ? organization.find_domain(*wanted) : nullptr;
  }
  static std::unexpected<Error> no_domain(const Organization& organization, std::string_view name) {
    return fail(organization.name() + " has no accepted domain " + std::string(name) + ".");
  }
  static std::unexpected<Error> no_connector(const Organization& organization,
                                             std::string_view identity) {
    return fail(organization.name() + " has no inbound connector " + std::string(identity) + ".");
  }

  static std::unexpected<Error> no_exception(const Organization& organization,
                                             std::string_view identity) {
    return fail(organization.name() + " has no exception " + std::string(identity) + ".");
  }
  static std::unexpected<Error> no_spoof_item(const Organization& organization, const Guid& guid) {
    return fail(organization.name() + " has no spoofed sender with the Id " + guid.to_string() +
                ".");
  }

  std::mutex writer_;  // held for the whole of a change; guards database_
  Database database_;
  SnapshotHolder holder_;
};

}  // namespace

Result<std::unique_ptr<DirectoryStore>> DirectoryStore::open(const std::string& path) {
  auto database = Database::open(path);
  if (!database) return std::unexpected(database.error());
  if (auto prepared = prepare_directory_tables(*database); !prepared) {
    return std::unexpected(prepared.error());
  }
  try {
    // A cmdlet that has been confirmed must survive a power cut, the RejectDirectSend above all.
    database->execute("PRAGMA synchronous = FULL");
    Snapshot snapshot = load_directory(*database);
    return std::make_unique<SqliteDirectoryStore>(*std::move(database), std::move(snapshot));
  } catch (const std::runtime_error& error) {
    return fail("Cannot read the directory in " + path + ": " + error.what() + ".");
  }
}

Result<std::unique_ptr<DirectoryStore>> DirectoryStore::rehearse(const Snapshot& begin) {
  auto database = Database::open(":memory:");
  if (!database) return std::unexpected(database.error());
  if (auto prepared = prepare_directory_tables(*database); !prepared)
    return std::unexpected(prepared.error());
  try {
    // Rows of what is there already are missing, and nobody reads any: all questions go to the
    // snapshot.
    database->execute("PRAGMA foreign_keys = OFF");
    return std::make_unique<SqliteDirectoryStore>(*std::move(database), begin);
  } catch (const SqliteError& error) {
    return fail(std::string("The change cannot be tried: ") + error.what() + ".");
  }
}

}  // namespace postern::store
