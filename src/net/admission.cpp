#include "net/admission.h"

#include <utility>

namespace postern::net {

namespace {

IpAddress client_block(const IpAddress& address) {
  constexpr unsigned block_v6 = 64;
  return address.is_v4() ? address : IpPrefix(address, block_v6).network();
}

}  // namespace

Admission::Ticket::Ticket(Ticket&& other) noexcept
    : admission_(std::exchange(other.admission_, nullptr)), client_(other.client_) {}

Admission::Ticket& Admission::Ticket::operator=(Ticket&& other) noexcept {
  std::swap(admission_, other.admission_);
  std::swap(client_, other.client_);
  return *this;
}

Admission::Ticket::~Ticket() {
  if (admission_ != nullptr) admission_->give_back(client_);
}

bool Admission::Ticket::name_client(const IpAddress& client) {
  const IpAddress block = client_block(client);
  const bool admitted = admission_->state_.with([&](State& state) {
    std::uint32_t& count = state.of_client[block];
    if (count >= state.limits.connections_per_client) {
      if (count == 0) state.of_client.erase(block);  // a limit of 0
      return false;
    }
    ++count;
    return true;
  });
  if (admitted) client_ = block;
  return admitted;
}

Admission::Admission(AdmissionLimits limits) {
  set_limits(limits);
}

void Admission::set_limits(AdmissionLimits limits) {
  state_.with([&](State& state) { state.limits = limits; });
}

std::expected<Admission::Ticket, Refusal> Admission::take_place() {
  const bool admitted = state_.with([](State& state) {
    if (state.connections >= state.limits.connections) return false;
    ++state.connections;
    return true;
  });
  if (!admitted) return std::unexpected(Refusal::server_full);
  return Ticket(*this);
}

std::expected<Admission::Ticket, Refusal> Admission::admit(const IpAddress& client) {
  auto ticket = take_place();
  if (ticket && !ticket->name_client(client)) return std::unexpected(Refusal::client_full);
  return ticket;
}

std::uint32_t Admission::connections() const {
  return state_.with([](const State& state) { return state.connections; });
}

void Admission::give_back(const std::optional<IpAddress>& client) {
  state_.with([&](State& state) {
    --state.connections;
    if (!client) return;
    const auto found = state.of_client.find(*client);
    if (--found->second == 0) state.of_client.erase(found);
  });
}

}  // namespace postern::net
