// Reads all rows of an organization, and of each only the columns that decide at RCPT and those
// that tell what to think of a source: for judging millions of them again (Test-DirectSend).
//
// Texts stay the numbers that the day's file has for them. Who reads can tell by the numbers alone
// whether a row is like one before, and asks for a text only where it is new. So a row costs a
// microsecond or two, and memory does not grow with the trace.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/sqlite.h"

namespace postern::store {

/// The number of a text in one day's file; 0: there is none.
using TraceTextId = std::int64_t;

struct TraceScanRow {
  Time received;
  bool has_tls = false;
  TraceTextId client = 0;
  TraceTextId hello = 0;
  TraceTextId certificate = 0;
  TraceTextId reverse_path = 0;
  TraceTextId forward_path = 0;
  TraceTextId decision = 0;
  TraceTextId ptr = 0;
  TraceTextId spf = 0;
  TraceTextId dkim = 0;  ///< of several signatures a line each
  TraceTextId dmarc = 0;
  TraceTextId compauth = 0;
  /// policy::read_facts; 0: the row was written before there were any, or they were too long.
  TraceTextId facts = 0;
};

/// The texts of one day. Some are kept, since the same few are asked for again and again.
class TraceTexts {
 public:
  explicit TraceTexts(Database& database);

  /// Valid until the next row. Of 0 it is empty.
  const std::string& text(TraceTextId id);
  /// Between rows: makes room if there are too many.
  void trim();

 private:
  static constexpr std::size_t max_texts = 100'000;

  Statement by_id_;
  std::unordered_map<TraceTextId, std::string> texts_;
};

class TraceRowReader {
 public:
  virtual ~TraceRowReader() = default;
  /// The numbers of texts mean something else from here on.
  virtual void begin_day() = 0;
  virtual void read(const TraceScanRow& row, TraceTexts& texts) = 0;
};

/// Both times inclusive.
struct TraceScan {
  std::string organization;
  Time start;
  Time end;
};

struct TraceScanned {
  std::uint64_t rows = 0;
  std::optional<Time> first;
  std::optional<Time> last;
  /// Sentences about days that could not be read.
  std::vector<std::string> problems;

  void add(TraceScanned other);
};

/// The rows of one file, as a rule as they came. Adds to `scanned`, problems included.
void scan_trace_day(const std::string& path, const TraceScan& wanted, TraceRowReader& reader,
                    TraceScanned& scanned);

}  // namespace postern::store
