// What a posternd has one of and all its threads use: the stores on the disk, the places that mail
// is handed to, and what is counted and limited over all sessions.
#pragma once

#include <memory>
#include <optional>

#include "base/result.h"
#include "delivery/content.h"
#include "delivery/counters.h"
#include "delivery/hop_health.h"
#include "delivery/in_flight.h"
#include "delivery/maildir.h"
#include "delivery/quarantine_folder.h"
#include "edge/config.h"
#include "edge/process.h"
#include "net/admission.h"
#include "net/blocking_pool.h"
#include "store/api_tokens.h"
#include "store/audit_log.h"
#include "store/directory_store.h"
#include "store/ledger.h"
#include "store/quarantine_rows.h"
#include "store/spoof_intelligence.h"
#include "store/trace_store.h"
#include "store/traffic_counts.h"

namespace postern::edge {

/// Opened with the settings of the start. None is null.
struct SharedParts {
  std::unique_ptr<store::DirectoryStore> directory;
  std::unique_ptr<store::TrafficCounts> traffic;  ///< follows the trace, so it ends later
  std::unique_ptr<store::TraceStore> trace;
  std::unique_ptr<store::SpoofIntelligence> spoofs;
  std::unique_ptr<store::Ledger> ledger;
  std::unique_ptr<store::ApiTokens> tokens;
  std::unique_ptr<store::AuditLog> audit;
  std::unique_ptr<net::Admission> admission;
  std::unique_ptr<delivery::ContentStore> contents;
  std::unique_ptr<delivery::Maildir> maildir;
  std::optional<DataDirectoryLock> quarantine_lock;
  std::unique_ptr<store::QuarantineRows> quarantine_rows;
  std::unique_ptr<delivery::QuarantineFolder> quarantine;
  delivery::InFlight in_flight;
  delivery::Counters counters;
  std::unique_ptr<delivery::HopHealth> hop_health;
  /// The last, and so the first to end: its threads touch all others.
  std::unique_ptr<net::BlockingPool> pool;

  /// Makes what is missing below data_directory. An error names the file.
  Result<void> open(const Config& config);
  /// What SIGHUP can change of them (reload.h).
  void reload(const Config& config);
};

}  // namespace postern::edge
