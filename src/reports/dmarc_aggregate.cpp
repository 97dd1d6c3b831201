#include "reports/dmarc_aggregate.h"

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <utility>

#include "reports/words.h"
#include "reports/xml_elements.h"

namespace postern::reports {
namespace {

using auth::DkimStatus;
using auth::DmarcMode;
using auth::DmarcPolicy;
using auth::SpfResult;

std::uint64_t to_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? number : 0;
}

/// Seconds since 1970, up to the year 9999.
std::optional<Time> to_time(std::string_view text) {
  constexpr std::uint64_t latest = 253'402'300'799;
  const std::uint64_t seconds = to_number(text);
  if (seconds == 0 || seconds > latest) return std::nullopt;
  return Time(std::chrono::seconds(seconds));
}

std::optional<DmarcMode> to_mode(std::string_view text) {
  if (iequals(text, "r")) return DmarcMode::relaxed;
  if (iequals(text, "s")) return DmarcMode::strict;
  return std::nullopt;
}

std::optional<DmarcPolicy> to_policy(std::string_view text) {
  return find_word(text, {DmarcPolicy::none, DmarcPolicy::quarantine, DmarcPolicy::reject});
}

std::optional<DmarcDisposition> to_disposition(std::string_view text) {
  return find_word(text, {DmarcDisposition::none, DmarcDisposition::pass,
                          DmarcDisposition::quarantine, DmarcDisposition::reject});
}

std::optional<DmarcAligned> to_aligned(std::string_view text) {
  return find_word(text, {DmarcAligned::pass, DmarcAligned::fail});
}

std::optional<DkimStatus> to_dkim(std::string_view text) {
  return find_word(text, {DkimStatus::none, DkimStatus::pass, DkimStatus::fail, DkimStatus::policy,
                          DkimStatus::neutral, DkimStatus::temperror, DkimStatus::permerror});
}

std::optional<SpfResult> to_spf(std::string_view text) {
  // Words of programs that are older than RFC 7489, whose appendix C explains the last two.
  if (iequals(text, "hardfail")) return SpfResult::fail;
  if (iequals(text, "unknown")) return SpfResult::temperror;
  if (iequals(text, "error")) return SpfResult::permerror;
  return find_word(text, {SpfResult::none, SpfResult::neutral, SpfResult::pass, SpfResult::fail,
                          SpfResult::softfail, SpfResult::temperror, SpfResult::permerror});
}

std::optional<DmarcOverride> to_override(std::string_view text) {
  return find_word(
      text, {DmarcOverride::forwarded, DmarcOverride::local_policy, DmarcOverride::mailing_list,
             DmarcOverride::other, DmarcOverride::policy_test_mode, DmarcOverride::sampled_out,
             DmarcOverride::trusted_forwarder});
}

using Report = DmarcAggregateReport;

DmarcReportRecord& record(Report& report) {
  return report.records.back();
}

/// One element of the schema, and where its text goes.
struct Element {
  std::string_view path;
  void (*set)(Report&, std::string);
};

constexpr Element elements[] = {
    {"feedback/version", [](Report& r, std::string t) { r.version = t; }},
    {"feedback/report_metadata/org_name", [](Report& r, std::string t) { r.org_name = t; }},
    {"feedback/report_metadata/email", [](Report& r, std::string t) { r.email = t; }},
    {"feedback/report_metadata/extra_contact_info",
     [](Report& r, std::string t) { r.extra_contact_info = t; }},
    {"feedback/report_metadata/report_id", [](Report& r, std::string t) { r.report_id = t; }},
    {"feedback/report_metadata/generator", [](Report& r, std::string t) { r.generator = t; }},
    {"feedback/report_metadata/date_range/begin",
     [](Report& r, std::string t) { r.begin = to_time(t); }},
    {"feedback/report_metadata/date_range/end",
     [](Report& r, std::string t) { r.end = to_time(t); }},
    {"feedback/report_metadata/error",
     [](Report& r, std::string t) {
       if (r.errors.size() < max_dmarc_items) r.errors.push_back(std::move(t));
     }},

    {"feedback/policy_published/domain", [](Report& r, std::string t) { r.policy.domain = t; }},
    {"feedback/policy_published/version_published",
     [](Report& r, std::string t) { r.policy.version = t; }},
    {"feedback/policy_published/adkim",
     [](Report& r, std::string t) { r.policy.adkim = to_mode(t); }},
    {"feedback/policy_published/aspf",
     [](Report& r, std::string t) { r.policy.aspf = to_mode(t); }},
    {"feedback/policy_published/p", [](Report& r, std::string t) { r.policy.p = to_policy(t); }},
    {"feedback/policy_published/sp", [](Report& r, std::string t) { r.policy.sp = to_policy(t); }},
    {"feedback/policy_published/np", [](Report& r, std::string t) { r.policy.np = to_policy(t); }},
    {"feedback/policy_published/pct", [](Report& r, std::string t) { r.policy.pct = t; }},
    {"feedback/policy_published/fo", [](Report& r, std::string t) { r.policy.fo = t; }},
    {"feedback/policy_published/testing",
     [](Report& r, std::string t) { r.policy.is_testing = iequals(t, "y"); }},
    {"feedback/policy_published/discovery_method",
     [](Report& r, std::string t) {
       r.policy.discovery = find_word(t, {DmarcDiscovery::psl, DmarcDiscovery::treewalk});
     }},

    {"feedback/record/row/source_ip",
     [](Report& r, std::string t) { record(r).source_ip = IpAddress::parse(t); }},
    {"feedback/record/row/count", [](Report& r, std::string t) { record(r).count = to_number(t); }},
    {"feedback/record/row/policy_evaluated/disposition",
     [](Report& r, std::string t) { record(r).disposition = to_disposition(t); }},
    {"feedback/record/row/policy_evaluated/dkim",
     [](Report& r, std::string t) { record(r).dkim = to_aligned(t); }},
    {"feedback/record/row/policy_evaluated/spf",
     [](Report& r, std::string t) { record(r).spf = to_aligned(t); }},
    {"feedback/record/row/policy_evaluated/reason/type",
     [](Report& r, std::string t) { record(r).reasons.back().type = to_override(t); }},
    {"feedback/record/row/policy_evaluated/reason/comment",
     [](Report& r, std::string t) { record(r).reasons.back().comment = t; }},
    {"feedback/record/identifiers/envelope_to",
     [](Report& r, std::string t) { record(r).envelope_to = t; }},
    {"feedback/record/identifiers/envelope_from",
     [](Report& r, std::string t) { record(r).envelope_from = t; }},
    {"feedback/record/identifiers/header_from",
     [](Report& r, std::string t) { record(r).header_from = t; }},
    {"feedback/record/auth_results/dkim/domain",
     [](Report& r, std::string t) { record(r).dkim_results.back().domain = t; }},
    {"feedback/record/auth_results/dkim/selector",
     [](Report& r, std::string t) { record(r).dkim_results.back().selector = t; }},
    {"feedback/record/auth_results/dkim/result",
     [](Report& r, std::string t) { record(r).dkim_results.back().result = to_dkim(t); }},
    {"feedback/record/auth_results/dkim/human_result",
     [](Report& r, std::string t) { record(r).dkim_results.back().human_result = t; }},
    {"feedback/record/auth_results/spf/domain",
     [](Report& r, std::string t) { record(r).spf_results.back().domain = t; }},
    {"feedback/record/auth_results/spf/scope",
     [](Report& r, std::string t) {
       record(r).spf_results.back().scope = find_word(t, {SpfScope::helo, SpfScope::mfrom});
     }},
    {"feedback/record/auth_results/spf/result",
     [](Report& r, std::string t) { record(r).spf_results.back().result = to_spf(t); }},
    {"feedback/record/auth_results/spf/human_result",
     [](Report& r, std::string t) { record(r).spf_results.back().human_result = t; }},
};

/// One more of what an element begins. Beyond the limit the last one is written over.
template <class Item>
void add(std::vector<Item>& items, Item item = {}) {
  if (items.size() == max_dmarc_items)
    items.back() = std::move(item);
  else
    items.push_back(std::move(item));
}

class Builder {
 public:
  Result<Report> build(std::string_view xml) {
    const XmlHandler handler{
        .begin = [this](std::string_view path,
                        const XmlAttributes& attributes) { return begin(path, attributes); },
        .end = [this](std::string_view path, const std::string& text) { end(path, text); }};
    const auto done = read_xml(xml, handler);
    if (!trouble_.empty()) return fail(trouble_);
    if (!done) return std::unexpected(done.error());
    if (report_.policy.domain.empty())
      return fail("The report does not say which domain it is about.");
    return std::move(report_);
  }

