// Values by IP prefix, with the questions that routers ask: which prefixes have this address in
// them, the longest first; and what lies inside this prefix?
//
// A binary tree over the bits of the address, where a node stands for a whole run of bits
// (a path-compressed radix tree, as Sklower's for BSD). With 10.0.0.0/8, 10.1.0.0/24 and
// 10.1.0.128/25 in it:
//
//   10.0.0.0/8 -> 10.1.0.0/24 -> 10.1.0.128/25
//
// and adding 10.2.0.0/16 puts a node without a value, 10.0.0.0/14, where the two ways part. So
// there are at most twice as many nodes as prefixes, and a lookup passes at most one node a bit.
//
// Like PersistentMap, a copy costs one pointer and shares all nodes; a change copies the way from
// the root to the prefix, unless nobody else shares it.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <utility>

#include "base/ip_address.h"
#include "directory/ip_bits.h"

namespace postern::directory {

/// The tree for addresses of one family; `Bits` is an unsigned number as wide as they are.
template <class Bits, class Value>
class BitTree {
 public:
  static constexpr unsigned width = bit_width<Bits>;

  BitTree() = default;
  BitTree(const BitTree& other) : root_(share(other.root_)) {}
  BitTree(BitTree&& other) noexcept : root_(std::exchange(other.root_, nullptr)) {}
  BitTree& operator=(BitTree other) noexcept {
    std::swap(root_, other.root_);
    return *this;
  }
  ~BitTree() { release(root_); }

  const Value* find(Bits bits, unsigned length) const {
    const Node* node = root_;
    while (node != nullptr && node->length < length && node->covers(bits)) node = node->child(bits);
    const bool found =
        node != nullptr && node->filled && node->length == length && node->bits == bits;
    return found ? &node->value : nullptr;
  }

  /// The value of this prefix for changing, made if it is not there.
  Value& edit(Bits bits, unsigned length) {
    Node** slot = &root_;
    while (true) {
      if (*slot == nullptr) {
        *slot = new Node(bits, length);
        (*slot)->filled = true;
        return (*slot)->value;
      }
      const unsigned common =
          common_length((*slot)->bits, bits, std::min<unsigned>((*slot)->length, length));
      if (common < (*slot)->length) {
        // The ways part inside the run of bits of this node, or end there.
        Node* fork = new Node(bits & mask(common), common);
        fork->children[bit((*slot)->bits, common)] = *slot;
        *slot = fork;
      }
      unshare(*slot);
      Node& node = **slot;
      if (node.length == length) {
        node.filled = true;
        return node.value;
      }
      slot = &node.children[bit(bits, node.length)];
    }
  }

  /// Nothing happens if it is not there.
  void erase(Bits bits, unsigned length) {
    if (find(bits, length) != nullptr) erase_from(root_, bits, length);
  }

  /// `use(bits, length, value)` for every prefix that has the first `length` bits of `bits` in
  /// it, shortest first, and which may be equal. `use` returns whether to go on.
  template <class Use>
  bool for_each_covering(Bits bits, unsigned length, Use&& use) const {
    const Node* node = root_;
    while (node != nullptr && node->length <= length && node->covers(bits)) {
      if (node->filled && !use(node->bits, node->length, node->value)) return false;
      if (node->length == width) break;
      node = node->child(bits);
    }
    return true;
  }

  /// For every prefix inside this one, which may be equal.
  template <class Use>
  bool for_each_within(Bits bits, unsigned length, Use&& use) const {
    const Node* node = root_;
    while (node != nullptr && node->length < length && node->covers(bits)) node = node->child(bits);
    if (node == nullptr || node->length < length || (node->bits & mask(length)) != bits)
      return true;
    return for_each(*node, use);
  }

 private:
  struct Node {
    Node(Bits its_bits, unsigned its_length)
        : length(static_cast<std::uint8_t>(its_length)), bits(its_bits) {}
    Node(const Node& other)
        : length(other.length),
          filled(other.filled),
          bits(other.bits),
          children{share(other.children[0]), share(other.children[1])},
          value(other.value) {}

    bool covers(Bits others) const { return (others & mask(length)) == bits; }
    const Node* child(Bits others) const { return children[bit(others, length)]; }

    std::atomic<std::uint32_t> owners{1};
    std::uint8_t length;
    bool filled = false;  // else just a fork
    Bits bits;            // zero beyond `length`
    std::array<Node*, 2> children{};
    Value value{};
  };

