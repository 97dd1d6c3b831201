#include "store/trace_store.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <latch>
#include <thread>

#include "base/encoding.h"
#include "policy/judged.h"
#include "store/trace_day.h"
#include "store/trace_files.h"

using namespace postern;
using namespace postern::store;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

const Time noon = *parse_iso("2025-06-13T12:00:00Z");

struct TemporaryFolder {
  TemporaryFolder() {
    char name[] = "/tmp/postern-trace-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
  }
  ~TemporaryFolder() { fs::remove_all(path); }
  std::string path;
};

TraceSettings settings_in(const TemporaryFolder& folder) {
  TraceSettings settings;
  settings.folder = folder.path + "/trace";
  settings.batch_delay = 1ms;
  settings.clock = [] { return noon; };
  return settings;
}

std::unique_ptr<TraceStore> open(const TraceSettings& settings) {
  auto store = TraceStore::open(settings);
  REQUIRE(store);
  return std::move(*store);
}

TraceRecord row(std::string recipient, Time received = noon - 1h) {
  TraceRecord record;
  record.message_trace_id = random_uuid();
  record.forward_path = std::move(recipient);
  record.received = received;
  record.session = "08DD3FA5DBC8F401";
  record.client = "192.0.2.1";
  record.hello = "mail.bank.test";
  record.reverse_path = "bob@bank.test";
  record.organization = "contoso";
  record.direction = "Incoming";
  record.decision = "Accept";
  record.reply = "250 2.1.5 Ok";
  record.status = TraceStatus::delivered;
  record.subject = "Your invoice";
  record.message_id = "<1@bank.test>";
  record.next_hop = "lmtp:127.0.0.1:24";
  record.size = 2048;
  return record;
}

TraceQuery all() {
  TraceQuery query;
  query.organization = "contoso";
  return query;
}

/// The recipients found, in order.
std::string found(TraceStore& store, const TraceQuery& query) {
  const auto answer = store.find(query);
  if (!answer) return answer.error().message;
  std::string text;
  for (const TraceRecord& record : answer->records) text += record.forward_path + " ";
  for (const std::string& problem : answer->problems) text += "! " + problem;
  if (answer->more) text += "…";
  return text;
}

}  // namespace

