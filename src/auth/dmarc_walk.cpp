#include "auth/dmarc_walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "auth/tag_list.h"

namespace postern::auth {
namespace {

constexpr std::string_view prefix = "_dmarc.";

std::size_t count_labels(std::string_view domain) {
  return static_cast<std::size_t>(std::ranges::count(domain, '.')) + 1;
}

/// The last `count` labels.
std::string_view last_labels(std::string_view domain, std::size_t count) {
  for (std::size_t labels = count_labels(domain); labels > count; --labels)
    domain.remove_prefix(domain.find('.') + 1);
  return domain;
}

/// Steps 2 and 6: the one record that counts, and in `step` what there was.
std::optional<DmarcWalk::Found> select_record(const dns::Answer& answer, DmarcStep& step) {
  const auto is_ours = [](const std::string& text) { return is_dmarc_record(text); };
  const auto count = std::ranges::count_if(answer.texts, is_ours);
  if (count == 0) {
    step.outcome = "no record";
    return std::nullopt;
  }
  if (count > 1) {
    step.outcome = fmt::format("{} records, none counts", count);
    return std::nullopt;
  }
  const std::string& text = *std::ranges::find_if(answer.texts, is_ours);
  auto record = parse_dmarc_record(text);
  if (!record) {
    step.outcome = record.error().message;
    return std::nullopt;
  }
  step.outcome = text;
  return DmarcWalk::Found{.record = *std::move(record), .text = text};
}

/// Section 4.10.2, steps 1 to 3.
std::string_view select_organizational_domain(std::string_view start,
                                              const std::vector<DmarcWalk::Found>& records) {
  for (const DmarcWalk::Found& found : records) {
    if (found.record.psd == DmarcPsd::no) return found.domain;
    if (found.record.psd == DmarcPsd::yes && found.domain != start)
      return last_labels(start, count_labels(found.domain) + 1);
  }
  return records.empty() ? start : records.back().domain;
}

}  // namespace

std::vector<std::string_view> walk_domains(std::string_view domain) {
  std::vector<std::string_view> domains = {domain};
  // Step 4: with eight labels or more, on with seven of them.
  std::size_t labels = std::min(count_labels(domain), max_walk_questions) - 1;
  for (; labels > 0; --labels) domains.push_back(last_labels(domain, labels));
  return domains;
}

dns::Question dmarc_question(std::string_view domain) {
  std::string name;
  name.reserve(prefix.size() + domain.size());
  return {.name = name.append(prefix).append(domain), .type = dns::Type::txt};
}

const DmarcWalk::Found* DmarcWalk::find(std::string_view domain) const {
  const auto found = std::ranges::find(records, domain, &Found::domain);
  return found == records.end() ? nullptr : &*found;
}

dns::Asking<DmarcWalk> walk_tree(std::string_view domain, const dns::AnswerSet& answers) {
  constexpr std::size_t longest_name = 253;
  dns::Asking<DmarcWalk> asking;
  DmarcWalk walk;
  for (const std::string_view name : walk_domains(domain)) {
    // A domain so long that its record could have no name has none.
    if (prefix.size() + name.size() > longest_name) continue;
    dns::Question question = dmarc_question(name);
    const dns::Answer* answer = answers.find(question);
    if (!answer) {
      asking.questions.push_back(std::move(question));
      continue;
    }
    DmarcStep& step = walk.steps.emplace_back(std::string(name));
    if (answer->status == dns::Status::failure) {
      step.outcome = answer->problem.empty() ? "the DNS failed" : excerpt(answer->problem);
      walk.has_failed = true;
      walk.has_failed_at_start |= name == domain;
      continue;
    }
    auto found = select_record(*answer, step);
    if (!found) continue;
    found->domain = name;
    const bool ends = found->record.psd != DmarcPsd::unknown;
    walk.records.push_back(*std::move(found));
    if (ends) break;
  }
  if (!asking.questions.empty()) return asking;
  walk.organizational_domain = select_organizational_domain(domain, walk.records);
  asking.value = std::move(walk);
  return asking;
}

}  // namespace postern::auth
