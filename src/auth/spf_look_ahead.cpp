// Which questions will SPF ask next?
//
// An evaluation goes through a record from left to right and stops at the first answer that is
// missing. Asking for one answer at a time would take a round trip for each term, so from there
// on the records are only read, and all questions of their terms are asked at once, through
// includes whose records are known. For
//
//   v=spf1 a mx include:_spf.example.com -all
//
// the first round asks for the record, the second for A, MX and the included record, the third
// for the addresses of the MX names and what the included record asks.
#include "auth/spf_context.h"

namespace postern::auth {
namespace {

/// A record that needs more than this at once has to wait for another round.
constexpr std::size_t max_questions_at_once = 25;

class LookAhead {
 public:
  explicit LookAhead(SpfContext& context) : context_(context) {}

  /// False: the evaluation cannot come to what stands behind this record.
  bool read(std::string_view domain) {
    const dns::Answer* answer = context_.find(domain, dns::Type::txt);
    if (!answer) return true;
    const SpfSelection selection = select_spf_record(*answer);
    if (!selection.text || selection.several) return true;
    const auto parsed = context_.parse(*selection.text);
    const auto& record = parsed->record();
    if (!record) return false;

    for (const SpfDirective& directive : record->directives) {
      // Where a directive is known to match, this record ends, and with a pass all others.
      if (!directive.asks()) {
        const bool matches =
            directive.mechanism == SpfMechanism::all || directive.has_in_network(context_.client());
        if (matches) return directive.result != SpfResult::pass;
        continue;
      }
      if (!spend() || !read(directive, domain)) return false;
    }
    if (record->redirect.empty()) return true;
    return spend() && follow(record->redirect, domain);
  }

 private:
  /// Section 4.6.4: what is behind the tenth term is not reached.
  bool spend() { return --lookups_left_ >= 0 && context_.missing().size() < max_questions_at_once; }

  bool read(const SpfDirective& directive, std::string_view domain) {
    if (directive.mechanism == SpfMechanism::include) return follow(directive.domain_spec, domain);
    if (directive.mechanism == SpfMechanism::ptr) {
      (void)context_.validated_names();
      return true;
    }
    const auto target = context_.target_name(directive.domain_spec, domain);
    if (!target || target->empty()) return true;
    if (directive.mechanism == SpfMechanism::a)
      (void)context_.find(*target, context_.address_type());
    if (directive.mechanism == SpfMechanism::exists) (void)context_.find(*target, dns::Type::a);
    if (directive.mechanism == SpfMechanism::mx) {
      const dns::Answer* exchanges = context_.find(*target, dns::Type::mx);
      if (!exchanges) return true;
      auto hosts = mx_hosts(*exchanges);
      if (hosts.size() > max_spf_mx_names) hosts.resize(max_spf_mx_names);
      for (const std::string_view host : hosts) (void)context_.find(host, context_.address_type());
    }
    return true;
  }

  bool follow(std::string_view domain_spec, std::string_view domain) {
    const auto target = context_.target_name(domain_spec, domain);
    return !target || target->empty() || read(*target);
  }

  SpfContext& context_;
  int lookups_left_ = max_spf_lookups;
};

}  // namespace

void look_ahead(SpfContext& context) {
  LookAhead(context).read(context.domain());
}

}  // namespace postern::auth
