// Builds the directories of tests/cases and plays what their lines say; the README there has the
// language.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "base/ascii.h"
#include "directory/connector_validation.h"
#include "directory/validation.h"
#include "policy/decision.h"
#include "policy/judged_check.h"

namespace postern::policy {

using namespace directory;

inline constexpr std::string_view case_server_name = "mx.contoso.com";

inline std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in{std::string(text)};
  for (std::string part; std::getline(in, part, separator);) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

/// `Name -Parameter value -Switch`
struct Arguments {
  explicit Arguments(const std::string& text) {
    const auto words = split(text, ' ');
    REQUIRE_FALSE(words.empty());
    name = words.front();
    for (std::size_t i = 1; i < words.size(); ++i) {
      REQUIRE(words[i].starts_with('-'));
      std::string& value = values[to_lower(words[i])];
      if (i + 1 < words.size() && !words[i + 1].starts_with('-')) value = words[++i];
    }
  }
  std::string take(const std::string& parameter) {
    const auto node = values.extract(to_lower(parameter));
    return node.empty() ? "" : node.mapped();
  }
  std::vector<std::string> take_list(const std::string& parameter) {
    return split(take(parameter), ',');
  }
  bool take_bool(const std::string& parameter, bool otherwise) {
    const std::string value = take(parameter);
    if (value.empty()) return otherwise;
    CHECK((value == "$true" || value == "$false"));
    return value == "$true";
  }

  std::string name;
  std::map<std::string, std::string> values;  // parameters in lower case
};

/// One case: a directory of its own, the client, the last verdict.
class CasePlayer {
 public:
  /// `line` without indentation.
  void play(const std::string& line) {
    const std::size_t blank = line.find(' ');
    const std::string verb = line.substr(0, blank);
    const std::string rest =
        blank == std::string::npos ? "" : std::string(trim(line.substr(blank)));
    if (verb == "error") {
      CHECK_MESSAGE(error_.starts_with(rest), "the error was: " << error_);
      error_.clear();
      return;
    }
    CHECK_MESSAGE(error_.empty(), "not expected: " << error_);
    if (!change(verb, rest) && !describe_client(verb, rest) && !expect(verb, rest, line)) {
      FAIL("unknown line: " << line);
    }
  }
  const RcptVerdict& verdict() const { return verdict_; }
  const Snapshot& directory() const { return directory_; }
  void end() { CHECK_MESSAGE(error_.empty(), "not expected: " << error_); }

 private:
  bool change(const std::string& verb, const std::string& rest) {
    if (verb == "organization") {
      const auto there = directory_.find_organization(rest);
      id_ = there ? there->id() : OrganizationId{++last_organization_};
      if (!there) directory_.put_organization(id_, Guid(), rest, Time());
    } else if (set_stage(verb, rest)) {
      return true;
    } else if (verb.starts_with("RejectDirectSend")) {
      OrganizationConfig config = directory_.find_organization(id_)->config();
      bool& flag = verb == "RejectDirectSend" ? config.reject_direct_send
                   : verb == "RejectDirectSendCheckHeaderFrom"
                       ? config.reject_direct_send_check_header_from
                       : config.reject_direct_send_allow_authenticated;
      CHECK((verb.ends_with("Send") || verb.ends_with("HeaderFrom") || verb.ends_with("cated")));
      flag = rest == "$true";
      directory_.set_config(id_, config);
    } else if (verb == "RelayNextHop") {
      OrganizationConfig config = directory_.find_organization(id_)->config();
      config.relay_next_hop = rest;
      if (keep_error(check_config(config))) directory_.set_config(id_, config);
    } else if (verb == "AcceptedDomain") {
      add_domain(Arguments(rest));
    } else if (verb == "Recipient") {
      Arguments arguments(rest);
      auto checked = check_recipient({arguments.name, arguments.take_list("-Aliases")}, directory_,
                                     *directory_.find_organization(id_));
      if (keep_error(checked)) directory_.put_recipient(id_, *checked);
    } else if (verb == "InboundConnector") {
      add_connector(Arguments(rest));
    } else if (verb == "DirectSendException") {
      add_exception(Arguments(rest));
    } else {
      return false;
    }
    return true;
  }