TEST_CASE("a row comes back as it was recorded, accepted or refused") {
  const TemporaryFolder folder;
  const auto store = open(settings_in(folder));
  TraceRecord refused = row("Ann@contoso.com");
  refused.ptr = "printer.test";
  refused.tls = "TLSv1.3 TLS_AES_256_GCM_SHA384";
  refused.certificate = "mail.bank.test";
  refused.connector = "printers";
  refused.direct_send = true;
  refused.decision = "Reject";
  refused.reply =
      "550 5.7.68 TenantInboundAttribution; Direct Send not allowed for this organization from "
      "unauthorized sources [mx.contoso.com 2025-06-13T11:00:00.476Z 08DD3FA5DBC8F401]";
  refused.reasons = {"RejectDirectSend", "AmbiguousConnector: A, B"};
  refused.status = TraceStatus::failed;
  refused.spf = "softfail";
  refused.spf_domain = "bank.test";
  refused.iprev = "pass";
  refused.dkim = {"pass d=bank.test s=s1", "fail d=list.test s=s2: body hash did not verify"};
  refused.arc = "fail";
  refused.dmarc = "fail";
  refused.dmarc_policy = "quarantine";
  refused.compauth = "fail 010";
  refused.signals = "SiblingName 50";
  refused.author = "ceo@contoso.com";
  refused.next_hop = "smtp:mail.contoso.com:25";
  refused.to_ip = "192.0.2.25";
  refused.content_milliseconds = 12;
  refused.delivery_milliseconds = 345;
  // A NUL and a thousand octets are kept as they are.
  refused.settings = std::string("{8:Contoso\0}", 12);
  refused.facts = "{15:ann@contoso.com}";
  refused.origin = "{}";
  refused.evidence = std::string(20'000, 'x');
  refused.settings_revision = 17;
  const dns::Question spf_record{"fabrikam.test", dns::Type::txt};
  dns::AnswerSet known;
  known.add(spf_record, std::make_shared<dns::Answer>(
                            dns::Answer{.status = dns::Status::ok, .texts = {"v=spf1 -all"}}));
  const auto asked = std::make_shared<dns::Asked>();
  asked->add(known);
  refused.asked = asked;
  store->record(refused);

  CHECK(store->find(all())->records.front().evidence.empty());
  TraceQuery query = all();
  query.with_basis = true;
  const auto answer = store->find(query);
  REQUIRE(answer);
  REQUIRE(answer->records.size() == 1);
  const TraceRecord& back = answer->records.front();
  CHECK(back.message_trace_id == refused.message_trace_id);
  CHECK(back.forward_path == refused.forward_path);
  CHECK(back.received == refused.received);
  CHECK(back.session == refused.session);
  CHECK(back.client == refused.client);
  CHECK(back.iprev == refused.iprev);
  CHECK(back.ptr == refused.ptr);
  CHECK(back.dkim == refused.dkim);
  CHECK(back.arc == refused.arc);
  CHECK(back.dmarc == refused.dmarc);
  CHECK(back.dmarc_policy == refused.dmarc_policy);
  CHECK(back.compauth == refused.compauth);
  CHECK(back.signals == refused.signals);
  CHECK(back.hello == refused.hello);
  CHECK(back.tls == refused.tls);
  CHECK(back.certificate == refused.certificate);
  CHECK(back.reverse_path == refused.reverse_path);
  CHECK(back.organization == refused.organization);
  CHECK(back.connector == refused.connector);
  CHECK(back.direction == refused.direction);
  CHECK(back.direct_send);
  CHECK(back.decision == refused.decision);
  CHECK(back.reply == refused.reply);
  CHECK(back.reasons == refused.reasons);
  CHECK(back.status == refused.status);
  CHECK(back.spf == refused.spf);
  CHECK(back.spf_domain == refused.spf_domain);
  CHECK(back.subject == refused.subject);
  CHECK(back.message_id == refused.message_id);
  CHECK(back.author == refused.author);
  CHECK(back.size == refused.size);
  CHECK(back.next_hop == refused.next_hop);
  CHECK(back.to_ip == refused.to_ip);
  CHECK(back.content_milliseconds == 12);
  CHECK(back.delivery_milliseconds == 345);
  CHECK(back.settings == refused.settings);
  CHECK(back.facts == refused.facts);
  CHECK(back.origin == refused.origin);
  CHECK(back.evidence == refused.evidence);
  CHECK(back.settings_revision == 17);
  const std::vector<std::string> answers = {"fabrikam.test TXT: \"v=spf1 -all\""};
  CHECK(back.answers == answers);

  // Written again, as after a release from quarantine, it still has all that it was judged on.
  TraceRecord released = back;
  released.status = TraceStatus::delivered;
  store->record(released);
  const auto again = store->find(query);
  REQUIRE(again->records.size() == 1);
  CHECK(again->records.front().status == TraceStatus::delivered);
  CHECK(again->records.front().evidence == refused.evidence);
  CHECK(again->records.front().answers == answers);
}

TEST_CASE(
    "an answer for many questions is told with each of them, and one for many messages once") {
  const TemporaryFolder folder;
  const auto store = open(settings_in(folder));
  const auto failure = std::make_shared<dns::Answer>(
      dns::Answer{.status = dns::Status::failure, .problem = "timeout"});
  const auto asked = std::make_shared<dns::Asked>();
  for (const char* name : {"a.test", "b.test"}) {
    dns::AnswerSet known;
    known.add({name, dns::Type::txt}, failure);
    asked->add(known);
  }
  for (int i = 0; i < 3; ++i) {
    TraceRecord one = row("ann" + std::to_string(i) + "@contoso.com");
    one.asked = asked;
    store->record(one);
  }
  TraceQuery query = all();
  query.with_basis = true;
  const auto answer = store->find(query);
  REQUIRE(answer);
  REQUIRE(answer->records.size() == 3);
  const std::vector<std::string> told = {"a.test TXT: no answer: timeout",
                                         "b.test TXT: no answer: timeout"};
  for (const TraceRecord& one : answer->records) CHECK(one.answers == told);
}

TEST_CASE("a file of the version before is read as it is, and written after it was brought up") {
  const TemporaryFolder folder;
  const TraceSettings settings = settings_in(folder);
  {
    const auto store = open(settings);
    store->record(row("ann@contoso.com"));
    store->record(row("old@contoso.com", noon - 24h));
  }
  for (const char* day : {"2025-06-12", "2025-06-13"}) {
    Database database = std::move(*Database::open(fmt::format("{}/{}.db", settings.folder, day)));
    for (const char* column :
         {"settings", "facts", "evidence", "settings_revision", "answers", "origin"})
      database.execute(fmt::format("ALTER TABLE row DROP COLUMN {}", column).c_str());
    database.execute("PRAGMA user_version = 3");
  }
  const auto store = open(settings);
  CHECK(found(*store, all()) == "ann@contoso.com old@contoso.com ");
  TraceRecord newer = row("new@contoso.com", noon);
  newer.settings = "{}";
  store->record(newer);
  TraceQuery query = all();
  query.with_basis = true;
  const auto answer = store->find(query);
  REQUIRE(answer);
  REQUIRE(answer->records.size() == 3);
  CHECK(answer->records[0].settings == "{}");
  CHECK(answer->records[1].settings.empty());
  CHECK(answer->records[2].forward_path == "old@contoso.com");
}

TEST_CASE("every parameter of the query filters") {
  const TemporaryFolder folder;
  const auto store = open(settings_in(folder));
  TraceRecord other = row("cy@contoso.com", noon - 2h);
  other.reverse_path = "news@shop.test";
  other.client = "2001:db8::1";
  other.subject = "Sale, invoice enclosed";
  other.message_id = "<2@shop.test>";
  other.status = TraceStatus::failed;
  other.next_hop = "smtp:[2001:db8::25]:25";
  TraceRecord null_path = row("dan@contoso.com", noon - 3h);
  null_path.reverse_path.clear();
  null_path.next_hop = "lmtp:mail.contoso.com:24";
  null_path.to_ip = "192.0.2.25";
  TraceRecord foreign = row("eve@fabrikam.test");
  foreign.organization = "fabrikam";
  store->record(row("Ann@contoso.com"));
  store->record(row("bob@contoso.com", noon - 90min));
  store->record(other);
  store->record(null_path);
  store->record(foreign);

  const auto with = [&](auto change) {
    TraceQuery query = all();
    change(query);
    return found(*store, query);
  };
  CHECK(found(*store, all()) == "Ann@contoso.com bob@contoso.com cy@contoso.com dan@contoso.com ");
  CHECK(with([](auto& q) { q.organization = "Fabrikam"; }) == "eve@fabrikam.test ");
  CHECK(with([](auto& q) { q.organization = "nobody"; }).empty());
  CHECK(with([](auto& q) { q.recipients = {"ann@CONTOSO.com"}; }) == "Ann@contoso.com ");
  CHECK(with([](auto& q) { q.recipients = {"*nn@*", "bob@contoso.com"}; }) ==
        "Ann@contoso.com bob@contoso.com ");
  CHECK(with([](auto& q) { q.recipients = {"nobody@contoso.com"}; }).empty());
  CHECK(with([](auto& q) { q.senders = {"news@shop.test"}; }) == "cy@contoso.com ");
  CHECK(with([](auto& q) { q.senders = {"*@bank.test"}; }) == "Ann@contoso.com bob@contoso.com ");
  CHECK(with([](auto& q) { q.senders = {"<>"}; }) == "dan@contoso.com ");
  CHECK(with([](auto& q) { q.message_ids = {"<2@shop.test>"}; }) == "cy@contoso.com ");
  CHECK(with([&](auto& q) { q.message_trace_id = other.message_trace_id; }) == "cy@contoso.com ");
  CHECK(with([](auto& q) { q.from_ip = "2001:db8::1"; }) == "cy@contoso.com ");
  CHECK(with([](auto& q) { q.to_ip = "2001:db8::25"; }) == "cy@contoso.com ");
  CHECK(with([](auto& q) { q.to_ip = "192.0.2.25"; }) == "dan@contoso.com ");
  CHECK(with([](auto& q) { q.statuses = {TraceStatus::failed, TraceStatus::pending}; }) ==
        "cy@contoso.com ");
  CHECK(with([](auto& q) { q.subject = "INVOICE"; }) ==
        "Ann@contoso.com bob@contoso.com cy@contoso.com dan@contoso.com ");
  CHECK(with([](auto& q) {
          q.subject = "sale";
          q.subject_filter = SubjectFilter::starts_with;
        }) == "cy@contoso.com ");
  CHECK(with([](auto& q) {
          q.subject = "enclosed";
          q.subject_filter = SubjectFilter::ends_with;
        }) == "cy@contoso.com ");
  CHECK(with([](auto& q) { q.start = noon - 90min; }) == "Ann@contoso.com bob@contoso.com ");
  CHECK(with([](auto& q) { q.end = noon - 2h; }) == "cy@contoso.com dan@contoso.com ");
  CHECK(with([](auto& q) {
          q.senders = {"*@bank.test"};
          q.recipients = {"bob@contoso.com"};
        }) == "bob@contoso.com ");
}

TEST_CASE("the time asked for is 48 hours or at most 10 days") {
  const TemporaryFolder folder;
  const auto store = open(settings_in(folder));
  store->record(row("new@contoso.com", noon - 47h));
  store->record(row("old@contoso.com", noon - 49h));
  CHECK(found(*store, all()) == "new@contoso.com ");
  TraceQuery query = all();
  query.start = noon - 240h;
  CHECK(found(*store, query) == "new@contoso.com old@contoso.com ");
  query.start = noon - 241h;
  query.end = noon;
  CHECK(found(*store, query).contains("cannot be more than 10 days"));
  query.start = noon + 1h;
  CHECK(found(*store, query) == "StartDate must be earlier than EndDate.");
}

TEST_CASE("rows of one moment go by recipient, and a query goes on where the last one ended") {
  const TemporaryFolder folder;
  const auto store = open(settings_in(folder));
  for (const char* name : {"d", "b", "A", "c"})
    store->record(row(std::string(name) + "@contoso.com"));
  store->record(row("e@contoso.com", noon - 2h));
  TraceQuery query = all();
  query.limit = 2;
  CHECK(found(*store, query) == "A@contoso.com b@contoso.com …");
  query.end = noon - 1h;
  query.starting_recipient = "b@contoso.com";
  CHECK(found(*store, query) == "c@contoso.com d@contoso.com …");
  query.starting_recipient = "d@contoso.com";
  CHECK(found(*store, query) == "e@contoso.com ");
}

TEST_CASE("a later record of the same transaction and recipient replaces the first") {
  const TemporaryFolder folder;
  const auto store = open(settings_in(folder));
  TraceRecord record = row("ann@contoso.com");
  record.status = TraceStatus::pending;
  store->record(record);
  record.status = TraceStatus::delivered;
  store->record(record);
  const auto answer = store->find(all());
  REQUIRE(answer);
  REQUIRE(answer->records.size() == 1);
  CHECK(answer->records.front().status == TraceStatus::delivered);
}

TEST_CASE("each day has its file, and a query reads across them") {
  const TemporaryFolder folder;
  const TraceSettings settings = settings_in(folder);
  const auto store = open(settings);
  const Time midnight = *parse_iso("2025-06-13T00:00:00Z");
  store->record(row("before@contoso.com", midnight - 1us));
  store->record(row("after@contoso.com", midnight));
  store->record(row("before2@contoso.com", midnight - 2us));
  CHECK(found(*store, all()) == "after@contoso.com before@contoso.com before2@contoso.com ");
  CHECK(fs::exists(settings.folder + "/2025-06-12.db"));
  CHECK(fs::exists(settings.folder + "/2025-06-13.db"));
  CHECK(fs::status(settings.folder + "/2025-06-13.db").permissions() ==
        (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("rows are there after a restart") {
  const TemporaryFolder folder;
  open(settings_in(folder))->record(row("ann@contoso.com"));
  CHECK(found(*open(settings_in(folder)), all()) == "ann@contoso.com ");
}

TEST_CASE("days that are too old are dropped whole, the newest day begins it") {
  const TemporaryFolder folder;
  TraceSettings settings = settings_in(folder);
  std::atomic<std::int64_t> days_later = 0;
  settings.keep_days = 2;
  settings.clock = [&] { return noon + std::chrono::days(days_later.load()); };
  const auto store = open(settings);
  for (int day = 0; day < 3; ++day) store->record(row("ann@contoso.com", noon - day * 24h));
  REQUIRE(store->flush(10s));
  CHECK(list_trace_days(settings.folder).size() == 3);

  days_later = 2;
  // The first batch sees the new day and drops; the second is written after that.
  store->record(row("bob@contoso.com", noon + 48h));
  REQUIRE(store->flush(10s));
  const auto days = list_trace_days(settings.folder);
  REQUIRE(days.size() == 2);
  CHECK(days[0].name == "2025-06-13");
  CHECK(days[1].name == "2025-06-15");
}

TEST_CASE("the oldest days go until the rest fits, today's stays") {
  const std::vector<TraceDay> days = {{"2025-06-10", "", 100},
                                      {"2025-06-11", "", 100},
                                      {"2025-06-12", "", 100},
                                      {"2025-06-13", "", 100}};
  const auto dropped = [&](const std::string& first, std::int64_t bytes) {
    std::string text;
    for (const TraceDay& day : days_to_drop(days, first, "2025-06-13", bytes)) {
      text += day.name.substr(8) + " ";
    }
    return text;
  };
  CHECK(dropped("2025-01-01", 400).empty());
  CHECK(dropped("2025-01-01", 399) == "10 ");
  CHECK(dropped("2025-01-01", 150) == "10 11 12 ");
  CHECK(dropped("2025-01-01", 0) == "10 11 12 ");
  CHECK(dropped("2025-06-12", 400) == "10 11 ");
  CHECK(dropped("2025-06-20", 400) == "10 11 12 ");
}

TEST_CASE("when today's file alone is too large, rows are lost and counted") {
  const TemporaryFolder folder;
  TraceSettings settings = settings_in(folder);
  open(settings)->record(row("ann@contoso.com"));
  settings.max_bytes = 1000;
  const auto store = open(settings);
  store->record(row("bob@contoso.com"));
  CHECK(store->flush(10s));
  CHECK(store->counters().lost == 1);
  CHECK(found(*store, all()) == "ann@contoso.com ");
}

TEST_CASE("a damaged file is set aside and told of") {
  const TemporaryFolder folder;
  const TraceSettings settings = settings_in(folder);
  const std::string today = settings.folder + "/2025-06-13.db";
  const std::string yesterday = settings.folder + "/2025-06-12.db";
  fs::create_directories(settings.folder);
  std::ofstream(today) << "this was never a database, and is long enough to look like one";
  std::ofstream(yesterday) << "nor was this one a database, and nobody will write to it again";
  const auto store = open(settings);
  store->record(row("ann@contoso.com"));
  const std::string answer = found(*store, all());
  CHECK(answer.starts_with("ann@contoso.com ! "));
  CHECK(answer.contains(yesterday));
  CHECK(fs::exists(today + ".damaged"));
  CHECK(store->counters().lost == 0);
}

TEST_CASE("a file whose pages are damaged is set aside") {
  const TemporaryFolder folder;
  const TraceSettings settings = settings_in(folder);
  const std::string today = settings.folder + "/2025-06-13.db";
  open(settings)->record(row("ann@contoso.com"));
  {
    std::fstream file(today, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(100);
    file << std::string(20'000, '\x5a');
  }
  const auto store = open(settings);
  store->record(row("bob@contoso.com"));
  CHECK(found(*store, all()) == "bob@contoso.com ");
  CHECK(fs::exists(today + ".damaged"));
}

TEST_CASE("a file of another schema is not touched but set aside") {
  const TemporaryFolder folder;
  const TraceSettings settings = settings_in(folder);
  const std::string today = settings.folder + "/2025-06-13.db";
  fs::create_directories(settings.folder);
  {
    Database database = std::move(*Database::open(today));
    database.execute("PRAGMA user_version = 99");
  }
  const auto store = open(settings);
  store->record(row("ann@contoso.com"));
  CHECK(found(*store, all()) == "ann@contoso.com ");
  CHECK(fs::exists(today + ".damaged"));
}

TEST_CASE("while the disk is gone rows wait, and are written when it is back") {
  const TemporaryFolder folder;
  TraceSettings settings = settings_in(folder);
  settings.queue_rows = 3;
  settings.patience = 10min;
  const auto store = open(settings);
  store->record(row("a@contoso.com"));
  REQUIRE(store->flush(10s));

  // The folder becomes a file: nothing can be created below it, not even by root.
  fs::remove_all(settings.folder);
  std::ofstream(settings.folder) << "x";
  store->record(row("b@contoso.com"));
  CHECK_FALSE(store->flush(10s));
  for (const char* name : {"c", "d", "e", "f"})
    store->record(row(std::string(name) + "@contoso.com"));
  CHECK(store->counters().lost == 2);
  CHECK(store->counters().queued == 3);
  CHECK(store->counters().written == 1);

  fs::remove(settings.folder);
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (store->counters().queued > 0 && std::chrono::steady_clock::now() < deadline) {
    store->flush(1s);
    std::this_thread::yield();
  }
  CHECK(store->counters().written == 4);
  CHECK(found(*store, all()) == "b@contoso.com c@contoso.com d@contoso.com ");
}

TEST_CASE("rows that cannot be written for too long are lost, and later ones are not") {
  const TemporaryFolder folder;
  TraceSettings settings = settings_in(folder);
  settings.patience = 0s;
  const auto store = open(settings);
  fs::remove_all(settings.folder);
  std::ofstream(settings.folder) << "x";
  store->record(row("a@contoso.com"));
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (store->counters().lost == 0 && std::chrono::steady_clock::now() < deadline) {
    store->flush(1s);
  }
  CHECK(store->counters().lost == 1);
  fs::remove(settings.folder);
  store->record(row("b@contoso.com"));
  CHECK(found(*store, all()) == "b@contoso.com ");
}

TEST_CASE("the end does not wait for a disk that is gone") {
  const TemporaryFolder folder;
  const TraceSettings settings = settings_in(folder);
  auto store = open(settings);
  fs::remove_all(settings.folder);
  std::ofstream(settings.folder) << "x";
  for (int i = 0; i < 5000; ++i) store->record(row("ann@contoso.com"));
  const auto begin = std::chrono::steady_clock::now();
  store.reset();
  // Bounded is what matters: a try for each of the rows would take minutes.
  CHECK(std::chrono::steady_clock::now() - begin < 60s);
}

TEST_CASE("a folder that cannot be made is an error at the start") {
  TraceSettings settings;
  settings.folder = "/proc/postern-trace";
  const auto store = TraceStore::open(settings);
  REQUIRE_FALSE(store);
  CHECK(store.error().message.contains("/proc/postern-trace"));
}

TEST_CASE("many threads record while others ask") {
  const TemporaryFolder folder;
  const auto store = open(settings_in(folder));
  constexpr int threads = 4, rows_each = 500;
  std::latch start(threads);
  {
    std::vector<std::jthread> writers;
    for (int t = 0; t < threads; ++t) {
      writers.emplace_back([&] {
        start.arrive_and_wait();
        for (int i = 0; i < rows_each; ++i) store->record(row("ann@contoso.com"));
      });
    }
    for (int i = 0; i < 5; ++i) CHECK(store->find(all()));
  }
  CHECK(store->flush(60s));
  CHECK(store->counters().written == threads * rows_each);
  CHECK(store->counters().lost == 0);
}

TEST_CASE("texts are cut between characters, rows and reasons are bounded") {
  TraceRecord record = row("ann@contoso.com");
  record.subject.clear();
  while (record.subject.size() < 5000) record.subject += "€";
  record.reasons.assign(1000, std::string(5000, 'x'));
  cut_to_size(record);
  CHECK(record.subject.size() <= max_trace_text);
  CHECK(record.subject.size() % 3 == 0);
  CHECK(record.reasons.size() == 20);
  CHECK(record.reasons.front().size() == max_trace_text);
}

namespace {

/// Texts as the edge keeps them, for mail of a vendor with SPF, one signature and DMARC.
void keep_basis(TraceRecord& record, const std::string& vendor) {
  policy::JudgedSettings basis{.server_name = "mx1.contoso.com", .has_relay = true};
  basis.organizations.push_back({.name = "contoso", .domains = {{.name = "contoso.com"}}});
  basis.policy.name = "Default";
  record.settings = to_archive(basis);
  record.facts = to_archive(policy::JudgedFacts{
      .destination = directory::Destination{.recipient = record.forward_path, .detail = ""}});
  policy::JudgedEvidence evidence;
  evidence.mail_from = auth::SpfEvaluation{.result = auth::SpfResult::pass,
                                           .domain = vendor,
                                           .mechanism = "ip4:192.0.2.0/24 of _spf." + vendor};
  evidence.helo = auth::SpfEvaluation{.domain = record.hello, .problem = "no record"};
  evidence.iprev = {auth::IprevResult::pass, record.ptr, true};
  if (record.decision != "Reject") {
    policy::JudgedMessage& message = evidence.message.emplace();
    message.author_domains = {vendor};
    message.dkim = {{.status = auth::DkimStatus::pass,
                     .problem = auth::DkimProblem::none,
                     .domain = vendor,
                     .selector = "selector1",
                     .key_bits = 2048}};
    message.dmarc = {.result = auth::DmarcResult::pass,
                     .author_domain = vendor,
                     .organizational_domain = vendor,
                     .record_domain = vendor,
                     .record = "v=DMARC1; p=reject; rua=mailto:dmarc@" + vendor,
                     .policy = auth::DmarcPolicy::reject,
                     .policy_tag = "p"};
    message.suffixes.emplace();
  }
  policy::EvidenceTexts texts = to_archive(evidence);
  record.origin = std::move(texts.origin);
  record.evidence = std::move(texts.evidence);
  record.settings_revision = 1'234;
}

/// Of a day of ordinary mail, indexes included.
std::int64_t bytes_a_row(bool with_basis) {
  const TemporaryFolder folder;
  const TraceSettings settings = settings_in(folder);
  constexpr int rows = 20'000;
  {
    const auto store = open(settings);
    for (int i = 0; i < rows; ++i) {
      const int host = i * 7919 % 2000;
      TraceRecord record = row(fmt::format("user{}@contoso.com", i % 500), noon - 1s * (i / 4));
      record.client = fmt::format("192.0.2.{}", host % 250);
      record.ptr = record.hello = fmt::format("mail{}.vendor{}.test", host, host % 700);
      record.tls = "TLSv1.3 TLS_AES_256_GCM_SHA384";
      record.session = random_hex(8);
      if (i % 10 < 3) {
        record.decision = "Reject";
        record.reasons = {"RejectDirectSend"};
        record.subject.clear();
        record.message_id.clear();
        record.reply = fmt::format(
            "550 5.7.68 TenantInboundAttribution; Direct Send not allowed for this organization "
            "from unauthorized sources [mx1.contoso.com {} {}]",
            format_iso(record.received), record.session);
      } else {
        record.reverse_path = fmt::format("bounce+{}@vendor{}.test", random_hex(6), host % 700);
        record.subject =
            fmt::format("Re: your order {} of vendor{}.test has shipped", i, host % 700);
        record.message_id = fmt::format("<{}@{}>", random_uuid(), record.hello);
        record.reply = fmt::format("250 2.0.0 Ok: queued as {}", random_hex(5));
        record.spf = "pass";
        record.spf_domain = fmt::format("vendor{}.test", host % 700);
        record.author = "news@" + record.spf_domain;
        record.compauth = i % 3 == 0 ? "pass 109" : "pass 100";
      }
      if (with_basis) keep_basis(record, fmt::format("vendor{}.test", host % 700));
      store->record(std::move(record));
    }
    REQUIRE(store->flush(60s));
    CHECK(store->counters().lost == 0);
  }
  std::int64_t bytes = 0;
  for (const TraceDay& day : list_trace_days(settings.folder)) bytes += day.bytes;
  return bytes / rows;
}

}  // namespace

TEST_CASE("a row of ordinary mail takes at most 600 bytes, what it was judged on included") {
  const std::int64_t without = bytes_a_row(false);
  const std::int64_t with = bytes_a_row(true);
  MESSAGE("bytes a trace row: ", with, ", without what it was judged on: ", without);
  CHECK(with <= 600);
}
