#include "store/spoof_item_rows.h"

#include <map>
#include <stdexcept>
#include <string>

namespace postern::store {
namespace {

using namespace directory;

Time time_of(std::int64_t number) {
  return Time(std::chrono::microseconds(number));
}
std::int64_t number_of(Time time) {
  return time.time_since_epoch().count();
}
std::int64_t number_of(OrganizationId id) {
  return static_cast<std::int64_t>(id);
}

template <class T>
T known(const std::optional<T>& value, std::string_view what, std::string_view text) {
  if (!value)
    throw std::runtime_error("the " + std::string(what) + " of a spoofed sender is " +
                             std::string(text));
  return *value;
}

SpoofItem read_item(const Statement& row) {
  SpoofItem item;
  item.guid = known(Guid::parse(row.text(1)), "GUID", row.text(1));
  item.action = known(parse_spoof_item_action(row.text(2)), "action", row.text(2));
  item.type = known(parse_spoof_type(row.text(3)), "type", row.text(3));
  item.spoofed_user = row.text(4);
  item.sending_infrastructure = row.text(5);
  if (!row.is_null(6)) item.expires = time_of(row.number(6));
  item.when_created = time_of(row.number(7));
  item.when_changed = time_of(row.number(8));
  return item;
}

}  // namespace

void load_spoof_items(Database& database, Snapshot& snapshot) {
  std::map<std::int64_t, std::vector<SpoofItem>> found;
  auto rows = database.prepare(
      "SELECT organization, guid, action, type, spoofed_user, sending_infrastructure, expires, "
      "when_created, when_changed FROM spoof_item ORDER BY organization, when_created, guid");
  while (rows.step()) found[rows.number(0)].push_back(read_item(rows));
  for (auto& [organization, items] : found) {
    snapshot.set_spoof_items(OrganizationId{static_cast<std::uint32_t>(organization)},
                             std::make_shared<const SpoofItems>(std::move(items)));
  }
}

void put_spoof_item(Database& database, OrganizationId id, const SpoofItem& item) {
  auto insert = database.prepare(
      "INSERT OR REPLACE INTO spoof_item (organization, guid, action, type, spoofed_user, "
      "sending_infrastructure, expires, when_created, when_changed) VALUES (?, ?, ?, ?, ?, ?, ?, "
      "?, ?)");
  insert.bind(1, number_of(id))
      .bind(2, item.guid.to_string())
      .bind(3, to_string(item.action))
      .bind(4, to_string(item.type))
      .bind(5, item.spoofed_user)
      .bind(6, item.sending_infrastructure)
      .bind(8, number_of(item.when_created))
      .bind(9, number_of(item.when_changed));
  if (item.expires) {
    insert.bind(7, number_of(*item.expires));
  } else {
    insert.bind_null(7);
  }
  insert.run();
}

void delete_spoof_item(Database& database, OrganizationId id, const Guid& guid) {
  database.prepare("DELETE FROM spoof_item WHERE organization = ? AND guid = ?")
      .bind(1, number_of(id))
      .bind(2, guid.to_string())
      .run();
}

}  // namespace postern::store