  bool set_stage(const std::string& verb, const std::string& rest) {
    OrganizationConfig config = directory_.find_organization(id_)->config();
    if (verb == "RejectDirectSendMode") {
      config.reject_direct_send_mode = parse_enforcement_mode(rest).value();
    } else if (verb == "RejectDirectSendPercentage") {
      config.reject_direct_send_percentage = static_cast<std::uint8_t>(std::stoi(rest));
    } else if (verb == "RejectDirectSendEffectiveFrom") {
      config.reject_direct_send_effective_from = parse_iso(rest).value();
    } else if (verb == "RejectDirectSendPilotRecipients") {
      config.reject_direct_send_pilot_recipients = split(rest, ',');
    } else {
      return false;
    }
    if (const auto checked = check_config(config); keep_error(checked))
      directory_.set_config(id_, *checked);
    return true;
  }

  void add_exception(Arguments arguments) {
    const SharedOrganization organization = directory_.find_organization(id_);
    DirectSendException exception;
    exception.name = arguments.name;
    std::vector<IpPrefix> prefixes;
    for (const std::string& text : arguments.take_list("-SenderIPAddresses"))
      prefixes.push_back(IpPrefix::parse(text).value());
    exception.sender_ip_addresses = prefixes;
    exception.sender_certificate_name = arguments.take("-SenderCertificateName");
    exception.senders = arguments.take_list("-Senders");
    exception.recipients = arguments.take_list("-Recipients");
    exception.expires = parse_iso(arguments.take("-ExpiresOn")).value();
    exception.reason = arguments.take("-Reason");
    exception.when_changed = facts_.time;
    const Force force = arguments.values.erase("-force") == 1 ? Force::yes : Force::no;
    CHECK(arguments.values.empty());
    const auto checked = check_direct_send_exception(exception, *organization, nullptr, force);
    if (!keep_error(checked)) return;
    std::vector<DirectSendException> all;
    if (const auto& there = organization->direct_send_exceptions())
      all.assign(there->all().begin(), there->all().end());
    all.push_back(*checked);
    directory_.set_direct_send_exceptions(id_, std::make_shared<const DirectSendExceptions>(all));
  }

  void add_domain(Arguments arguments) {
    AcceptedDomain domain{.name = arguments.name};
    if (arguments.take("-DomainType") == "InternalRelay") domain.type = DomainType::internal_relay;
    domain.match_sub_domains = arguments.take_bool("-MatchSubDomains", false);
    if (const std::string word = arguments.take("-RejectDirectSend"); !word.empty())
      domain.reject_direct_send = parse_direct_send_switch(word).value();
    domain.is_default = directory_.find_organization(id_)->domain_count() == 0;
    CHECK(arguments.values.empty());
    auto checked = check_domain(domain);
    if (keep_error(checked)) directory_.put_domain(id_, *checked);
  }

  void add_connector(Arguments arguments) {
    InboundConnector connector;
    connector.name = arguments.name;
    // Those that come later in the file are younger.
    connector.when_created = Time(std::chrono::seconds(++seconds_));
    if (arguments.take("-ConnectorType") == "OnPremises")
      connector.type = ConnectorType::on_premises;
    connector.sender_domains = arguments.take_list("-SenderDomains");
    std::vector<IpPrefix> prefixes;
    for (const std::string& text : arguments.take_list("-SenderIPAddresses")) {
      prefixes.push_back(IpPrefix::parse(text).value());
    }
    connector.sender_ip_addresses = prefixes;
    connector.tls_sender_certificate_name = arguments.take("-TlsSenderCertificateName");
    connector.associated_accepted_domains = arguments.take_list("-AssociatedAcceptedDomains");
    connector.ef_skip_ips = arguments.take_list("-EFSkipIPs");
    connector.ef_users = arguments.take_list("-EFUsers");
    connector.enabled = arguments.take_bool("-Enabled", true);
    connector.require_tls = arguments.take_bool("-RequireTls", true);
    connector.restrict_domains_to_ip_addresses =
        arguments.take_bool("-RestrictDomainsToIPAddresses", false);
    connector.restrict_domains_to_certificate =
        arguments.take_bool("-RestrictDomainsToCertificate", false);
    connector.cloud_services_mail_enabled = arguments.take_bool("-CloudServicesMailEnabled", false);
    connector.treat_messages_as_internal = arguments.take_bool("-TreatMessagesAsInternal", false);
    const Force force = arguments.values.erase("-force") == 1 ? Force::yes : Force::no;
    CHECK(arguments.values.empty());
    auto checked =
        check_connector(connector, directory_, *directory_.find_organization(id_), nullptr, force);
    if (keep_error(checked)) directory_.put_connectors(id_, {*checked});
  }