 private:
  bool stop(std::string trouble) {
    trouble_ = std::move(trouble);
    return false;
  }

  bool begin(std::string_view path, const XmlAttributes& attributes) {
    const auto extension = [&] {
      return DmarcExtension{clean_text(attributes("name").value_or("")),
                            clean_text(attributes("definition").value_or(""))};
    };
    if (!path.starts_with("feedback") || (path.size() > 8 && path[8] != '/'))
      return stop("This is no DMARC aggregate report: its first element is not feedback.");
    if (path == "feedback/record") {
      if (report_.records.size() == max_dmarc_records)
        return stop("The report has too many records.");
      report_.records.emplace_back();
    } else if (path == "feedback/record/row/policy_evaluated/reason") {
      add(record(report_).reasons);
    } else if (path == "feedback/record/auth_results/dkim") {
      add(record(report_).dkim_results);
    } else if (path == "feedback/record/auth_results/spf") {
      add(record(report_).spf_results);
    } else if (path == "feedback/record/extensions/extension") {
      add(record(report_).extensions, extension());
    } else if (path == "feedback/extensions/extension") {
      add(report_.extensions, extension());
    }
    return true;
  }

  void end(std::string_view path, const std::string& text) {
    for (const Element& element : elements)
      if (element.path == path) return element.set(report_, clean_text(text));
  }

