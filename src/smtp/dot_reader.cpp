#include "smtp/dot_reader.h"

namespace postern::smtp {

DotReader::Fed DotReader::feed(std::string_view bytes) {
  joined_.clear();
  std::string_view text;
  // The run of text that we are in goes from `begin` to `at`, where we read.
  std::size_t begin = 0;
  std::size_t at = 0;
  const auto end_run = [&] {
    const std::string_view run = bytes.substr(begin, at - begin);
    if (text.empty()) {
      text = run;
    } else if (!run.empty()) {
      if (joined_.empty()) joined_ = text;
      joined_ += run;
      text = joined_;
    }
  };
  const auto drop = [&] {
    end_run();
    begin = ++at;
  };

  while (state_ == State::reading && at < bytes.size()) {
    const char next = bytes[at];
    switch (place_) {
      case Place::line_start:
        if (next != '.') break;
        drop();
        place_ = Place::dot;
        continue;
      case Place::dot:
        if (next != '\r') break;
        drop();
        place_ = Place::dot_cr;
        continue;
      case Place::dot_cr:
        if (next == '\n') {
          drop();
          state_ = State::complete;
        } else {
          check_.note(TextFault::bare_cr);
          state_ = State::broken;
        }
        continue;
      case Place::within:
        break;
    }

    // The rest of the line, or as much of it as there is.
    const std::size_t lf = bytes.find('\n', at);
    const std::size_t end = lf == std::string_view::npos ? bytes.size() : lf + 1;
    check_.feed_line(bytes.substr(at, end - at));
    if (check_.has_bare_line_ending()) {
      state_ = State::broken;
    } else {
      place_ = lf == std::string_view::npos ? Place::within : Place::line_start;
      at = end;
    }
  }

  end_run();
  return {.text = text, .rest = bytes.substr(at)};
}

}  // namespace postern::smtp
