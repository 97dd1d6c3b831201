#include "admin/list_parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "base/ascii.h"

namespace postern::admin {
namespace {

/// The list that a parameter makes of the one there is: all new, or with Add and Remove.
Result<std::vector<std::string>> changed_list(
    const Call& call, std::string_view parameter, std::vector<std::string> present,
    const std::function<Result<std::string>(const std::string&)>& normalize) {
  const Value& given = *call.arguments.find(parameter);
  const auto read = [&](const Value* value) -> Result<std::vector<std::string>> {
    std::vector<std::string> texts;
    if (const List* items = value == nullptr ? nullptr : value->get<List>()) {
      for (const Value& item : *items) {
        Result<std::string> text = normalize(item.to_text());
        if (!text) return fail(fmt::format("{}: {}", parameter, text.error().message));
        texts.push_back(std::move(*text));
      }
    }
    return texts;
  };
  const Object* changes = given.get<Object>();
  if (changes == nullptr) return read(&given);

  const auto added = read(changes->find("Add"));
  if (!added) return added;
  const auto removed = read(changes->find("Remove"));
  if (!removed) return removed;
  std::erase_if(present, [&](const std::string& text) {
    return std::ranges::find(*removed, text) != removed->end();
  });
  for (const std::string& text : *added) {
    if (std::ranges::find(present, text) == present.end()) present.push_back(text);
  }
  return present;
}

Result<std::string> normal_prefix(const std::string& text) {
  const auto prefix = IpPrefix::parse(trim(text));
  if (!prefix) {
    return fail(text + " is not an IP address or a prefix such as 192.0.2.0/24.");
  }
  return prefix->to_string();
}

}  // namespace

Result<void> apply_list(const Call& call, std::string_view parameter, directory::NameList& list,
                        Result<std::string> (*normalize)(const std::string&)) {
  if (!call.has(parameter)) return {};
  const auto changed = changed_list(call, parameter, list.to_vector(), normalize);
  if (!changed) return std::unexpected(changed.error());
  list = directory::NameList(*changed);
  return {};
}

Result<void> apply_prefixes(const Call& call, std::string_view parameter,
                            directory::CompactList<IpPrefix>& prefixes) {
  if (!call.has(parameter)) return {};
  std::vector<std::string> present;
  for (const IpPrefix& prefix : prefixes) present.push_back(prefix.to_string());
  const auto changed = changed_list(call, parameter, std::move(present), normal_prefix);
  if (!changed) return std::unexpected(changed.error());
  std::vector<IpPrefix> read;
  for (const std::string& text : *changed) read.push_back(*IpPrefix::parse(text));
  prefixes = directory::CompactList<IpPrefix>(read);
  return {};
}

}  // namespace postern::admin
