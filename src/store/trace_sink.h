// Where the hot path puts trace records: never waits, never fails, counts what it must drop.
#pragma once

#include "store/trace_record.h"

namespace postern::store {

class TraceSink {
 public:
  virtual ~TraceSink() = default;
  /// From any thread.
  virtual void record(TraceRecord record) = 0;
};

}  // namespace postern::store
