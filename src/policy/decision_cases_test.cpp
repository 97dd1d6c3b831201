// Plays the files of tests/cases; their README says how they are written.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "policy/case_player.h"

using namespace postern;

namespace {

int play_file(const std::filesystem::path& path) {
  std::ifstream in(path);
  policy::CasePlayer base;
  policy::CasePlayer player;
  int cases = 0;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    const std::string text(trim(line));
    if (text.empty() || text.starts_with('#')) continue;
    if (text.starts_with("case ")) {
      player.end();
      player = base;
      // Lines of a case change the first organization, unless they name another.
      player.play("organization Contoso");
      ++cases;
    } else {
      CAPTURE(path.filename().string());
      CAPTURE(number);
      (cases == 0 ? base : player).play(text);
    }
  }
  player.end();
  return cases;
}

}  // namespace

TEST_CASE("the decision at RCPT agrees with tests/cases") {
  int cases = 0;
  for (const auto& entry : std::filesystem::directory_iterator(POSTERN_SOURCE_DIR "/tests/cases")) {
    if (entry.path().extension() == ".txt") cases += play_file(entry.path());
  }
  CHECK(cases > 80);
}
