// How fast message text is read, beside memcpy of the same bytes: lines of mail, lines of one
// character, and lines that all begin with a dot.
#include "smtp/dot_reader.h"

#include <benchmark/benchmark.h>

#include <cstring>
#include <string>

namespace {

using postern::smtp::DotReader;

constexpr std::size_t block = 16 * 1024;

std::string text_of(std::string_view line) {
  std::string text;
  while (text.size() < 16 * block) text += line;
  return text;
}

void read_text(benchmark::State& state, std::string_view line) {
  const std::string text = text_of(line);
  for (auto _ : state) {
    DotReader reader(1000);
    for (std::size_t at = 0; at < text.size(); at += block) {
      auto fed = reader.feed(std::string_view(text).substr(at, block));
      benchmark::DoNotOptimize(fed);
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void copy_text(benchmark::State& state) {
  const std::string text = text_of("x");
  std::string copy(text.size(), ' ');
  for (auto _ : state) {
    std::memcpy(copy.data(), text.data(), text.size());
    benchmark::DoNotOptimize(copy.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

constexpr std::string_view mail_line =
    "The quick brown fox jumps over the lazy dog, and nobody in the mail asks why.\r\n";
BENCHMARK_CAPTURE(read_text, lines_of_79_octets, mail_line);
BENCHMARK_CAPTURE(read_text, lines_of_3_octets, std::string_view("x\r\n"));
BENCHMARK_CAPTURE(read_text, stuffed_lines, std::string_view("..signature of somebody\r\n"));
BENCHMARK(copy_text);

}  // namespace

BENCHMARK_MAIN();
