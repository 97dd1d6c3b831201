#include "net/string_stream.h"

#include <utility>

namespace postern::net {

void StringStream::feed(std::string_view piece) {
  if (!piece.empty()) script_.emplace_back(std::string(piece));
}

void StringStream::feed_in_pieces(std::string_view text, std::size_t size) {
  for (; !text.empty(); text.remove_prefix(std::min(size, text.size()))) feed(text.substr(0, size));
}

void StringStream::feed_end(StreamEnd end) {
  script_.emplace_back(end);
}

void StringStream::feed_action(std::move_only_function<void()> action) {
  script_.emplace_back(std::move(action));
}

std::string StringStream::take_output() {
  const std::size_t begin = std::exchange(taken_, output_.size());
  return output_.substr(begin);
}

awaitable<std::string_view> StringStream::read() {
  std::string().swap(piece_);  // swap, not clear: the old bytes must be freed
  if (end_ == StreamEnd::interrupted) end_ = StreamEnd::open;
  while (end_ == StreamEnd::open && !closed_) {
    if (script_.empty()) {
      end_ = StreamEnd::closed;
      break;
    }
    Step step = std::move(script_.front());
    script_.pop_front();
    if (auto* piece = std::get_if<std::string>(&step)) {
      // Always on the heap, also when it is short: see the top of the header.
      piece_.reserve(sizeof(std::string) + piece->size());
      piece_ = *piece;
      co_return piece_;
    }
    if (auto* end = std::get_if<StreamEnd>(&step)) end_ = *end;
    if (auto* action = std::get_if<std::move_only_function<void()>>(&step)) (*action)();
  }
  co_return std::string_view{};
}

awaitable<bool> StringStream::write(std::string_view bytes) {
  if (closed_ || end_ == StreamEnd::failed) co_return false;
  const std::size_t room = output_limit_ - std::min(output_limit_, output_.size());
  output_.append(bytes.substr(0, room));
  std::string().swap(piece_);
  if (bytes.size() > room) {
    end_ = StreamEnd::failed;
    co_return false;
  }
  co_return true;
}

awaitable<Result<TlsFacts>> StringStream::start_tls() {
  std::string().swap(piece_);
  tls_started_ = tls_.has_value();
  if (!tls_) end_ = StreamEnd::failed;
  co_return tls_;
}

void StringStream::unread(std::string_view bytes) {
  if (!bytes.empty()) script_.emplace_front(std::string(bytes));
}

awaitable<bool> StringStream::drained(std::chrono::steady_clock::duration) {
  std::string().swap(piece_);
  co_return drained_;
}

awaitable<void> StringStream::close() {
  std::string().swap(piece_);
  closed_ = true;
  co_return;
}

}  // namespace postern::net
