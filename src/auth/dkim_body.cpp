#include "auth/dkim_body.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/ascii.h"

namespace postern::auth {
namespace {

/// What relaxed does with the blank `c` depends on the two octets behind it only: another blank
/// or a line end makes it superfluous, and of a run of blanks the last one stays, as a space.
constexpr bool is_superfluous(char c, char next, char second) {
  return is_wsp(c) && (is_wsp(next) || (next == '\r' && second == '\n'));
}

/// How many octets are looked at together, each as one bit of a mask.
constexpr std::size_t block = 64;

struct BlockMask {
  std::uint64_t superfluous = 0;
  std::uint64_t tabs = 0;
};

#ifdef __SSE2__
BlockMask look_at(const char* at) {
  const auto load = [](const char* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  };
  const auto bits = [](__m128i found) {
    return static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(found)));
  };
  const __m128i space = _mm_set1_epi8(' ');
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i cr = _mm_set1_epi8('\r');
  const __m128i lf = _mm_set1_epi8('\n');
  BlockMask mask;
  for (std::size_t i = 0; i < block; i += 16) {
    const __m128i c = load(at + i);
    const __m128i next = load(at + i + 1);
    const __m128i second = load(at + i + 2);
    const __m128i is_tab = _mm_cmpeq_epi8(c, tab);
    const __m128i is_blank = _mm_or_si128(_mm_cmpeq_epi8(c, space), is_tab);
    const __m128i before_blank =
        _mm_or_si128(_mm_cmpeq_epi8(next, space), _mm_cmpeq_epi8(next, tab));
    const __m128i before_line_end =
        _mm_and_si128(_mm_cmpeq_epi8(next, cr), _mm_cmpeq_epi8(second, lf));
    mask.tabs |= bits(is_tab) << i;
    mask.superfluous |= bits(_mm_and_si128(is_blank, _mm_or_si128(before_blank, before_line_end)))
                        << i;
  }
  return mask;
}
#else
BlockMask look_at(const char* at) {
  BlockMask mask;
  for (std::size_t i = 0; i < block; ++i) {
    mask.tabs |= std::uint64_t{at[i] == '\t'} << i;
    mask.superfluous |= std::uint64_t{is_superfluous(at[i], at[i + 1], at[i + 2])} << i;
  }
  return mask;
}
#endif

/// Copies a block without its superfluous blanks. Within sixteen octets that have some no branch
/// depends on the text, so that a body of nothing but odd blanks costs little more than any other.
char* copy_reduced(const char* at, std::uint64_t superfluous, char* out) {
  constexpr std::size_t part = 16;
  for (std::size_t begin = 0; begin < block; begin += part, superfluous >>= part) {
    std::array<char, part> octets;
    std::memcpy(octets.data(), at + begin, part);
    for (char& c : octets) c = c == '\t' ? ' ' : c;
    if ((superfluous & 0xffff) == 0) {
      std::memcpy(out, octets.data(), part);
      out += part;
      continue;
    }
    for (std::size_t i = 0; i < part; ++i) {
      *out = octets[i];
      out += 1 - (superfluous >> i & 1);
    }
  }
  return out;
}

}  // namespace

void BodyCanonicalizer::update(std::string_view piece) {
  switch (how_) {
    case Canonicalization::simple:
      pass(piece);
      return;
    case Canonicalization::relaxed:
      if (!decide(piece)) return;
      leave_undecided(piece);
      reduce_blanks(piece);
      return;
  }
}

/// The beginning of `piece` tells what becomes of the blanks before it. False: it is too short to.
bool BodyCanonicalizer::decide(std::string_view& piece) {
  if (undecided_ == Undecided::blank) {
    while (!piece.empty() && is_wsp(piece.front())) piece.remove_prefix(1);
    if (piece.empty()) return false;
    if (piece == "\r") {
      undecided_ = Undecided::blank_and_cr;
      return false;
    }
    undecided_ = Undecided::nothing;
    if (!piece.starts_with("\r\n")) gather(" ");
  }
  if (piece.empty()) return false;
  if (std::exchange(undecided_, Undecided::nothing) == Undecided::blank_and_cr)
    gather(piece.front() == '\n' ? "\r" : " \r");
  return true;
}

