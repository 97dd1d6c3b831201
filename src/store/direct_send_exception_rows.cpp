#include "store/direct_send_exception_rows.h"

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
  if (!value) {
    throw std::runtime_error("the " + std::string(what) +
                             " of an exception of RejectDirectSend is " + std::string(text));
  }
  return *value;
}

DirectSendException read_exception(const Statement& row) {
  DirectSendException exception;
  exception.guid = known(Guid::parse(row.text(1)), "GUID", row.text(1));
  exception.name = row.text(2);
  std::vector<IpPrefix> prefixes;
  for (const std::string_view text : NameList::from_joined(row.text(3)))
    prefixes.push_back(known(IpPrefix::parse(text), "address", text));
  exception.sender_ip_addresses = prefixes;
  exception.sender_certificate_name = row.text(4);
  exception.senders = NameList::from_joined(row.text(5));
  exception.recipients = NameList::from_joined(row.text(6));
  exception.expires = time_of(row.number(7));
  exception.reason = row.text(8);
  exception.when_created = time_of(row.number(9));
  exception.when_changed = time_of(row.number(10));
  return exception;
}

}  // namespace

void load_direct_send_exceptions(Database& database, Snapshot& snapshot) {
  std::map<std::int64_t, std::vector<DirectSendException>> found;
  auto rows = database.prepare(
      "SELECT organization, guid, name, sender_ip_addresses, sender_certificate_name, senders, "
      "recipients, expires, reason, when_created, when_changed FROM direct_send_exception");
  while (rows.step()) found[rows.number(0)].push_back(read_exception(rows));
  for (auto& [organization, exceptions] : found) {
    snapshot.set_direct_send_exceptions(
        OrganizationId{static_cast<std::uint32_t>(organization)},
        std::make_shared<const DirectSendExceptions>(std::move(exceptions)));
  }
}

void put_direct_send_exception(Database& database, OrganizationId id,
                               const DirectSendException& exception) {
  std::vector<std::string> prefixes;
  for (const IpPrefix& prefix : exception.sender_ip_addresses)
    prefixes.push_back(prefix.to_string());
  database
      .prepare(
          "INSERT OR REPLACE INTO direct_send_exception (organization, guid, name, "
          "sender_ip_addresses, sender_certificate_name, senders, recipients, expires, reason, "
          "when_created, when_changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(1, number_of(id))
      .bind(2, exception.guid.to_string())
      .bind(3, exception.name)
      .bind(4, NameList(prefixes).joined())
      .bind(5, exception.sender_certificate_name.view())
      .bind(6, exception.senders.joined())
      .bind(7, exception.recipients.joined())
      .bind(8, number_of(exception.expires))
      .bind(9, exception.reason)
      .bind(10, number_of(exception.when_created))
      .bind(11, number_of(exception.when_changed))
      .run();
}

void delete_direct_send_exception(Database& database, OrganizationId id, const Guid& guid) {
  database.prepare("DELETE FROM direct_send_exception WHERE organization = ? AND guid = ?")
      .bind(1, number_of(id))
      .bind(2, guid.to_string())
      .run();
}

}  // namespace postern::store
