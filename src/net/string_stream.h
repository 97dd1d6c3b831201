// A connection made of strings, so that sessions are tested without sockets.
//
//   StringStream stream;
//   stream.feed("EHLO client.example\r\nMA");      // one piece is what one read() returns
//   stream.feed("IL FROM:<a@example>\r\n");
//   stream.feed_end(StreamEnd::timed_out);
//   run(session(stream));                           // net/run.h
//   CHECK(stream.output() == "250 …");
//
// What is fed is a script: each read() takes its next step. After the last step the peer has
// closed. As with a socket, what read() returned is gone when the stream is used again: the old
// bytes are freed, so that AddressSanitizer finds a session that kept a view too long.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "net/stream.h"

namespace postern::net {

class StringStream final : public Stream {
 public:
  StringStream() = default;
  /// The whole input as one piece.
  explicit StringStream(std::string_view input) { feed(input); }

  /// One more piece; nothing happens for an empty one.
  void feed(std::string_view piece);
  /// Cut into pieces of `size` bytes; 1 cuts at every byte.
  void feed_in_pieces(std::string_view text, std::size_t size);
  /// A read() that ends so. After `interrupted` the script goes on, every other end is final.
  void feed_end(StreamEnd end);
  /// Calls `action` before the next step is taken: to look at the output so far, or to feed on.
  void feed_action(std::move_only_function<void()> action);

  /// What start_tls() returns; without this it fails, as on a server without a certificate.
  void offer_tls(TlsFacts facts) { tls_ = std::move(facts); }
  void break_tls(std::string sentence) { tls_ = fail(std::move(sentence)); }
  /// Writes fail once this many bytes of output have been taken.
  void break_after_output(std::size_t bytes) { output_limit_ = bytes; }
  /// What drained() and peer_has_closed() say; true and false unless set.
  void set_drained(bool drained) { drained_ = drained; }
  void set_peer_has_closed(bool closed) { peer_has_closed_ = closed; }

  /// Everything that was written.
  const std::string& output() const { return output_; }
  /// What was written since the last call.
  std::string take_output();
  /// Nothing of the script is left.
  bool exhausted() const { return script_.empty(); }
  bool tls_started() const { return tls_started_; }
  bool closed() const { return closed_; }
  /// As it was last set; nothing if it never was.
  std::optional<std::chrono::steady_clock::duration> deadline() const { return deadline_; }

  awaitable<std::string_view> read() override;
  awaitable<bool> write(std::string_view bytes) override;
  awaitable<Result<TlsFacts>> start_tls() override;
  void unread(std::string_view bytes) override;
  void set_deadline(std::chrono::steady_clock::duration from_now) override { deadline_ = from_now; }
  StreamEnd end() const override { return end_; }
  bool peer_has_closed() override { return peer_has_closed_; }
  awaitable<bool> drained(std::chrono::steady_clock::duration limit) override;
  /// The next read() is interrupted.
  void interrupt() override { script_.emplace_front(StreamEnd::interrupted); }
  awaitable<void> close() override;

 private:
  using Step = std::variant<std::string, StreamEnd, std::move_only_function<void()>>;

  std::deque<Step> script_;
  std::string piece_;  // what the last read() returned
  std::string output_;
  std::size_t taken_ = 0;
  std::size_t output_limit_ = std::string::npos;
  Result<TlsFacts> tls_ = fail("TLS is not available.");
  std::optional<std::chrono::steady_clock::duration> deadline_;
  StreamEnd end_ = StreamEnd::open;
  bool tls_started_ = false;
  bool closed_ = false;
  bool drained_ = true;
  bool peer_has_closed_ = false;
};

}  // namespace postern::net
