#include "auth/dmarc_report_destination.h"

#include <cstdlib>

#include "auth/dmarc_record.h"
#include "mail/mailbox.h"

namespace postern::auth {
namespace {

bool is_at(std::string_view uri, std::string_view destination) {
  const auto address = mailbox_of_report_uri(uri);
  const auto mailbox = address ? mail::parse_mailbox(*address) : std::nullopt;
  return mailbox && mailbox->domain == destination;
}

}  // namespace

std::string_view to_string(ReportDestinationResult result) {
  switch (result) {
    case ReportDestinationResult::authorized:
      return "authorized";
    case ReportDestinationResult::refused:
      return "refused";
    case ReportDestinationResult::temperror:
      return "temperror";
  }
  std::abort();
}

dns::Asking<ReportDestination> check_report_destination(std::string_view policy_domain,
                                                        std::string_view destination,
                                                        const dns::AnswerSet& answers) {
  constexpr std::size_t longest_name = 253;
  dns::Question question{
      .name = std::string(policy_domain) + "._report._dmarc." + std::string(destination),
      .type = dns::Type::txt};
  if (question.name.size() > longest_name) return {.value = ReportDestination()};
  const dns::Answer* answer = answers.find(question);
  if (!answer) return {.questions = {std::move(question)}};

  ReportDestination found;
  if (answer->status == dns::Status::failure) found.result = ReportDestinationResult::temperror;
  for (const std::string& text : answer->texts) {
    // One record that can be read is enough; of its tags, only rua= means anything here.
    const auto record = parse_dmarc_record(text);
    if (!record) continue;
    found.result = ReportDestinationResult::authorized;
    for (const std::string& uri : record->rua)
      if (found.rua.size() < max_report_uris && is_at(uri, destination)) found.rua.push_back(uri);
  }
  return {.value = std::move(found)};
}

}  // namespace postern::auth
