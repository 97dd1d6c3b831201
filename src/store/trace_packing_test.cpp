#include "store/trace_packing.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

using namespace postern;
using namespace postern::store;

TEST_CASE("ids of another form and replies of another shape are kept too") {
  for (const char* id :
       {"", "1", "=", "0123456", "01234567", "012345678901234", "0123456789abcdef",
        "08dd3fa5dbc8f401", "08DD3FA5DBC8F401", "0194b2c3-d4e5-7f60-8a1b-2c3d4e5f6071",
        "0194B2C3-D4E5-7F60-8A1B-2C3D4E5F6071", "0194b2c3-d4e5-7f60-8a1b-2c3d4e5f607g",
        "0194b2c3-d4e5-7f60-8a1b2-c3d4e5f6071", "0194b2c3d4e57f608a1b2c3d4e5f6071"}) {
    CAPTURE(id);
    CHECK((*id == '=' || unpack_session(pack_session(id)) == id));
    CHECK((*id == '=' || unpack_trace_id(pack_trace_id(id)) == id));
  }
  CHECK(pack_trace_id("0194b2c3-d4e5-7f60-8a1b-2c3d4e5f6071").size() == 16);
  CHECK(pack_session("08DD3FA5DBC8F401").size() == 8);
  for (const char* reply :
       {"", "250 Ok", "550 no [x]", "550 no [mx now 08DD3FA5DBC8F401]", "08DD3FA5DBC8F401]",
        "550 no [mx 2025-06-13T11:00:00.476Z 08DD3FA5DBC8F401]",
        "550 no [mx 2025-06-13T11:00:00Z 08DD3FA5DBC8F401]",
        "550 no [2025-06-13T11:00:00.476Z 08DD3FA5DBC8F401]"}) {
    CAPTURE(reply);
    TraceRecord record;
    record.received = *parse_iso("2025-06-13T11:00:00Z");
    record.session = "08DD3FA5DBC8F401";
    record.reply = reply;
    CHECK(unpack_reply(pack_reply(record), record.received, record.session) == reply);
  }
}

TEST_CASE("a next hop comes back with its address, and numbers as they were") {
  for (const auto& [hop, address] : {std::pair{"", ""},
                                     {"maildir:mail", ""},
                                     {"smtp:[2001:db8::25]:25", "2001:db8::25"},
                                     {"smtp:mail.contoso.com:25", "192.0.2.25"}}) {
    CAPTURE(hop);
    TraceRecord record;
    record.next_hop = hop;
    record.to_ip = address;
    TraceRecord again;
    unpack_next_hop(pack_next_hop(record), again);
    CHECK(again.next_hop == hop);
    CHECK(again.to_ip == address);
  }
  const std::vector<std::int64_t> ids = {0, 1, 255, 256, INT64_MAX, -1, INT64_MIN};
  CHECK(unpack_ids(pack_ids(ids)) == ids);
  CHECK(unpack_ids(pack_ids({})).empty());
}
