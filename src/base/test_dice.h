// Random choices for property tests: a seed makes the same ones again.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <random>
#include <string>

namespace postern {

class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
  }
  bool coin(std::size_t one_in = 2) { return below(one_in) == 0; }
  template <class T>
  T pick(std::initializer_list<T> values) {
    return values.begin()[below(values.size())];
  }
  std::string text(std::initializer_list<const char*> values) { return pick(values); }

 private:
  std::mt19937 random_;
};

}  // namespace postern
