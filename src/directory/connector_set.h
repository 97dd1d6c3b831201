// A few connectors under one key of an index. Nearly always it is one, so one costs no more
// than a pointer; only more of them need a list of their own.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "directory/objects.h"

namespace postern::directory {

class ConnectorSet {
 public:
  ConnectorSet() = default;
  ConnectorSet(const ConnectorSet& other) { assign(other.values()); }
  ConnectorSet(ConnectorSet&& other) noexcept : one_(std::exchange(other.one_, nullptr)) {}
  ConnectorSet& operator=(ConnectorSet other) noexcept {
    std::swap(one_, other.one_);
    return *this;
  }
  ~ConnectorSet() { delete many(); }

  /// In no order.
  std::span<const InboundConnector* const> values() const {
    if (const List* list = many()) return *list;
    return {&one_, one_ == nullptr ? 0u : 1u};
  }
  bool empty() const { return one_ == nullptr; }

  /// A connector may name a key twice; it is there once.
  void insert(const InboundConnector& connector) {
    if (empty()) {
      one_ = &connector;
      return;
    }
    const auto there = values();
    if (std::ranges::find(there, &connector) != there.end()) return;
    List next(there.begin(), there.end());
    next.push_back(&connector);
    assign(next);
  }
  void erase(const InboundConnector& connector) {
    List next;
    for (const InboundConnector* other : values()) {
      if (other != &connector) next.push_back(other);
    }
    assign(next);
  }

 private:
  using List = std::vector<const InboundConnector*>;
  static constexpr std::uintptr_t list_mark = 1;
  static_assert(alignof(InboundConnector) > list_mark && alignof(List) > list_mark);

  // The lowest bit of `one_` tells that it is not a connector but a List in disguise.
  List* many() const {
    const auto bits = reinterpret_cast<std::uintptr_t>(one_);
    return bits & list_mark ? reinterpret_cast<List*>(bits & ~list_mark) : nullptr;
  }
  void assign(std::span<const InboundConnector* const> connectors) {
    const InboundConnector* next = nullptr;
    if (connectors.size() == 1) {
      next = connectors.front();
    } else if (connectors.size() > 1) {
      auto* list = new List(connectors.begin(), connectors.end());
      next = reinterpret_cast<const InboundConnector*>(reinterpret_cast<std::uintptr_t>(list) |
                                                       list_mark);
    }
    delete many();
    one_ = next;
  }

  const InboundConnector* one_ = nullptr;
};

}  // namespace postern::directory
