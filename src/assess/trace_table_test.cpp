#include "assess/trace_table.h"

#include <doctest/doctest.h>

#include "assess/csv.h"

using namespace postern;
using namespace postern::assess;

namespace {

struct Sheet {
  TraceTable table;

  explicit Sheet(std::string_view header)
      : table(TraceTable::from_header(parse_csv_record(header, ',').value()).value()) {}

  auto read(std::string_view row) const { return table.read(parse_csv_record(row, ',').value()); }
  Observation one(std::string_view row) const { return read(row).value().value(); }
};

const Sheet enhanced(
    "origin_timestamp,sender_address,Recipient_status,message_subject,total_bytes,message_id,"
    "network_message_id,original_client_ip,directionality,connector_id,delivery_priority");

}  // namespace

TEST_CASE("the enhanced summary") {
  CHECK(enhanced.table.features().kind == TraceKind::enhanced);
  const Observation seen = enhanced.one(
      "2026-11-02T08:00:01.1234567Z,printer@contoso.com,"
      "\"ann@contoso.com##Receive, Deliver;bob@contoso.com##Receive, Fail\",Scan,2048,<1@printer>,"
      "n-1,198.51.100.7,1,AM0PR01\\Default AM0PR01,Normal");
  CHECK(seen.id == "n-1");
  CHECK(seen.time == parse_iso("2026-11-02T08:00:01.123456Z"));
  CHECK(seen.client == IpAddress::parse("198.51.100.7"));
  CHECK(seen.sender == "printer@contoso.com");
  CHECK_FALSE(seen.has_reverse_path);
  CHECK(seen.recipients == std::vector<std::string>{"ann@contoso.com", "bob@contoso.com"});
  CHECK(seen.direction == Direction::inbound);
  CHECK(seen.tells_attribution);
  CHECK_FALSE(seen.is_attributed);
  CHECK_FALSE(seen.spf.has_value());
}

TEST_CASE("a connector of the tenant's own vouches, the built-in one does not") {
  const auto attributed = [](std::string_view connector) {
    return enhanced
        .one("2026-11-02,a@contoso.com,b@contoso.com,,,,n,192.0.2.1,1," + std::string(connector) +
             ",")
        .is_attributed;
  };
  CHECK(attributed("Printers"));
  CHECK(attributed("Default printers"));
  CHECK_FALSE(attributed(""));
  CHECK_FALSE(attributed("X\\Default X"));
}

TEST_CASE("the extended report: only RECEIVE counts, and return_path is the reverse-path") {
  const Sheet extended(
      "date_time,client_ip,client_hostname,connector_id,source,event_id,network_message_id,"
      "recipient_address,sender_address,return_path,directionality,original_client_ip");
  CHECK(extended.table.features().kind == TraceKind::extended);
  const Observation seen = extended.one(
      "2026-11-02T08:00:01Z,10.0.0.1,mail.contoso.test,,SMTP,RECEIVE,n-1,ann@contoso.com,"
      "ceo@contoso.com,<>,Incoming,198.51.100.7");
  CHECK(seen.client == IpAddress::parse("198.51.100.7"));
  CHECK(seen.has_reverse_path);
  CHECK(seen.sender.empty());
  const auto deliver = extended.read(
      "2026-11-02T08:00:01Z,10.0.0.1,x,,STOREDRIVER,DELIVER,n-1,ann@contoso.com,a@contoso.com,,"
      "Incoming,198.51.100.7");
  REQUIRE(deliver);
  CHECK_FALSE(deliver->has_value());
}

TEST_CASE("the plain summary has neither clients nor connectors") {
  const Sheet summary("Date,Sender,Recipient,Subject,Status");
  CHECK(summary.table.features().kind == TraceKind::summary);
  const Observation seen =
      summary.one("11/2/2026 8:00:01 AM,ann@contoso.com,bob@contoso.com,Hi,Delivered");
  CHECK_FALSE(seen.tells_client);
  CHECK_FALSE(seen.tells_attribution);
  CHECK(seen.id.empty());
}

TEST_CASE("EmailEvents with the results of authentication") {
  const Sheet events(
      "Timestamp,NetworkMessageId,SenderMailFromAddress,SenderFromAddress,SenderIPv4,SenderIPv6,"
      "RecipientEmailAddress,EmailDirection,Connectors,AuthenticationDetails");
  CHECK(events.table.features().kind == TraceKind::email_events);
  const auto read = [&events](std::string_view details) {
    return events.one(
        "2026-11-02T08:00:01Z,n-1,a@contoso.com,ceo@contoso.com,,2001:db8::7,b@contoso.com,Inbound,"
        "," +
        to_csv_field(details));
  };
  const Observation spoof =
      read(R"({"SPF":"fail","DKIM":"none","DMARC":"fail","CompAuth":"fail"})");
  CHECK(spoof.client == IpAddress::parse("2001:db8::7"));
  CHECK(spoof.author == "ceo@contoso.com");
  CHECK(spoof.spf == false);
  CHECK(spoof.dkim == false);
  CHECK(spoof.dmarc == false);
  CHECK(spoof.composite == false);
  CHECK(read(R"({"SPF":"pass","DKIM":"pass","DMARC":"pass"})").dkim == std::nullopt);
  CHECK(read(R"({"SPF":"fail","DKIM":"pass","DMARC":"pass"})").dkim == true);
  // Anybody can sign with a domain of their own.
  CHECK(read(R"({"SPF":"fail","DKIM":"pass","DMARC":"fail"})").dkim == std::nullopt);
  CHECK(read(R"({"SPF":"temperror"})").spf == std::nullopt);
  CHECK(read("").spf == std::nullopt);
}

TEST_CASE("bad rows say what is wrong") {
  CHECK(enhanced.read("a,b").error() == "the row has 2 fields, the header 11");
  CHECK(enhanced.read("soon,a,b,,,,,192.0.2.1,1,,").error() ==
        "the time \"soon\" is not understood");
  CHECK(enhanced.read("2026-11-02,a,b,,,,,here\x1b,1,,").error() ==
        "the client \"here\xef\xbf\xbd\" is no IP address");
}

TEST_CASE("a table that is no trace says what is missing") {
  CHECK_FALSE(TraceTable::from_header({"Name", "Date"}));
  CHECK_FALSE(TraceTable::from_header({"Sender", "Subject"}));
}

TEST_CASE("a JSON record is a row") {
  const auto fields = read_json_record(
      R"({"Timestamp":"2026-11-02T08:00:01Z","SenderMailFromAddress":"a@contoso.com","SenderIPv4":"198.51.100.7",)"
      R"("SenderIPv6":null,"AttachmentCount":2,"AuthenticationDetails":{"SPF":"pass"},"x@odata.type":"y"})");
  REQUIRE(fields);
  const auto table = TraceTable::from_header(fields->names);
  REQUIRE(table);
  const auto row = table->read(fields->values);
  REQUIRE(row);
  CHECK((*row)->spf == true);
  CHECK((*row)->client == IpAddress::parse("198.51.100.7"));
  CHECK_FALSE(read_json_record("{"));
  CHECK_FALSE(read_json_record(std::string(100'000, '{')));
}