  bool describe_client(const std::string& verb, const std::string& rest) {
    using ReverseName = RcptFacts::ReverseName;
    if (verb == "client") {
      facts_.client = IpAddress::parse(rest).value();
    } else if (verb == "tls") {
      facts_.tls = true;
    } else if (verb == "certificate") {
      facts_.tls = true;
      facts_.certificate_names = split(rest, ' ');
    } else if (verb == "relay") {
      facts_.has_relay = rest != "none";
    } else if (verb == "helo") {
      hello_ = rest;
    } else if (verb == "reverse-name") {
      facts_.reverse_name = rest == "absent"              ? ReverseName::absent
                            : rest == "temporary-failure" ? ReverseName::temporary_failure
                                                          : ReverseName::present;
    } else if (verb == "MAIL") {
      Cursor in(std::string_view(rest).substr(std::string_view("FROM:").size()));
      reverse_path_ = mail::take_reverse_path(in).value();
    } else if (verb == "RCPT") {
      Cursor in(std::string_view(rest).substr(std::string_view("TO:").size()));
      forward_path_ = mail::take_forward_path(in).value();
      facts_.hello = hello_;
      facts_.server_name = case_server_name;
      facts_.reverse_path = &reverse_path_;
      facts_.forward_path = &forward_path_;
      verdict_ = decide_rcpt(facts_, directory_);
      check_decided_again(facts_, directory_, verdict_);
    } else {
      return false;
    }
    return true;
  }

  bool expect(const std::string& verb, const std::string& rest, const std::string& line) {
    if (is_digit(verb.front())) {
      CHECK_MESSAGE(verdict_.reply.to_line().starts_with(line),
                    "the reply was: " << verdict_.reply.to_line());
      CHECK((verdict_.decision == Decision::accept) == verdict_.reply.is_success());
      CHECK((verdict_.decision == Decision::defer) == verdict_.reply.is_temporary());
    } else if (verb == "connector") {
      CHECK(rest == (verdict_.connector ? verdict_.connector->name.view() : "none"));
    } else if (verb == "by") {
      CHECK(rest == to_string(verdict_.matched_by));
    } else if (verb == "direction") {
      CHECK(rest == to_string(verdict_.direction));
    } else if (verb == "direct-send") {
      CHECK(verdict_.direct_send == (rest == "yes"));
    } else if (verb == "reason") {
      CHECK(std::ranges::count(verdict_.reasons, rest) == 1);
    } else if (verb == "nearest-miss") {
      std::string told = "none";
      for (const std::string& reason : verdict_.reasons) {
        if (reason.starts_with(nearest_miss_mark)) told = reason.substr(nearest_miss_mark.size());
      }
      CHECK(told == rest);
    } else if (verb == "relayed") {
      CHECK(rest == (!verdict_.relay             ? "no"
                     : verdict_.next_hop.empty() ? "yes"
                                                 : verdict_.next_hop));
    } else if (verb == "recipient") {
      const std::string detail = verdict_.detail.empty() ? "" : " detail " + verdict_.detail;
      CHECK(verdict_.recipient + detail == rest);
    } else {
      return false;
    }
    return true;
  }

  template <class T>
  bool keep_error(const Result<T>& result) {
    if (!result) error_ = result.error().message;
    return result.has_value();
  }

  Snapshot directory_;
  OrganizationId id_{};
  std::uint32_t last_organization_ = 0;
  int seconds_ = 0;
  std::string error_;  // of the last change, until an `error` line has looked at it
  /// All cases are of one day, which is long before and after those that they name.
  RcptFacts facts_{.client = IpAddress::v4({203, 0, 113, 9}),
                   .has_relay = true,
                   .time = parse_iso("2026-06-01").value()};
  std::string hello_ = "client.example";
  mail::Mailbox reverse_path_;
  mail::Mailbox forward_path_;
  RcptVerdict verdict_;
};

}  // namespace postern::policy
