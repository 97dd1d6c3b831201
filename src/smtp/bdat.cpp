// BDAT (RFC 3030): content in chunks of a length that is said ahead.
//
// However a chunk is answered, exactly its octets are read before the next command, or content
// would be obeyed. Once a chunk is refused, the message is: its other chunks are read, thrown away
// and given the same reply, until LAST or RSET, so that the client finds the reason wherever it
// looks (section 2 leaves the state after an error open).
#include <utility>

#include "smtp/session_state.h"

namespace postern::smtp {

awaitable<void> Session::on_bdat(std::string_view argument) {
  const auto chunk = parse_chunk(argument);
  if (!chunk) {
    // How many octets of content follow cannot be known, so nothing that follows can be obeyed.
    log_ending("malformed_chunk", argument);
    co_return hang_up("BDAT",
                      Reply{501, "5.5.4", "Syntax: BDAT octets [LAST]. Closing the connection"});
  }
  if (state_ != State::rcpt && state_ != State::chunks) {
    const bool came = co_await receive_chunk(chunk->size, Clock::now() + limits_.content_time);
    if (came) answer_out_of_order(Verb::bdat);
    co_return;
  }

  if (state_ == State::rcpt) co_await begin_chunks();
  if (!chunks_->refusal && chunk->size > offers_.max_message_size - chunks_->received)
    refuse_chunks(too_large());
  chunks_->received += chunk->size;
  const bool came = co_await receive_chunk(chunk->size, chunks_->deadline);
  if (!came) co_return;

  if (chunk->is_last && !chunks_->refusal && body_ != BodyType::binary_mime) {
    chunks_->check.finish();
    judge_chunks();
  }
  if (const auto refusal = chunks_->refusal) {
    if (!chunk->is_last) co_return say("BDAT", *refusal);
    end_transaction();
    co_return decline("BDAT", *refusal);
  }
  if (chunk->is_last) {
    co_await finish_message("BDAT");
    co_return;
  }
  say("BDAT", Reply{250, "2.0.0", std::to_string(chunk->size) + " octets received"});
}

/// The first chunk: the receiver may refuse the message before its content.
awaitable<void> Session::begin_chunks() {
  chunks_.emplace(Chunks{.check = TextCheck(limits_.max_text_line),
                         .deadline = Clock::now() + limits_.content_time});
  state_ = State::chunks;
  chunks_->refusal = co_await transaction_->begin_content();
  if (chunks_->refusal) transaction_.reset();
}

/// Reads exactly `size` octets; as long as the message is wanted they go to the receiver. False:
/// the session is over.
awaitable<bool> Session::receive_chunk(std::uint64_t size, Clock::time_point deadline) {
  while (size > 0) {
    const std::string_view arrived = co_await read_content(deadline);
    if (arrived.empty()) co_return false;
    const std::string_view piece = arrived.substr(0, size);
    take_content(arrived, piece.size());
    size -= piece.size();
    if (!chunks_ || chunks_->refusal) continue;
    // RFC 3030 section 3: only BINARYMIME lets content be other than lines.
    if (body_ != BodyType::binary_mime) {
      chunks_->check.feed(piece);
      judge_chunks();
    }
    if (!chunks_->refusal) co_await transaction_->write(piece);
  }
  co_return true;
}

void Session::judge_chunks() {
  const auto refusal = judge_text(chunks_->check);
  if (!refusal) return;
  // The octets were counted, so here nobody is out of step: no need to close.
  if (chunks_->check.has_bare_line_ending()) log_ending("bare_line_ending", refusal->to_line());
  refuse_chunks(*refusal);
}

void Session::refuse_chunks(const Reply& reply) {
  transaction_->content_refused(reply);
  transaction_.reset();
  chunks_->refusal = reply;
}

}  // namespace postern::smtp