/// Takes from the end of `piece` what only the next piece can decide.
void BodyCanonicalizer::leave_undecided(std::string_view& piece) {
  std::string_view rest = piece;
  if (rest.ends_with('\r')) rest.remove_suffix(1);
  if (rest.empty() || !is_wsp(rest.back())) return;
  undecided_ = rest.size() < piece.size() ? Undecided::blank_and_cr : Undecided::blank;
  while (!rest.empty() && is_wsp(rest.back())) rest.remove_suffix(1);
  piece = rest;
}

/// `text` does not end with a blank, nor with a blank and CR.
void BodyCanonicalizer::reduce_blanks(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  const char* run = at;  // up to `at`, all octets can stay as they are
  while (end - at >= static_cast<std::ptrdiff_t>(block) + 2) {
    const BlockMask mask = look_at(at);
    if ((mask.superfluous | mask.tabs) != 0) {
      gather({run, static_cast<std::size_t>(at - run)});
      if (gather_.size() - gathered_ < block) flush();
      char* const out = gather_.data() + gathered_;
      gathered_ += static_cast<std::size_t>(copy_reduced(at, mask.superfluous, out) - out);
      run = at + block;
    }
    at += block;
  }
  gather({run, static_cast<std::size_t>(at - run)});
  for (; at < end; ++at) {
    const char next = at + 1 < end ? at[1] : 'x';
    const char second = at + 2 < end ? at[2] : 'x';
    if (!is_superfluous(*at, next, second)) gather({*at == '\t' ? " " : at, 1});
  }
}

void BodyCanonicalizer::gather(std::string_view text) {
  if (text.size() > gather_.size() - gathered_) flush();
  if (text.size() >= gather_.size() / 2) {
    flush();
    pass(text);
    return;
  }
  std::memcpy(gather_.data() + gathered_, text.data(), text.size());
  gathered_ += text.size();
}

void BodyCanonicalizer::flush() {
  pass({gather_.data(), std::exchange(gathered_, 0)});
}

/// Writes `text`, but for the line ends at its end.
void BodyCanonicalizer::pass(std::string_view text) {
  if (text.empty()) return;
  if (has_cr_ && text.front() == '\n') {
    has_cr_ = false;
    ++line_ends_;
    text.remove_prefix(1);
    if (text.empty()) return;
  }
  // Whatever CR is left ends no line.
  if (has_cr_) release();

  std::string_view rest = text;
  std::uint64_t line_ends = 0;
  const bool has_cr = rest.ends_with('\r');
  if (has_cr) rest.remove_suffix(1);
  for (; rest.ends_with("\r\n"); ++line_ends) rest.remove_suffix(2);
  if (!rest.empty()) {
    release();
    sink_->write(rest);
    is_empty_ = false;
  }
  line_ends_ += line_ends;
  has_cr_ = has_cr;
}

/// What the second stage held back belongs to the body after all.
void BodyCanonicalizer::release() {
  static constexpr std::string_view many =
      "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n";
  if (line_ends_ > 0 || has_cr_) is_empty_ = false;
  while (line_ends_ > 0) {
    const std::uint64_t count = std::min<std::uint64_t>(line_ends_, many.size() / 2);
    sink_->write(many.substr(0, static_cast<std::size_t>(count) * 2));
    line_ends_ -= count;
  }
  if (std::exchange(has_cr_, false)) sink_->write("\r");
}

void BodyCanonicalizer::finish() {
  // Blanks at the end of the body are at the end of a line too; a CR behind them ends none.
  if (undecided_ == Undecided::blank_and_cr) gather(" \r");
  flush();
  if (has_cr_) release();
  // Section 3.4.3: simple makes CRLF of an empty body; section 3.4.4: relaxed leaves it empty.
  if (how_ == Canonicalization::simple || !is_empty_) sink_->write("\r\n");
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
