#include "store/trace_query.h"

#include "base/ip_address.h"

namespace postern::store {

Result<TraceRange> trace_range(const TraceQuery& query, Time now) {
  TraceRange range{now - default_trace_range, now};
  if (query.start && query.end) {
    range = {*query.start, *query.end};
  } else if (query.end) {
    range = {*query.end - default_trace_range, *query.end};
  } else if (query.start) {
    range = {*query.start, std::max(*query.start, std::min(now, *query.start + max_trace_range))};
  }
  if (range.end < range.start) return fail("StartDate must be earlier than EndDate.");
  if (range.end - range.start > max_trace_range) {
    return fail(
        "The range between StartDate and EndDate cannot be more than 10 days. Ask for a longer "
        "time in several queries.");
  }
  return range;
}

std::string next_hop_address(const std::string& next_hop) {
  const std::size_t scheme = next_hop.find(':');
  if (scheme == std::string::npos) return {};
  std::string_view host = std::string_view(next_hop).substr(scheme + 1);
  if (host.starts_with('[')) {
    host = host.substr(1, host.find(']') - 1);
  } else {
    host = host.substr(0, host.rfind(':'));
  }
  const auto address = IpAddress::parse(host);
  return address ? address->to_string() : std::string();
}

}  // namespace postern::store
