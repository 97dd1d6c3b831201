// The tables of spoof intelligence, in a database of their own (`spoof.db`), and its rows.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "policy/sightings.h"
#include "store/spoof_intelligence.h"
#include "store/sqlite.h"

namespace postern::store {

/// Which of the tables of sightings.
enum class SightingKind : std::uint8_t { history, source, sent };

// All of these throw SqliteError.

void prepare_spoof_tables(Database& database);
/// The secret of the keys; made at the first start.
KeyedHash::Key load_hash_key(Database& database);

/// `use(pair, days on which it came, last day)` for every pair there is.
void load_pairs(
    Database& database,
    const std::function<void(const policy::SpoofPairName&, std::uint32_t, policy::DayNumber)>& use);
/// The statement for add_count, to be kept for many.
Statement prepare_count_add(Database& database);
void add_count(Statement& add, const SpoofCount& count);
/// Counts it on without its name.
void forget_pair(Database& database, const policy::SpoofPairName& pair);
/// Days before `first_day`, and the oldest while there are more than `max_rows` rows.
void drop_old_counts(Database& database, policy::DayNumber first_day, std::size_t max_rows);
std::vector<SpoofCount> find_counts(Database& database, const SpoofQuery& query);

void load_sightings(Database& database, SightingKind kind,
                    const std::function<void(const policy::Sighting&)>& use);
/// The statement for put_sighting, to be kept for many.
Statement prepare_sighting_put(Database& database);
void put_sighting(Statement& put, SightingKind kind, const policy::Sighting& sighting);
void delete_sighting(Database& database, SightingKind kind, std::uint64_t key);
void drop_old_sightings(Database& database, policy::DayNumber first_day);

}  // namespace postern::store
