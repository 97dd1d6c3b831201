#include "assess/mail_log.h"

#include <algorithm>
#include <utility>

namespace postern::assess {

Observation& MessagesUnderWay::begin(std::string_view queue_id) {
  end(queue_id);
  std::string id(queue_id);
  while (order_.size() >= max_messages_under_way) {
    const auto [oldest, number] = std::move(order_.front());
    order_.pop_front();
    const auto found = messages_.find(oldest);
    if (found != messages_.end() && found->second.number == number) end(oldest);
  }
  Entry& made = messages_[id];
  made.number = ++count_;
  order_.emplace_back(std::move(id), made.number);
  return made.seen;
}

Observation* MessagesUnderWay::find(std::string_view queue_id) {
  const auto found = messages_.find(std::string(queue_id));
  return found == messages_.end() ? nullptr : &found->second.seen;
}

void MessagesUnderWay::end(std::string_view queue_id) {
  const auto found = messages_.find(std::string(queue_id));
  if (found == messages_.end()) return;
  take_(found->second.seen);
  messages_.erase(found);
}

void MessagesUnderWay::end_all() {
  for (const auto& [id, number] : order_) {
    const auto found = messages_.find(id);
    if (found != messages_.end() && found->second.number == number) end(id);
  }
  order_.clear();
}

void add_recipient(Observation& seen, std::string_view address) {
  if (address.empty() || seen.recipients.size() >= max_log_recipients) return;
  if (std::ranges::find(seen.recipients, address) == seen.recipients.end())
    seen.recipients.emplace_back(address);
}

}  // namespace postern::assess
