#include "auth/dkim_body.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/ascii.h"

namespace postern::auth {
namespace {

/// Must relaxed look at `c`, or may it pass it on as it is? A tab becomes a space; a space may be
/// one of several, or stand at the end of a line.
constexpr bool is_change(char c, char next) {
  return c == '\t' || (c == ' ' && (next == ' ' || next == '\t' || next == '\r'));
}

/// How many octets are looked at together.
constexpr std::size_t block = 64;

/// One bit for each of `block` octets at `at`: is_change. Reads one octet more.
std::uint64_t find_changes(const char* at) {
  std::uint64_t changes = 0;
#ifdef __SSE2__
  const __m128i space = _mm_set1_epi8(' ');
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i cr = _mm_set1_epi8('\r');
  for (std::size_t i = 0; i < block; i += 16) {
    const __m128i c = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + i));
    const __m128i next = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + i + 1));
    const __m128i before =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(next, space), _mm_cmpeq_epi8(next, tab)),
                     _mm_cmpeq_epi8(next, cr));
    const __m128i change =
        _mm_or_si128(_mm_cmpeq_epi8(c, tab), _mm_and_si128(_mm_cmpeq_epi8(c, space), before));
    changes |= static_cast<std::uint64_t>(_mm_movemask_epi8(change)) << i;
  }
#else
  for (std::size_t i = 0; i < block; ++i)
    changes |= static_cast<std::uint64_t>(is_change(at[i], at[i + 1])) << i;
#endif
  return changes;
}

/// The first octet in [at, end) that needs a decision, or `end`. Of the last octet the next is
/// not known, so it needs one if it is a space.
const char* find_change(const char* at, const char* end) {
  for (; end - at > static_cast<std::ptrdiff_t>(block); at += block)
    if (const std::uint64_t changes = find_changes(at); changes != 0)
      return at + std::countr_zero(changes);
  while (at < end && !is_change(*at, at + 1 < end ? at[1] : '\r')) ++at;
  return at;
}

}  // namespace

void BodyCanonicalizer::update(std::string_view piece) {
  if (piece.empty()) return;
  switch (how_) {
    case Canonicalization::simple:
      update_simple(piece);
      return;
    case Canonicalization::relaxed:
      update_relaxed(piece);
      return;
  }
}

void BodyCanonicalizer::update_simple(std::string_view piece) {
  if (has_cr_) {
    if (piece.front() == '\n') {
      has_cr_ = false;
      ++line_ends_;
      piece.remove_prefix(1);
    } else {
      release();
    }
  }
  const std::uint64_t held_before = std::exchange(line_ends_, 0);
  hold_line_ends(piece);
  if (piece.empty()) {
    line_ends_ += held_before;
    return;
  }
  const std::uint64_t held_now = std::exchange(line_ends_, held_before);
  const bool has_cr = std::exchange(has_cr_, false);
  release();
  emit(piece);
  line_ends_ = held_now;
  has_cr_ = has_cr;
}

void BodyCanonicalizer::update_relaxed(std::string_view piece) {
  const char* at = piece.data();
  const char* const end = at + piece.size();
  while (at < end) {
    at = step_relaxed(at, end);
    if (at == end) break;
    // Nothing is held back, and the octet at `at` is neither blank nor CR: pass on what follows
    // up to the next octet that needs a decision.
    const char* const change = find_change(at, end);
    std::string_view run(at, static_cast<std::size_t>(change - at));
    hold_line_ends(run);
    emit(run);
    at = change;
  }
}

/// Takes octets one by one until nothing is held back. Returns the first that was not taken.
const char* BodyCanonicalizer::step_relaxed(const char* at, const char* end) {
  for (; at < end; ++at) {
    const char c = *at;
    if (has_cr_ && c == '\n') {
      has_cr_ = has_gap_ = false;
      ++line_ends_;
      continue;
    }
    // The CR before this octet ends no line.
    if (has_cr_) release();
    if (is_wsp(c)) {
      has_gap_ = true;
    } else if (c == '\r') {
      has_cr_ = true;
    } else {
      release();
      return at;
    }
  }
  return at;
}

/// Takes line ends, and a CR that may begin one, from the end of `run` and holds them back.
void BodyCanonicalizer::hold_line_ends(std::string_view& run) {
  if (run.ends_with('\r')) {
    has_cr_ = true;
    run.remove_suffix(1);
  }
  while (run.ends_with("\r\n")) {
    ++line_ends_;
    run.remove_suffix(2);
  }
}

/// What was held back belongs to the body after all.
void BodyCanonicalizer::release() {
  static constexpr std::string_view many =
      "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n";
  while (line_ends_ > 0) {
    const std::uint64_t count = std::min<std::uint64_t>(line_ends_, many.size() / 2);
    emit(many.substr(0, static_cast<std::size_t>(count) * 2));
    line_ends_ -= count;
  }
  if (std::exchange(has_gap_, false)) emit(" ");
  if (std::exchange(has_cr_, false)) emit("\r");
}

void BodyCanonicalizer::emit(std::string_view bytes) {
  if (bytes.empty()) return;
  is_empty_ = false;
  if (gathered_ + bytes.size() > gather_.size()) flush();
  if (bytes.size() >= gather_.size() / 2) {
    flush();
    sink_->write(bytes);
    return;
  }
  std::memcpy(gather_.data() + gathered_, bytes.data(), bytes.size());
  gathered_ += bytes.size();
}

void BodyCanonicalizer::flush() {
  if (gathered_ > 0) sink_->write({gather_.data(), std::exchange(gathered_, 0)});
}

void BodyCanonicalizer::finish() {
  // A body that ends within a line is given a line end, after dropping the gap if relaxed. A CR
  // at the very end was none.
  if (has_cr_) release();
  // Section 3.4.3: simple makes CRLF of an empty body; section 3.4.4: relaxed leaves it empty.
  if (how_ == Canonicalization::simple || !is_empty_) emit("\r\n");
  flush();
}

std::string canonicalize_body(std::string_view body, Canonicalization how) {
  struct StringSink final : ByteSink {
    void write(std::string_view bytes) override { text += bytes; }
    std::string text;
  } sink;
  BodyCanonicalizer canonicalizer(how, sink);
  canonicalizer.update(body);
  canonicalizer.finish();
  return sink.text;
}

}  // namespace postern::auth
