// A hash map whose copy costs one pointer.
//
// A copy shares all nodes with its original. Changing one of the two copies just the nodes on
// the way from the root to what changed, a few hundred bytes however large the map is, and
// shares the rest. A node that no other map shares is changed in place, so filling a map that
// nobody else has costs no copies at all.
//
// The form is a hash array mapped trie (Bagwell, "Ideal Hash Trees", 2001) with entries and
// children apart (Steindorfer and Vinju, OOPSLA 2015). Five bits of the hash choose one of 32
// slots of a node; a slot holds nothing, an entry, or a child where the next five bits choose.
// A node stores only the slots in use, and two bit sets tell which those are:
//
//   entry_slots 0…010010  child_slots 0…000100  ->  [child of 2 | entry of 1 | entry of 4]
//
// The bit sets stand beside the pointer to the node, in its parent. In a large map the lowest nodes
// are in no cache, and so a lookup waits for one line of them, the entry, and for none if there
// is nothing in the slot.
//
// Maps that share nodes may be used by several threads; one map is like any other object.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "directory/key_hash.h"

namespace postern::directory {

/// Entries that know their key: `KeyOf` tells it.
template <class Entry, class KeyOf, class Hash = KeyHash, class Equal = std::equal_to<>>
class PersistentSet {
  static_assert(alignof(Entry) <= alignof(void*) && std::is_nothrow_move_constructible_v<Entry>);

