#include "admin/recipient_list.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace postern;
using namespace postern::admin;

namespace {

directory::Snapshot contoso() {
  directory::Snapshot snapshot;
  const auto id = directory::OrganizationId{1};
  snapshot.put_organization(id, *directory::Guid::parse("f81d4fae-7dec-11d0-a765-00a0c91e6bf6"),
                            "Contoso", {});
  snapshot.put_domain(id, {.name = "contoso.com"});
  return snapshot;
}

/// `ann@contoso.com(alias) …; 3: problem`
std::string read(std::string_view content) {
  const directory::Snapshot snapshot = contoso();
  const auto list = parse_recipient_list(content, snapshot, *snapshot.find_organization("Contoso"));
  std::string text;
  for (const directory::Recipient& recipient : list.recipients) {
    text += recipient.address;
    for (const std::string& alias : recipient.aliases) text += "(" + alias + ")";
    text += " ";
  }
  for (const BadLine& line : list.bad_lines)
    text += fmt::format("; {}: {}", line.number, line.problem);
  return text;
}

}  // namespace

TEST_CASE("lists and Postfix maps are read") {
  CHECK(read("# from the old server\n\nann@contoso.com\r\nBob@Contoso.Com\n  cy@contoso.com  \n") ==
        "ann@contoso.com bob@contoso.com cy@contoso.com ");
  CHECK(read("ann@contoso.com OK\nann@contoso.com OK") == "ann@contoso.com ");
  CHECK(read("ann@contoso.com contoso.com/ann/\n@contoso.com x") ==
        "ann@contoso.com *@contoso.com ");
  CHECK(read("ann@contoso.com x\nsales@contoso.com "
             "ann@contoso.com\ninfo@contoso.com\tann@contoso.com") ==
        "ann@contoso.com(info@contoso.com)(sales@contoso.com) ");
  CHECK(read("\"ann \\\" miller\"@contoso.com x\n\"#1\"@contoso.com;Room 1") ==
        "\"ann \\\" miller\"@contoso.com #1@contoso.com ");
  // Lists put together: each began with a byte order mark.
  CHECK(read("\xef\xbb\xbf"
             "ann@contoso.com\n\xef\xbb\xbf"
             "bob@contoso.com\n") == "ann@contoso.com bob@contoso.com ");
  // Lists and forwardings stay with the next hop: here they are recipients.
  CHECK(read("all@contoso.com ann@contoso.com, bob@contoso.com\nout@contoso.com x@gmail.test") ==
        "all@contoso.com out@contoso.com ");
  CHECK(read("all@contoso.com ann@contoso.com,\n   more text\nbob@contoso.com") ==
        "ann@contoso.com(all@contoso.com) bob@contoso.com ");
  CHECK(read("ann@contoso.com;Ann Miller").starts_with("ann@contoso.com"));
}

TEST_CASE("wrong lines are told with their numbers") {
  CHECK(read("ann@contoso.com\nnot an address\nsix@elsewhere.test\n") ==
        "ann@contoso.com ; 2: not is not an address of the form user@domain."
        "; 3: six@elsewhere.test is not in an accepted domain of Contoso.");
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "x\n";
  const directory::Snapshot snapshot = contoso();
  const auto list = parse_recipient_list(many, snapshot, *snapshot.find_organization("Contoso"));
  CHECK(list.bad_lines.size() == max_bad_lines);
}
