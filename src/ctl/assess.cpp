#include "ctl/assess.h"

#include <fmt/format.h>

#include <algorithm>

namespace postern::ctl {
namespace {

policy::RemedyFor remedy_for(const assess::ReadReport& read, ConnectorsFor whose) {
  switch (whose) {
    case ConnectorsFor::postern:
      return policy::RemedyFor::postern;
    case ConnectorsFor::exchange_online:
      return policy::RemedyFor::exchange_online;
    case ConnectorsFor::by_files:
      return std::ranges::any_of(read.files, &assess::ReadFile::is_microsoft)
                 ? policy::RemedyFor::exchange_online
                 : policy::RemedyFor::postern;
  }
  std::abort();
}

std::vector<std::string> make_notes(const assess::Survey& survey, const assess::ReadReport& read) {
  std::vector<std::string> notes;
  const auto any = [&read](bool assess::ReadFile::* flag) {
    return std::ranges::any_of(read.files, flag);
  };
  const assess::SurveyTotals& totals = survey.totals();
  if (any(&assess::ReadFile::without_clients))
    notes.emplace_back(
        "A file has no column for the client's address: mail between own mailboxes cannot be told "
        "from Direct Send there. An enhanced or extended report has it.");
  if (any(&assess::ReadFile::without_connectors))
    notes.emplace_back(
        "A file has no column for connectors: mail that a connector vouches for is counted as "
        "Direct Send there.");
  if (any(&assess::ReadFile::without_reverse_paths))
    notes.emplace_back(
        "A file has no reverse-path (return_path, SenderMailFromAddress): its sender is taken for "
        "it, and mail with another domain in MAIL FROM than in From is judged wrongly.");
  if (any(&assess::ReadFile::without_authentication))
    notes.emplace_back(
        "A file has no results of SPF, DKIM and DMARC: its sources can be judged by their habits "
        "only. Advanced Hunting (EmailEvents) has them.");
  if (totals.author_only > 0)
    notes.push_back(fmt::format(
        "Messages that name a domain of yours in From only, with another in MAIL FROM: {}. The "
        "switch does not touch them, DMARC does.",
        totals.author_only));
  if (totals.without_client > 0)
    notes.push_back(fmt::format(
        "Messages of own senders without a client, which is mail between own mailboxes: {}. They "
        "are not counted as Direct Send.",
        totals.without_client));
  if (totals.others.sources > 0)
    notes.push_back(
        fmt::format("There are more sources than are kept apart: {} messages of the others would "
                    "be refused too, "
                    "and are not judged.",
                    totals.others.messages));
  if (survey.forgets())
    notes.emplace_back(
        "There are more messages than are remembered: one that stands in several rows may have "
        "been counted twice.");
  return notes;
}

}  // namespace

std::string AssessedSource::name() const {
  if (statistics.address) return statistics.address->to_string();
  return statistics.senders.empty() ? "" : statistics.senders.front();
}

Assessment assess_survey(const assess::Survey& survey, assess::ReadReport read,
                         ConnectorsFor whose) {
  const policy::RemedyFor target = remedy_for(read, whose);
  Assessment made{.sources = {},
                  .forecast = {},
                  .totals = survey.totals(),
                  .read = {},
                  .notes = make_notes(survey, read)};
  made.read = std::move(read);
  for (policy::SourceStatistics& statistics : survey.sources()) {
    AssessedSource one;
    one.judgement = policy::judge_source(statistics, made.totals.last);
    one.remedy = policy::remedy_for(statistics, one.judgement.kind, target);
    made.forecast.add(statistics, one.judgement.kind);
    one.statistics = std::move(statistics);
    made.sources.push_back(std::move(one));
  }
  return made;
}

}  // namespace postern::ctl