 public:
  PersistentSet() = default;
  PersistentSet(const PersistentSet& other) : root_(share(other.root_)), size_(other.size_) {}
  PersistentSet(PersistentSet&& other) noexcept
      : root_(std::exchange(other.root_, {})), size_(std::exchange(other.size_, 0)) {}
  PersistentSet& operator=(PersistentSet other) noexcept {
    std::swap(root_, other.root_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~PersistentSet() { release(root_); }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  /// Null: none. Valid until this map changes and all maps that share the node are gone.
  template <class Key>
  const Entry* find(const Key& key) const {
    const std::uint64_t hash = Hash{}(key);
    const Link* link = &root_;
    for (unsigned shift = 0; shift < hash_bits; shift += slot_bits) {
      const std::uint32_t bit = slot_bit(hash, shift);
      if (link->entry_slots & bit) {
        const Entry& entry = link->entries()[rank(link->entry_slots, bit)];
        return Equal{}(KeyOf{}(entry), key) ? &entry : nullptr;
      }
      if (!(link->child_slots & bit)) return nullptr;
      link = &link->children()[rank(link->child_slots, bit)];
    }
    return link->find_in_list(key);
  }

  /// For changing an entry, but not its key. Null: none. Valid until the next copy or change.
  template <class Key>
  Entry* edit(const Key& key) {
    if (find(key) == nullptr) return nullptr;
    const std::uint64_t hash = Hash{}(key);
    Link* link = &root_;
    for (unsigned shift = 0; shift < hash_bits; shift += slot_bits) {
      unshare(*link);
      const std::uint32_t bit = slot_bit(hash, shift);
      if (link->entry_slots & bit) return &link->entries()[rank(link->entry_slots, bit)];
      link = &link->children()[rank(link->child_slots, bit)];
    }
    unshare(*link);
    return link->find_in_list(key);
  }

  void insert_or_assign(Entry entry) {
    const std::uint64_t hash = Hash{}(KeyOf{}(entry));
    if (put(root_, hash, 0, std::move(entry))) ++size_;
  }

  /// False: was not there.
  template <class Key>
  bool erase(const Key& key) {
    if (find(key) == nullptr) return false;
    erase_from(root_, Hash{}(key), 0, key);
    --size_;
    return true;
  }

  /// In no order. `use` returns whether to go on.
  template <class Use>
  bool for_each(Use&& use) const {
    return root_.node == nullptr || for_each(root_, use);
  }

 private:
  static constexpr unsigned slot_bits = 5;
  static constexpr unsigned hash_bits = 60;  // beyond them a node is a list of equal hashes

  struct Node {
    std::atomic<std::uint32_t> owners{1};
    std::uint32_t entry_count = 0;  // the bits in entry_slots, or the length of a list
  };

  /// A node, or none, and what is in it.
  struct Link {
    Node* node = nullptr;
    std::uint32_t entry_slots = 0;
    std::uint32_t child_slots = 0;

    // Children and entries stand behind the node, in the same allocation.
    std::size_t child_count() const { return static_cast<std::size_t>(std::popcount(child_slots)); }
    std::size_t entry_count() const { return node == nullptr ? 0 : node->entry_count; }
    Link* children() const { return reinterpret_cast<Link*>(node + 1); }
    Entry* entries() const { return reinterpret_cast<Entry*>(children() + child_count()); }

    template <class Key>
    std::size_t position_in_list(const Key& key) const {
      std::size_t at = 0;
      while (at < entry_count() && !Equal{}(KeyOf{}(entries()[at]), key)) ++at;
      return at;
    }
    template <class Key>
    Entry* find_in_list(const Key& key) const {
      const std::size_t at = position_in_list(key);
      return at < entry_count() ? &entries()[at] : nullptr;
    }
  };
  /// Releases unless it is taken.
  struct Guard {
    Link link;
    ~Guard() { release(link); }
    Link take() { return std::exchange(link, {}); }
  };

  static std::uint32_t slot_bit(std::uint64_t hash, unsigned shift) {
    return std::uint32_t{1} << ((hash >> shift) & 31);
  }
  /// How many slots in use stand before the one of `bit`.
  static std::size_t rank(std::uint32_t slots, std::uint32_t bit) {
    // As in the upper nodes of a large map. Not every processor that we run on counts bits.
    if (slots == ~std::uint32_t{0}) return static_cast<std::size_t>(std::countr_zero(bit));
    return static_cast<std::size_t>(std::popcount(slots & (bit - 1)));
  }

  static Link share(const Link& link) {
    if (link.node != nullptr) link.node->owners.fetch_add(1, std::memory_order_relaxed);
    return link;
  }
  static void release(const Link& link) {
    Node* const node = link.node;
    if (node == nullptr || node->owners.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    for (std::size_t i = 0; i < link.child_count(); ++i) release(link.children()[i]);
    std::destroy_n(link.entries(), node->entry_count);
    node->~Node();
    ::operator delete(node);
  }
  /// Then nobody else can see the node, or come to see it. Acquire: what others did with it before
  /// they released it has happened.
  static bool is_ours(const Link& link) {
    return link.node->owners.load(std::memory_order_acquire) == 1;
  }

  /// How a node differs from the one before: positions among its entries and children.
  struct Change {
    static constexpr std::size_t none = static_cast<std::size_t>(-1);
    std::size_t add_entry = none;
    std::size_t drop_entry = none;
    std::size_t add_child = none;
    std::size_t drop_child = none;
  };

  /// Replaces the node of `link` (perhaps none) by one with these slots. What it keeps is moved
  /// if the old node is ours, else copied. Takes over `child`.
  static void remake(Link& link, std::uint32_t entry_slots, std::uint32_t child_slots,
                     const Change& change, Entry* entry = nullptr, const Link& child = {}) {
    Guard guard{child};
    const Link old = link;
    const bool ours = old.node != nullptr && is_ours(old);
    const std::size_t old_entries = old.entry_count();
    const std::size_t old_children = old.child_count();
    const std::size_t entry_count =
        old_entries + (change.add_entry != Change::none) - (change.drop_entry != Change::none);
    const auto child_count = static_cast<std::size_t>(std::popcount(child_slots));

    void* memory =
        ::operator new(sizeof(Node) + child_count * sizeof(Link) + entry_count * sizeof(Entry));
    const Link made{new (memory) Node, entry_slots, child_slots};
    Entry* to = made.entries();
    try {
      for (std::size_t at = 0; at <= old_entries; ++at) {
        if (at == change.add_entry) new (to++) Entry(std::move(*entry));
        if (at == old_entries || at == change.drop_entry) continue;
        if (ours) {
          new (to++) Entry(std::move(old.entries()[at]));
        } else {
          new (to++) Entry(std::as_const(old.entries()[at]));
        }
      }
    } catch (...) {
      std::destroy(made.entries(), to);
      ::operator delete(memory);
      throw;
    }
    made.node->entry_count = static_cast<std::uint32_t>(entry_count);

    // From here on nothing throws.
    Link* to_child = made.children();
    for (std::size_t at = 0; at <= old_children; ++at) {
      if (at == change.add_child) new (to_child++) Link(guard.take());
      if (at == old_children || at == change.drop_child) continue;
      Link& kept = old.children()[at];
      new (to_child++) Link(ours ? std::exchange(kept, {}) : share(kept));
    }
    link = made;
    release(old);
  }

  static void unshare(Link& link) {
    if (!is_ours(link)) remake(link, link.entry_slots, link.child_slots, {});
  }

  /// False: replaced an entry with this key.
  static bool put(Link& link, std::uint64_t hash, unsigned shift, Entry&& entry) {
    if (shift >= hash_bits) {
      const std::size_t position = link.position_in_list(KeyOf{}(entry));
      const bool is_new = position == link.entry_count();
      if (is_new) {
        remake(link, 0, 0, {.add_entry = position}, &entry);
      } else {
        unshare(link);
        link.entries()[position] = std::move(entry);
      }
      return is_new;
    }
    const std::uint32_t bit = slot_bit(hash, shift);
    const std::size_t entry_rank = rank(link.entry_slots, bit);
    const std::size_t child_rank = rank(link.child_slots, bit);
    if (link.child_slots & bit) {
      unshare(link);
      return put(link.children()[child_rank], hash, shift + slot_bits, std::move(entry));
    }
    if (!(link.entry_slots & bit)) {
      remake(link, link.entry_slots | bit, link.child_slots, {.add_entry = entry_rank}, &entry);
      return true;
    }
    if (Equal{}(KeyOf{}(std::as_const(link.entries()[entry_rank])), KeyOf{}(entry))) {
      unshare(link);
      link.entries()[entry_rank] = std::move(entry);
      return false;
    }
    // Two entries for one slot: they move into a child, where the next bits tell them apart.
    Entry other = link.entries()[entry_rank];
    const std::uint64_t other_hash = Hash{}(KeyOf{}(other));
    Guard child;
    put(child.link, other_hash, shift + slot_bits, std::move(other));
    put(child.link, hash, shift + slot_bits, std::move(entry));
    remake(link, link.entry_slots & ~bit, link.child_slots | bit,
           {.drop_entry = entry_rank, .add_child = child_rank}, nullptr, child.take());
    return true;
  }

  /// The key is there.
  template <class Key>
  static void erase_from(Link& link, std::uint64_t hash, unsigned shift, const Key& key) {
    if (shift >= hash_bits) {
      remake(link, 0, 0, {.drop_entry = link.position_in_list(key)});
      return;
    }
    const std::uint32_t bit = slot_bit(hash, shift);
    const std::size_t entry_rank = rank(link.entry_slots, bit);
    if (link.entry_slots & bit) {
      if (link.entry_count() == 1 && link.child_slots == 0) {
        release(std::exchange(link, {}));
        return;
      }
      remake(link, link.entry_slots & ~bit, link.child_slots, {.drop_entry = entry_rank});
      return;
    }
    unshare(link);
    const std::size_t child_rank = rank(link.child_slots, bit);
    Link& child = link.children()[child_rank];
    erase_from(child, hash, shift + slot_bits, key);

    // A child with a single entry is given up, so that equal maps have equal forms and paths
    // are short.
    if (child.entry_count() == 1 && child.child_slots == 0) {
      Entry last = child.entries()[0];
      remake(link, link.entry_slots | bit, link.child_slots & ~bit,
             {.add_entry = entry_rank, .drop_child = child_rank}, &last);
    }
  }

  template <class Use>
  static bool for_each(const Link& link, Use& use) {
    for (std::size_t i = 0; i < link.entry_count(); ++i) {
      if (!use(std::as_const(link.entries()[i]))) return false;
    }
    for (std::size_t i = 0; i < link.child_count(); ++i) {
      if (!for_each(link.children()[i], use)) return false;
    }
    return true;
  }

  Link root_;
  std::size_t size_ = 0;
};

template <class Key, class Value>
struct KeyAndValue {
  Key key;
  Value value;
};

struct KeyOfPair {
  template <class Key, class Value>
  const Key& operator()(const KeyAndValue<Key, Value>& pair) const {
    return pair.key;
  }
};

/// Values by key.
template <class Key, class Value, class Hash = KeyHash, class Equal = std::equal_to<>>
class PersistentMap {
 public:
  std::size_t size() const { return pairs_.size(); }
  bool empty() const { return pairs_.empty(); }

  template <class Lookup>
  const Value* find(const Lookup& key) const {
    const auto* pair = pairs_.find(key);
    return pair == nullptr ? nullptr : &pair->value;
  }
  template <class Lookup>
  Value* edit(const Lookup& key) {
    auto* pair = pairs_.edit(key);
    return pair == nullptr ? nullptr : &pair->value;
  }
  void insert_or_assign(Key key, Value value) {
    pairs_.insert_or_assign({std::move(key), std::move(value)});
  }
  template <class Lookup>
  bool erase(const Lookup& key) {
    return pairs_.erase(key);
  }
  /// `use(key, value)` returns whether to go on.
  template <class Use>
  bool for_each(Use&& use) const {
    return pairs_.for_each([&](const auto& pair) { return use(pair.key, pair.value); });
  }

 private:
  PersistentSet<KeyAndValue<Key, Value>, KeyOfPair, Hash, Equal> pairs_;
};

}  // namespace postern::directory
