#include "edge/demo_traffic.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <random>
#include <tuple>

namespace postern::edge {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;

constexpr std::string_view scanner_address = "198.51.100.41";
/// How many days ago it moved, and when the waves came.
constexpr int scanner_moved = 12;
constexpr std::array waves = {23, 6};

constexpr std::array names = {"ann", "bob", "carla", "dan", "eve", "finn", "gina", "hugo"};
constexpr unsigned people = names.size();

std::string own(std::string_view local_part) {
  return fmt::format("{}@{}", local_part, demo_domain);
}

class Company {
 public:
  explicit Company(Time until) : until_(until) {}

  std::vector<DemoMail> take() {
    const auto today = std::chrono::floor<days>(until_);
    for (int ago = demo_days; ago >= 0; --ago) a_day(today - days(ago), ago);
    std::ranges::sort(mails_, {}, [](const DemoMail& mail) {
      return std::tie(mail.time, mail.client, mail.forward_path, mail.subject);
    });
    return std::move(mails_);
  }

 private:
  unsigned below(unsigned count) { return static_cast<unsigned>(random_() % count); }
  std::string person() { return own(names[below(people)]); }

  /// At a second between two hours of the day.
  Time between(Time day, int from, int to) {
    return day + hours(from) + seconds(below(static_cast<unsigned>(to - from) * 3600));
  }

  void send(DemoMail mail) {
    const Time from = until_ - days(demo_days);
    if (mail.time >= from && mail.time <= until_) mails_.push_back(std::move(mail));
  }

  void a_day(std::chrono::sys_days day, int ago) {
    const std::chrono::weekday weekday(day);
    const bool works = weekday != std::chrono::Saturday && weekday != std::chrono::Sunday;
    if (works) {
      printers(day);
      scanner(day, ago);
    }
    payroll(day);
    forwarder(day, works);
    outside(day, works ? 60 : 15);
    if (std::ranges::find(waves, ago) != waves.end()) wave(day);
  }

  /// Two of them, in the address range that the SPF record has.
  void printers(Time day) {
    for (unsigned number = 3; number <= 4; ++number) {
      for (unsigned i = 5 + below(6); i > 0; --i) {
        const std::string name = fmt::format("printer{}", number);
        send({.time = between(day, 7, 18),
              .client = fmt::format("198.51.100.{}", number),
              .hello = fmt::format("{}.office.{}", name, demo_domain),
              .reverse_path = own(name),
              .forward_path = person(),
              .author = own(name),
              .subject = fmt::format("Scan {:04}", below(10'000))});
      }
    }
  }

  /// It had a connector, got another address, and nobody told the connector.
  void scanner(Time day, int ago) {
    for (unsigned i = 3 + below(4); i > 0; --i) {
      send({.time = between(day, 8, 17),
            .client =
                std::string(ago > scanner_moved ? demo_scanner_connector_address : scanner_address),
            .hello = fmt::format("scanner.office.{}", demo_domain),
            .reverse_path = own("scanner"),
            .forward_path = person(),
            .author = own("scanner"),
            .subject = fmt::format("Document {:04}", below(10'000))});
    }
  }

  /// A service that sends in the company's name, with a certificate and a signature.
  void payroll(Time day) {
    const bool is_pay_day =
        std::chrono::year_month_day(std::chrono::floor<days>(day)).day() == std::chrono::day(25);
    for (unsigned i = is_pay_day ? 8 : 2; i > 0; --i) {
      send({.time = between(day, 5, 7),
            .client = fmt::format("203.0.113.{}", 130 + below(3)),
            .hello = "smtp.payroll.test",
            .tls = true,
            .certificate_names = {"smtp.payroll.test"},
            .reverse_path = own("payroll"),
            .forward_path = is_pay_day ? own(names[i - 1]) : person(),
            .author = own("payroll"),
            .subject = is_pay_day ? "Your payslip" : "Hours of yesterday",
            .signer = std::string(demo_domain)});
    }
  }

  /// Brings back what people wrote to their old school, with the reverse-path that it had.
  void forwarder(Time day, bool works) {
    if (!works) return;
    for (unsigned i = 1 + below(3); i > 0; --i) {
      const std::string sender = person();
      send({.time = between(day, 9, 20),
            .client = "192.0.2.77",
            .hello = "mail.alumni.test",
            .tls = true,
            .reverse_path = sender,
            .forward_path = person(),
            .author = sender,
            .subject = "Re: Summer party",
            .signer = std::string(demo_domain)});
    }
  }

  void outside(Time day, unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      const unsigned kind = below(20);
      if (kind == 0) {  // a bounce
        const unsigned company = below(20);
        send({.time = between(day, 0, 24),
              .client = fmt::format("192.0.2.{}", 100 + company),
              .hello = fmt::format("mail.company{}.test", company),
              .tls = true,
              .forward_path = person(),
              .author = fmt::format("mailer-daemon@company{}.test", company),
              .subject = "Undelivered Mail Returned to Sender"});
      } else if (kind == 1) {  // to somebody who is not there
        send({.time = between(day, 0, 24),
              .client = fmt::format("192.0.2.{}", 200 + below(50)),
              .hello = "mx.list-of-addresses.test",
              .reverse_path = "offers@list-of-addresses.test",
              .forward_path = own(fmt::format("info{}", below(30))),
              .author = "offers@list-of-addresses.test",
              .subject = "Your offer"});
      } else if (kind < 7) {
        send({.time = between(day, 6, 22),
              .client = fmt::format("203.0.113.{}", 10 + below(4)),
              .hello = "out.news.test",
              .tls = true,
              .reverse_path = fmt::format("bounce-{:06}@news.test", below(1'000'000)),
              .forward_path = person(),
              .author = "letter@news.test",
              .subject = "This week in printing",
              .signer = "news.test"});
      } else {
        const unsigned company = below(20);
        const std::string domain = fmt::format("company{}.test", company);
        const std::string sender = fmt::format("{}@{}", names[below(people)], domain);
        send({.time = between(day, 7, 19),
              .client = fmt::format("192.0.2.{}", 100 + company),
              .hello = "mail." + domain,
              .tls = true,
              .reverse_path = sender,
              .forward_path = person(),
              .author = sender,
              .subject = fmt::format("Order {:05}", below(100'000)),
              .signer = company % 2 == 0 ? domain : std::string()});
      }
    }
  }

  /// Some machines of strangers write to everybody in his own name.
  void wave(Time day) {
    for (unsigned i = 0; i < 240; ++i) {
      const std::string victim = person();
      const std::string client = fmt::format("198.18.{}.{}", below(3), 1 + below(12) * 17);
      send({.time = between(day, 2, 5),
            .client = client,
            .hello = fmt::format("[{}]", client),
            .reverse_path = victim,
            .forward_path = victim,
            .author = victim,
            .subject = "Missed voice message"});
    }
  }

  const Time until_;
  std::mt19937 random_{20'250'428};
  std::vector<DemoMail> mails_;
};

}  // namespace

std::vector<std::string> demo_people() {
  std::vector<std::string> addresses;
  for (const std::string_view name : names) addresses.push_back(own(name));
  return addresses;
}

std::vector<DemoMail> make_demo_traffic(Time until) {
  return Company(until).take();
}

}  // namespace postern::edge
