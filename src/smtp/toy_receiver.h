// A receiver for tests: accepts everything but what it was told to refuse, and writes down what
// it was asked.
//
// At every question it uses the session's stream first, as another session on the same thread
// would while this one is suspended. StringStream then frees what was read last, and
// AddressSanitizer finds a session that still looks at it.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "smtp/receiver.h"

namespace postern::smtp {

class ToyReceiver final : public Receiver {
 public:
  explicit ToyReceiver(net::Stream& stream) : stream_(stream) {}

  // What is refused, by address without brackets.
  std::map<std::string, Reply> refused_mail;
  std::map<std::string, Reply> refused_rcpt;
  std::optional<Reply> refused_content;
  Reply final_reply{250, "2.0.0", "Taken"};
  Offers offers;
  /// Ask with an exception instead of an answer.
  bool is_broken = false;

  /// `message from <a@b.test> to <c@d.test>: text`, `reply got`, `reply lost`, `abandoned` …
  std::vector<std::string> events;
  /// Of every reply, `RCPT 250`.
  std::vector<std::string> replies;
  std::vector<SessionFacts> greetings;
  bool keep_greetings = true;
  MailParameters mail_parameters;
  RcptParameters rcpt_parameters;

  Offers greeted(const SessionFacts& facts) override {
    if (keep_greetings) greetings.push_back(facts);
    return offers;
  }

  awaitable<std::expected<std::unique_ptr<Transaction>, Reply>> begin(
      const SessionFacts&, const mail::Mailbox& reverse_path,
      const MailParameters& parameters) override {
    co_await suspend();
    if (is_broken) throw std::runtime_error("the receiver is broken");
    mail_parameters = parameters;
    const auto refusal = refused_mail.find(reverse_path.text);
    if (refusal != refused_mail.end()) co_return std::unexpected(refusal->second);
    co_return std::make_unique<ToyTransaction>(*this, reverse_path.text);
  }

  void replied(std::string_view verb, const Reply& reply) override {
    replies.push_back(std::string(verb) + " " + std::to_string(reply.code));
  }

 private:
  class ToyTransaction final : public Transaction {
   public:
    ToyTransaction(ToyReceiver& receiver, const std::string& reverse_path)
        : receiver_(receiver), envelope_("from <" + reverse_path + "> to") {}
    ~ToyTransaction() override {
      if (!is_finished_) receiver_.events.emplace_back("abandoned");
    }

    awaitable<Reply> add_recipient(const mail::Mailbox& forward_path,
                                   const RcptParameters& parameters) override {
      co_await receiver_.suspend();
      receiver_.rcpt_parameters = parameters;
      const auto refusal = receiver_.refused_rcpt.find(forward_path.text);
      if (refusal != receiver_.refused_rcpt.end()) co_return refusal->second;
      envelope_ += " <" + forward_path.text + ">";
      co_return Reply{250, "2.1.5", "Recipient ok"};
    }

    awaitable<std::optional<Reply>> begin_content() override {
      co_await receiver_.suspend();
      co_return receiver_.refused_content;
    }

    awaitable<void> write(std::string_view bytes) override {
      content_ += bytes;
      co_await receiver_.suspend();
    }

    void content_refused(const Reply& reply) override {
      receiver_.events.push_back("content refused " + std::to_string(reply.code));
    }

    awaitable<Reply> finish() override {
      co_await receiver_.suspend();
      is_finished_ = true;
      receiver_.events.push_back("message " + envelope_ + ": " + content_);
      co_return receiver_.final_reply;
    }

    awaitable<void> replied(bool client_got_it) override {
      co_await receiver_.suspend();
      receiver_.events.emplace_back(client_got_it ? "reply got" : "reply lost");
    }

   private:
    ToyReceiver& receiver_;
    std::string envelope_;
    std::string content_;
    bool is_finished_ = false;
  };

  awaitable<void> suspend() {
    const bool ignored = co_await stream_.drained(std::chrono::seconds(0));
    static_cast<void>(ignored);
  }

  net::Stream& stream_;
};

}  // namespace postern::smtp
