// Reads all rows of an organization, and of each only the columns that decide at RCPT and those
// that tell what to think of a source: for judging millions of them again (Test-DirectSend).
//
// Of most texts a row has the numbers that the day's file has for them. Who reads remembers what a
// number means (TraceMemo) and asks for a text only where it is new. Memory does not grow with the
// trace, whatever strangers made it hold.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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
  // These vary so much that they come with the row. Valid until the next.
  std::string_view reverse_path;
  std::string_view hello;
  TraceTextId client = 0;
  TraceTextId certificate = 0;
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

/// The texts of one day.
class TraceTexts {
 public:
  explicit TraceTexts(Database& database);

  /// Reads the file each time: see TraceMemo.
  std::string text(TraceTextId id);

 private:
  Statement by_id_;
};

/// What the texts of a column mean, as far as it is remembered: each number has one place, which
/// the next number of that place takes over. So it never grows, and what is often asked for is
/// there.
template <class T>
class TraceMemo {
 public:
  explicit TraceMemo(std::size_t places) : places_(places) {}

  /// Valid until the next question. `read` makes a T of the number, if it is not here.
  template <class Read>
  const T& find(TraceTextId id, Read&& read) {
    Place& place = places_[static_cast<std::size_t>(id) % places_.size()];
    if (place.id != id) {
      place.id = nobody;
      place.value = read(id);
      place.id = id;
    }
    return place.value;
  }
  /// For the numbers of another day.
  void clear() {
    for (Place& place : places_) place.id = nobody;
  }

 private:
  static constexpr TraceTextId nobody = -1;
  struct Place {
    TraceTextId id = nobody;
    T value{};
  };
  std::vector<Place> places_;
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