  Report report_;
  std::string trouble_;
};

}  // namespace

std::string_view to_string(DmarcDisposition disposition) {
  switch (disposition) {
    case DmarcDisposition::none:
      return "none";
    case DmarcDisposition::pass:
      return "pass";
    case DmarcDisposition::quarantine:
      return "quarantine";
    case DmarcDisposition::reject:
      return "reject";
  }
  std::abort();
}

std::string_view to_string(DmarcAligned aligned) {
  switch (aligned) {
    case DmarcAligned::pass:
      return "pass";
    case DmarcAligned::fail:
      return "fail";
  }
  std::abort();
}

std::string_view to_string(DmarcOverride override) {
  switch (override) {
    case DmarcOverride::forwarded:
      return "forwarded";
    case DmarcOverride::local_policy:
      return "local_policy";
    case DmarcOverride::mailing_list:
      return "mailing_list";
    case DmarcOverride::other:
      return "other";
    case DmarcOverride::policy_test_mode:
      return "policy_test_mode";
    case DmarcOverride::sampled_out:
      return "sampled_out";
    case DmarcOverride::trusted_forwarder:
      return "trusted_forwarder";
  }
  std::abort();
}

std::string_view to_string(DmarcDiscovery discovery) {
  switch (discovery) {
    case DmarcDiscovery::psl:
      return "psl";
    case DmarcDiscovery::treewalk:
      return "treewalk";
  }
  std::abort();
}

std::string_view to_string(SpfScope scope) {
  switch (scope) {
    case SpfScope::helo:
      return "helo";
    case SpfScope::mfrom:
      return "mfrom";
  }
  std::abort();
}

Result<DmarcAggregateReport> parse_dmarc_aggregate(std::string_view xml) {
  return Builder().build(xml);
}

}  // namespace postern::reports
