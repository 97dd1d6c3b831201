#include "dns/unbound_resolver.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unbound.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <list>
#include <utility>

#include "base/ip_address.h"
#include "dns/ask.h"
#include "dns/reverse_name.h"
#include "dns/wire.h"

namespace postern::dns {
namespace {

using Clock = std::chrono::steady_clock;

/// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

struct DeleteContext {
  void operator()(ub_ctx* context) const { ub_ctx_delete(context); }
};
using Context = std::unique_ptr<ub_ctx, DeleteContext>;

std::string_view packet_of(const ub_result& result) {
  if (result.answer_packet == nullptr || result.answer_len <= 0) return {};
  return {static_cast<const char*>(result.answer_packet),
          static_cast<std::size_t>(result.answer_len)};
}

Answer to_answer(const Question& question, int error, const ub_result* result) {
  if (error != 0 || result == nullptr) return {.problem = ub_strerror(error)};
  // A bogus answer is no answer: RFC 4035 section 5.5 wants SERVFAIL.
  if (result->bogus)
    return {.problem = std::string("bogus: ") + (result->why_bogus ? result->why_bogus : "")};
  constexpr int servfail = 2;
  if (packet_of(*result).empty())
    return {.problem = result->rcode == servfail ? "SERVFAIL" : "no reply"};
  Answer answer = decode_reply(question, packet_of(*result));
  answer.secure = result->secure != 0;
  return answer;
}

class UnboundResolver final : public Resolver {
 public:
  UnboundResolver(Context context, const UnboundOptions& options)
      : context_(std::move(context)),
        options_(options),
        timer_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
        events_(epoll_create1(EPOLL_CLOEXEC)) {}