  static Bits mask(unsigned length) { return prefix_mask<Bits>(length); }
  static unsigned bit(Bits bits, unsigned index) {
    return static_cast<unsigned>(bits >> (width - 1 - index)) & 1u;
  }
  static unsigned common_length(Bits a, Bits b, unsigned limit) {
    const Bits different = a ^ b;
    unsigned common = 0;
    if constexpr (width > 64) {
      const auto high = static_cast<std::uint64_t>(different >> 64);
      const auto low = static_cast<std::uint64_t>(different);
      common =
          static_cast<unsigned>(high != 0 ? std::countl_zero(high) : 64 + std::countl_zero(low));
    } else {
      common = static_cast<unsigned>(std::countl_zero(different));
    }
    return std::min(common, limit);
  }

  static Node* share(Node* node) {
    if (node != nullptr) node->owners.fetch_add(1, std::memory_order_relaxed);
    return node;
  }
  static void release(Node* node) {
    if (node == nullptr || node->owners.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    for (Node* child : node->children) release(child);
    delete node;
  }
  static void unshare(Node*& slot) {
    if (slot->owners.load(std::memory_order_acquire) == 1) return;
    Node* const copy = new Node(*slot);
    release(slot);
    slot = copy;
  }

  static void erase_from(Node*& slot, Bits bits, unsigned length) {
    unshare(slot);
    Node* const node = slot;
    if (node->length == length) {
      node->filled = false;
      node->value = Value{};
    } else {
      erase_from(node->children[bit(bits, node->length)], bits, length);
    }
    // A node without a value is there for two ways or not at all.
    if (node->filled || (node->children[0] != nullptr && node->children[1] != nullptr)) return;
    slot = node->children[node->children[0] == nullptr ? 1 : 0];
    node->children = {};
    release(node);
  }

  template <class Use>
  static bool for_each(const Node& node, Use& use) {
    if (node.filled && !use(node.bits, node.length, node.value)) return false;
    for (const Node* child : node.children) {
      if (child != nullptr && !for_each(*child, use)) return false;
    }
    return true;
  }

  Node* root_ = nullptr;
};

/// Both families.
template <class Value>
class PrefixTree {
 public:
  const Value* find(const IpPrefix& prefix) const {
    const IpAddress& network = prefix.network();
    return network.is_v4() ? v4_.find(to_v4_bits(network), prefix.length())
                           : v6_.find(to_v6_bits(network), prefix.length());
  }
  /// For changing; made if it is not there.
  Value& edit(const IpPrefix& prefix) {
    const IpAddress& network = prefix.network();
    return network.is_v4() ? v4_.edit(to_v4_bits(network), prefix.length())
                           : v6_.edit(to_v6_bits(network), prefix.length());
  }
  void erase(const IpPrefix& prefix) {
    const IpAddress& network = prefix.network();
    if (network.is_v4()) {
      v4_.erase(to_v4_bits(network), prefix.length());
    } else {
      v6_.erase(to_v6_bits(network), prefix.length());
    }
  }

  /// `use(prefix, value)` for each prefix that has all of `inner` in it, shortest first; `use`
  /// returns whether to go on. False: it did not.
  template <class Use>
  bool for_each_covering(const IpPrefix& inner, Use&& use) const {
    const IpAddress& network = inner.network();
    if (network.is_v4()) {
      return v4_.for_each_covering(to_v4_bits(network), inner.length(), with_prefix(use));
    }
    return v6_.for_each_covering(to_v6_bits(network), inner.length(), with_prefix(use));
  }
  /// For each prefix inside `outer`, which may be equal.
  template <class Use>
  bool for_each_within(const IpPrefix& outer, Use&& use) const {
    const IpAddress& network = outer.network();
    if (network.is_v4()) {
      return v4_.for_each_within(to_v4_bits(network), outer.length(), with_prefix(use));
    }
    return v6_.for_each_within(to_v6_bits(network), outer.length(), with_prefix(use));
  }

 private:
  template <class Use>
  static auto with_prefix(Use& use) {
    return [&use](auto bits, unsigned length, const Value& value) {
      return use(IpPrefix(to_address(bits), length), value);
    };
  }

  BitTree<V4Bits, Value> v4_;
  BitTree<V6Bits, Value> v6_;
};

}  // namespace postern::directory
