// The parts that the sessions of one I/O thread work with. All of them outlive the sessions.
#pragma once

#include "admin/metrics.h"
#include "admin/seen_certificates.h"
#include "auth/dkim_key_cache.h"
#include "auth/spf_record_cache.h"
#include "delivery/content.h"
#include "delivery/hand_off.h"
#include "edge/asker.h"
#include "edge/connector_rates.h"
#include "edge/return_to_audit.h"
#include "policy/settings_texts.h"
#include "store/directory_store.h"
#include "store/spoof_intelligence.h"
#include "store/trace_sink.h"

namespace postern::edge {

struct Services {
  store::DirectoryStore& directory;
  store::TraceSink& trace;
  store::SpoofIntelligence& spoofs;
  admin::Counts& metrics;
  admin::SeenCertificates& certificates;
  ConnectorRates& rates;
  ReturnToAudit& returns;
  delivery::ContentStore& contents;
  // These belong to the thread.
  delivery::Courier& courier;
  Asker& asker;
  auth::DkimKeyCache& dkim_keys;
  auth::SpfRecordCache& spf_records;
  policy::SettingsTexts& settings_texts;
};

}  // namespace postern::edge
