// Values by small numbers, such as the ids that a database gives, most of which are in use. A
// copy costs one pointer, as that of a PersistentMap.
//
// A tree in which every six bits of the number choose one of 64 slots, the highest bits first.
// There is nothing to compare on the way, and neighbours in number share a leaf: the leaves of a
// hundred thousand values together fit into the cache of a processor core, where those of a hash
// trie would not. The levels above the numbers in use have one child each, which is always in the
// cache.
//
// Arrays that share nodes may be used by several threads; one array is like any other object.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace postern::directory {

/// `Value{}` means that nothing is there; a Value converts to bool to tell.
template <class Value>
class PersistentArray {
 public:
  PersistentArray() = default;
  PersistentArray(const PersistentArray& other) : root_(share(other.root_)), size_(other.size_) {}
  PersistentArray(PersistentArray&& other) noexcept
      : root_(std::exchange(other.root_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  PersistentArray& operator=(PersistentArray other) noexcept {
    std::swap(root_, other.root_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~PersistentArray() { release(root_, top_level); }

  std::size_t size() const { return size_; }

  /// Null: none. Valid until this array changes and all arrays that share the node are gone.
  const Value* find(std::uint32_t number) const {
    const Node* node = root_;
    for (unsigned level = top_level; level > 0 && node != nullptr; --level) {
      node = static_cast<const Fork*>(node)->children[slot(number, level)];
    }
    if (node == nullptr) return nullptr;
    const Value& value = static_cast<const Leaf*>(node)->values[slot(number, 0)];
    return value ? &value : nullptr;
  }

  /// For changing. Null: none. Valid until the next copy or change.
  Value* edit(std::uint32_t number) {
    return find(number) == nullptr ? nullptr : &make(root_, top_level, number);
  }

  void insert_or_assign(std::uint32_t number, Value value) {
    if (find(number) == nullptr) ++size_;
    make(root_, top_level, number) = std::move(value);
  }

  /// False: was not there.
  bool erase(std::uint32_t number) {
    if (find(number) == nullptr) return false;
    erase_from(root_, top_level, number);
    --size_;
    return true;
  }

  /// In the order of numbers. `use(value)` returns whether to go on.
  template <class Use>
  bool for_each(Use&& use) const {
    return for_each(root_, top_level, use);
  }

 private:
  static constexpr unsigned slot_bits = 6;
  static constexpr std::size_t slots = 1 << slot_bits;
  static constexpr unsigned top_level = 5;  // six levels of six bits have all 32 in them

  struct Node {
    std::atomic<std::uint32_t> owners{1};
  };
  struct Fork : Node {
    std::array<Node*, slots> children{};
  };
  struct Leaf : Node {
    std::array<Value, slots> values{};
  };

  static std::size_t slot(std::uint32_t number, unsigned level) {
    return (number >> slot_bits * level) % slots;
  }

  static Node* share(Node* node) {
    if (node != nullptr) node->owners.fetch_add(1, std::memory_order_relaxed);
    return node;
  }
  static void release(Node* node, unsigned level) {
    if (node == nullptr || node->owners.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    if (level == 0) {
      delete static_cast<Leaf*>(node);
      return;
    }
    for (Node* child : static_cast<Fork*>(node)->children) release(child, level - 1);
    delete static_cast<Fork*>(node);
  }

  /// Makes the node in `slot` ours alone: made, copied, or left as it is.
  static void own(Node*& slot, unsigned level) {
    if (slot != nullptr && slot->owners.load(std::memory_order_acquire) == 1) return;
    Node* const before = slot;
    if (level == 0) {
      auto* const leaf = new Leaf;
      if (before != nullptr) leaf->values = static_cast<Leaf*>(before)->values;
      slot = leaf;
    } else {
      auto* const fork = new Fork;
      if (before != nullptr) fork->children = static_cast<Fork*>(before)->children;
      for (Node* child : fork->children) share(child);
      slot = fork;
    }
    release(before, level);
  }

  static Value& make(Node*& slot_of_node, unsigned level, std::uint32_t number) {
    own(slot_of_node, level);
    if (level == 0) return static_cast<Leaf*>(slot_of_node)->values[slot(number, 0)];
    return make(static_cast<Fork*>(slot_of_node)->children[slot(number, level)], level - 1, number);
  }

  /// The number is there. Nodes that are left without anything are given up.
  static void erase_from(Node*& slot_of_node, unsigned level, std::uint32_t number) {
    own(slot_of_node, level);
    bool is_empty = true;
    if (level == 0) {
      auto& values = static_cast<Leaf*>(slot_of_node)->values;
      values[slot(number, 0)] = Value{};
      for (const Value& value : values) is_empty = is_empty && !value;
    } else {
      auto& children = static_cast<Fork*>(slot_of_node)->children;
      erase_from(children[slot(number, level)], level - 1, number);
      for (const Node* child : children) is_empty = is_empty && child == nullptr;
    }
    if (is_empty) release(std::exchange(slot_of_node, nullptr), level);
  }

  template <class Use>
  static bool for_each(const Node* node, unsigned level, Use& use) {
    if (node == nullptr) return true;
    if (level == 0) {
      for (const Value& value : static_cast<const Leaf*>(node)->values) {
        if (value && !use(value)) return false;
      }
      return true;
    }
    for (const Node* child : static_cast<const Fork*>(node)->children) {
      if (!for_each(child, level - 1, use)) return false;
    }
    return true;
  }

  Node* root_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace postern::directory
