// The receiver of smtp/toy_receiver.h, with changes for every message and the clients it was
// told of.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "milter/receiver.h"
#include "smtp/toy_receiver.h"

namespace postern::milter {

class ToyReceiver final : public Receiver {
 public:
  explicit ToyReceiver(net::Stream& stream) : toy_(stream) {}

  delivery::Edit changes;
  std::string held_for;
  /// As they were at their MAIL.
  std::vector<smtp::SessionFacts> clients;
  std::function<void()> on_begin;

 private:
  smtp::ToyReceiver toy_;

 public:
  bool& is_broken = toy_.is_broken;
  std::map<std::string, mail::Reply>& refused_mail = toy_.refused_mail;
  std::map<std::string, mail::Reply>& refused_rcpt = toy_.refused_rcpt;
  mail::Reply& final_reply = toy_.final_reply;
  std::vector<std::string>& events = toy_.events;
  smtp::MailParameters& mail_parameters = toy_.mail_parameters;

  void connected(const smtp::SessionFacts& facts, bool can_hold) override {
    toy_.events.push_back("client " + facts.client.to_string() + (can_hold ? "" : ", cannot hold"));
  }
  const delivery::Edit& edit() const override { return changes; }
  std::string_view hold_reason() const override { return held_for; }
  smtp::Offers greeted(const smtp::SessionFacts& facts) override { return toy_.greeted(facts); }
  smtp::awaitable<std::expected<std::unique_ptr<smtp::Transaction>, mail::Reply>> begin(
      const smtp::SessionFacts& facts, const mail::Mailbox& reverse_path,
      const smtp::MailParameters& parameters) override {
    clients.push_back(facts);
    if (on_begin) on_begin();
    return toy_.begin(facts, reverse_path, parameters);
  }
  void replied(std::string_view verb, const mail::Reply& reply) override {
    toy_.replied(verb, reply);
  }
};

}  // namespace postern::milter
