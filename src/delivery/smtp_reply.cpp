#include "delivery/smtp_reply.h"

#include <algorithm>

#include "base/cursor.h"

namespace postern::delivery {
namespace {

/// Of a line that we repeat, so that code, enhanced code and CRLF still fit into 512 octets.
constexpr std::size_t max_text = 450;
/// Lines that we repeat.
constexpr std::size_t max_lines = 16;

/// RFC 3463 section 2: status-code = class "." subject "." detail, the latter two of 1 to 3 digits.
std::string take_enhanced_code(Cursor& in) {
  Cursor tried = in;
  std::string code(tried.take_count(1));
  if (code != "2" && code != "4" && code != "5") return {};
  for (int i = 0; i < 2; ++i) {
    if (!tried.take('.')) return {};
    const std::string_view digits = tried.take_while(is_digit);
    if (digits.empty() || digits.size() > 3) return {};
    code.append(".").append(digits);
  }
  if (!tried.at_end() && !tried.take(' ')) return {};
  in = tried;
  return code;
}

std::string printable(std::string_view text) {
  std::string result(text.substr(0, max_text));
  std::ranges::replace_if(result, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return result;
}

}  // namespace

mail::Reply ServerReply::to_reply() const {
  mail::Reply reply{.code = code, .enhanced = "", .text = ""};
  for (std::size_t i = 0; i < lines.size() && i < max_lines; ++i) {
    Cursor in(lines[i]);
    const std::string enhanced = take_enhanced_code(in);
    if (i == 0) {
      reply.enhanced = enhanced;
    } else {
      reply.text += '\n';
    }
    reply.text += printable(in.rest());
  }
  const char digit = static_cast<char>('0' + code / 100);
  const bool wants_one = digit == '2' || digit == '4' || digit == '5';
  if (!wants_one) reply.enhanced.clear();
  if (wants_one && !reply.enhanced.starts_with(digit))
    reply.enhanced = std::string(1, digit) + ".0.0";
  return reply;
}

ReplyParser::Status ReplyParser::feed(std::string_view& bytes) {
  if (complete_) {
    complete_ = false;
    reply_ = {};
  }
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    if (line_.size() + part.size() > max_reply_line) return Status::malformed;
    line_ += part;
    if (end == std::string_view::npos) {
      bytes = {};
      return Status::needs_more;
    }
    bytes.remove_prefix(end + 1);
    if (const auto status = take_line()) return *status;
  }
  return Status::needs_more;
}

/// Nothing: the reply goes on.
std::optional<ReplyParser::Status> ReplyParser::take_line() {
  // A server that ends lines with LF alone is understood all the same: replies cannot be smuggled.
  if (line_.ends_with('\r')) line_.pop_back();
  // Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF
  Cursor in(line_);
  const std::string_view digits = in.take_count(3);
  if (digits.size() != 3 || !std::ranges::all_of(digits, is_digit)) return Status::malformed;
  const int code = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
  if (code < 200 || code > 599) return Status::malformed;
  const bool continues = in.take('-');
  if (!continues && !in.at_end() && !in.take(' ')) return Status::malformed;

  if (!reply_.lines.empty() && code != reply_.code) return Status::malformed;
  if (reply_.lines.size() == max_reply_lines) return Status::malformed;
  reply_.code = code;
  reply_.lines.emplace_back(in.rest());
  line_.clear();
  if (continues) return std::nullopt;
  complete_ = true;
  return Status::complete;
}

}  // namespace postern::delivery