  /// False: the system has no more descriptors.
  bool start() {
    for (const int fd : {ub_fd(context_.get()), timer_.get()}) {
      epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
      if (epoll_ctl(events_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return false;
    }
    return true;
  }

  void ask(const Question& question, Callback callback) override {
    if (open_.size() >= options_.max_outstanding) {
      callback(make_failure("too many questions in flight"));
      return;
    }
    open_.push_back(
        {this, question, std::move(callback), Clock::now() + options_.question_timeout});
    Open& open = open_.back();
    open.self = std::prev(open_.end());
    const std::string name = question.name + ".";
    const int error =
        ub_resolve_async(context_.get(), name.c_str(), static_cast<int>(question.type), 1, &open,
                         &UnboundResolver::on_result, &open.id);
    if (error != 0) {
      Callback refused = std::move(open.callback);
      open_.pop_back();
      refused(make_failure(ub_strerror(error)));
      return;
    }
    if (open_.size() == 1) set_timer();
  }

  int descriptor() const override { return events_.get(); }

  void process() override {
    ub_process(context_.get());
    expire();
    set_timer();
    // Called last: a callback may ask again, or even end this resolver's owner.
    auto done = std::exchange(done_, {});
    for (auto& [callback, answer] : done) callback(std::move(answer));
  }

 private:
  struct Open {
    UnboundResolver* resolver;
    Question question;
    Callback callback;
    Clock::time_point deadline;
    int id = 0;
    std::list<Open>::iterator self{};
  };

  /// Called by ub_process, in our thread.
  static void on_result(void* data, int error, ub_result* result) {
    Open& open = *static_cast<Open*>(data);
    UnboundResolver& resolver = *open.resolver;
    if (open.callback) resolver.finish(open, to_answer(open.question, error, result));
    ub_resolve_free(result);
    std::list<Open>& list = open.id == given_up ? resolver.given_up_ : resolver.open_;
    list.erase(open.self);
  }

  void finish(Open& open, Answer answer) {
    done_.emplace_back(std::move(open.callback), std::make_shared<const Answer>(std::move(answer)));
    open.callback = nullptr;
  }

  /// All time-outs are equal, so the oldest question is the first to end.
  void expire() {
    const auto now = Clock::now();
    while (!open_.empty() && open_.front().deadline <= now) {
      Open& open = open_.front();
      finish(open, {.problem = "timeout"});
      if (ub_cancel(context_.get(), open.id) == 0) {
        open_.pop_front();
      } else {
        // libunbound may still call back, and must find something then.
        open.id = given_up;
        given_up_.splice(given_up_.end(), open_, open_.begin());
      }
    }
  }

  void set_timer() {
    itimerspec when{};
    if (!open_.empty()) {
      const auto left = std::max<std::chrono::nanoseconds>(open_.front().deadline - Clock::now(),
                                                           std::chrono::milliseconds(1));
      const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
      when.it_value.tv_sec = seconds.count();
      when.it_value.tv_nsec = (left - seconds).count();
    }
    // Setting it also takes back that it has fired.
    timerfd_settime(timer_.get(), 0, &when, nullptr);
  }

  static constexpr int given_up = -1;

  Context context_;
  UnboundOptions options_;
  Descriptor timer_;
  Descriptor events_;
  std::list<Open> open_;  ///< oldest first
  std::list<Open> given_up_;
  std::vector<std::pair<Callback, AnswerSet::Shared>> done_;
};

/// Options that make libunbound fit for a mail server in any network, and for tests.
bool set_options(ub_ctx* context) {
  constexpr std::pair<const char*, const char*> settings[] = {
      {"do-not-query-localhost:", "no"},
      // PTR of private and documentation prefixes reach the servers, validated or not.
      {"unblock-lan-zones:", "yes"},
      {"insecure-lan-zones:", "yes"},
      // A server that was away is tried again soon.
      {"infra-host-ttl:", "60"},
      {"infra-keep-probing:", "yes"},
  };
  return std::ranges::all_of(settings, [context](const auto& setting) {
    return ub_ctx_set_option(context, setting.first, setting.second) == 0;
  });
}

/// Lets names through that libunbound answers by itself. Nothing can be set after this.
bool open_zones(ub_ctx* context) {
  const std::string zones[] = {"test.", "127.in-addr.arpa.",
                               reverse_name(*IpAddress::parse("::1")) + "."};
  return std::ranges::all_of(zones, [context](const std::string& zone) {
    return ub_ctx_zone_remove(context, zone.c_str()) == 0;
  });
}

/// Where Debian's packages put the key of the root.
std::string system_trust_anchor() {
  for (const char* file : {"/usr/share/dns/root.key", "/var/lib/unbound/root.key"})
    if (access(file, R_OK) == 0) return file;
  return {};
}

}  // namespace

Result<std::string> to_unbound_address(std::string_view server) {
  const auto wrong = [server] {
    return fail("`" + std::string(server) +
                "` is no DNS server: an IP address is expected, or "
                "address:port, for IPv6 with a port [address]:port.");
  };
  std::string_view address = server, port;
  if (server.starts_with('[')) {
    const std::size_t end = server.find(']');
    if (end == std::string_view::npos) return wrong();
    address = server.substr(1, end - 1);
    port = server.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return wrong();
  } else if (std::ranges::count(server, ':') == 1) {
    address = server.substr(0, server.find(':'));
    port = server.substr(server.find(':'));
  }
  if (!IpAddress::parse(address)) return wrong();
  if (port.empty()) return std::string(address);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data() + 1, port.data() + port.size(), number);
  if (error != std::errc() || end != port.data() + port.size() || number < 1 || number > 65535)
    return wrong();
  return std::string(address) + "@" + std::to_string(number);
}

Result<std::unique_ptr<Resolver>> make_unbound_resolver(const UnboundOptions& options) {
  Context context(ub_ctx_create());
  if (!context) return fail("libunbound cannot be started: no memory or random numbers.");
  // Its messages are about single names; what matters is in the answers.
  ub_ctx_debugout(context.get(), nullptr);
  if (!set_options(context.get())) return fail("libunbound does not know an option.");

  for (const std::string& server : options.servers) {
    const auto address = to_unbound_address(server);
    if (!address) return std::unexpected(address.error());
    if (ub_ctx_set_fwd(context.get(), address->c_str()) != 0)
      return fail("libunbound does not take the DNS server `" + server + "`.");
  }
  if (options.servers.empty() && ub_ctx_resolvconf(context.get(), nullptr) != 0)
    return fail("/etc/resolv.conf cannot be read; name DNS servers in [dns] servers.");

  std::string anchor = options.trust_anchor;
  if (!anchor.empty() && access(anchor.c_str(), R_OK) != 0)
    return fail("The trust anchor " + anchor + " cannot be read.");
  if (anchor.empty() && options.servers.empty()) anchor = system_trust_anchor();
  if (!anchor.empty() && ub_ctx_add_ta_file(context.get(), anchor.c_str()) != 0)
    return fail("libunbound does not take the trust anchor " + anchor + ".");

  if (ub_ctx_async(context.get(), 1) != 0) return fail("libunbound cannot work in a thread.");
  if (!open_zones(context.get()))
    return fail("libunbound cannot be started with this trust anchor and these servers.");
  auto resolver = std::make_unique<UnboundResolver>(std::move(context), options);
  if (!resolver->start()) return fail("No descriptors are left for the DNS.");
  return resolver;
}

}  // namespace postern::dns
