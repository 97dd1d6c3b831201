// `posternd --seed-demo`: a data directory for people who want to look around.
//
// An organization and thirty days of mail (demo_traffic.h) that was decided as mail is: by the same
// functions, over the zone of the configuration, and given to the trace as the edge gives it. So
// reports, what-if and explain have something to work on, and what they tell is consistent. The
// messages themselves never were: there is nothing in the mailboxes.
//
// A data directory that is not empty is refused, and the one that is seeded is marked for good: the
// file demo-data lies in it, posternd says so whenever it starts, and Get-OrganizationConfig shows
// it.
#pragma once

#include <cstddef>
#include <filesystem>

#include "base/result.h"
#include "base/time.h"
#include "dns/resolver.h"
#include "store/directory_store.h"
#include "store/trace_store.h"

namespace postern::edge {

/// Is it marked?
bool is_demo_directory(const std::filesystem::path& data_directory);

/// An error: there are data in it that are not a demo's.
Result<void> check_demo_directory(const std::filesystem::path& data_directory);
/// Marks it, before anything else is put into it.
Result<void> mark_demo_directory(const std::filesystem::path& data_directory);

/// What seeding works on. `resolver` answers at once.
struct DemoParts {
  store::DirectoryStore& directory;
  store::TraceStore& trace;
  dns::Resolver& resolver;
  std::string server_name;
};

/// The organization, and its mail until `until`. Returns how many rows the trace got; none if there
/// is an organization already.
Result<std::size_t> seed_demo(const DemoParts& parts, Time until);

}  // namespace postern::edge
