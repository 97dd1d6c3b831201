#include "milter/packets.h"

#include <fmt/format.h>

#include "base/cursor.h"

namespace postern::milter {
namespace {

constexpr std::size_t length_octets = 4;

/// Memory for one large packet is not kept while nothing is under way.
constexpr std::size_t kept_capacity = 8192;

std::uint32_t number_at(std::string_view octets) {
  std::uint32_t number = 0;
  for (const char octet : octets.substr(0, 4))
    number = number << 8 | static_cast<unsigned char>(octet);
  return number;
}

std::string number(std::uint32_t value) {
  std::string octets;
  for (int shift = 24; shift >= 0; shift -= 8) octets += static_cast<char>(value >> shift & 0xff);
  return octets;
}

void append_text(std::string& out, std::string_view text) {
  out.append(text).append(1, '\0');
}

std::optional<std::uint32_t> take_number(Cursor& in) {
  const std::string_view octets = in.take_count(4);
  if (octets.size() != 4) return std::nullopt;
  return number_at(octets);
}

/// Texts up to the end; nothing if the last one has no NUL.
std::optional<std::vector<std::string_view>> take_texts(Cursor& in) {
  std::vector<std::string_view> texts;
  while (!in.at_end()) {
    const auto text = in.take_until('\0');
    if (!text) return std::nullopt;
    texts.push_back(*text);
  }
  return texts;
}

std::unexpected<Error> malformed(const char* what) {
  return fail(fmt::format("The packet {} is malformed.", what));
}

Result<Request> parse_negotiation(Cursor in) {
  Negotiation negotiation;
  for (std::uint32_t* member :
       {&negotiation.version, &negotiation.actions, &negotiation.protocol}) {
    const auto value = take_number(in);
    if (!value) return malformed("OPTNEG");
    *member = *value;
  }
  while (!in.at_end()) {
    const auto step = take_number(in);
    const auto names = in.take_until('\0');
    if (!step || !names) return malformed("OPTNEG");
    negotiation.macro_lists.push_back({*step, *names});
  }
  return negotiation;
}

Result<Request> parse_connect(Cursor in) {
  const auto host = in.take_until('\0');
  const std::string_view family = in.take_count(1);
  if (!host || family.empty()) return malformed("CONNECT");
  Connect connect{.host = *host, .family = family[0], .address = {}};
  switch (connect.family) {
    case 'U':
      break;
    case '4':
    case '6':
    case 'L': {
      const std::string_view port = in.take_count(2);
      const auto address = in.take_until('\0');
      if (port.size() != 2 || !address) return malformed("CONNECT");
      connect.port = static_cast<std::uint16_t>(static_cast<unsigned char>(port[0]) << 8 |
                                                static_cast<unsigned char>(port[1]));
      connect.address = *address;
      break;
    }
    default:
      return malformed("CONNECT");
  }
  if (!in.at_end()) return malformed("CONNECT");
  return connect;
}

Result<Request> parse_macros(Cursor in) {
  const std::string_view command = in.take_count(1);
  const auto texts = take_texts(in);
  if (command.empty() || !texts || texts->size() % 2 != 0) return malformed("MACRO");
  Macros macros{.command = command[0], .macros = {}};
  for (std::size_t i = 0; i < texts->size(); i += 2)
    macros.macros.push_back({(*texts)[i], (*texts)[i + 1]});
  return macros;
}

Result<Request> parse_header(Cursor in) {
  const auto name = in.take_until('\0');
  const auto value = in.take_until('\0');
  if (!name || name->empty() || !value || !in.at_end()) return malformed("HEADER");
  return Header{*name, *value};
}

/// One text and nothing else.
std::optional<std::string_view> only_text(std::string_view data) {
  Cursor in(data);
  const auto text = in.take_until('\0');
  if (!text || !in.at_end()) return std::nullopt;
  return text;
}

template <class Command>
Result<Request> parse_arguments(std::string_view data, const char* what) {
  Cursor in(data);
  auto arguments = take_texts(in);
  if (!arguments || arguments->empty()) return malformed(what);
  return Command{*std::move(arguments)};
}

template <class Command>
Result<Request> without_data(std::string_view data, const char* what) {
  if (!data.empty()) return malformed(what);
  return Command{};
}

std::string data_of(const Connect& connect) {
  std::string data;
  append_text(data, connect.host);
  data += connect.family;
  if (connect.family == 'U') return data;
  data += static_cast<char>(connect.port >> 8);
  data += static_cast<char>(connect.port & 0xff);
  append_text(data, connect.address);
  return data;
}

std::string data_of(const Macros& macros) {
  std::string data(1, macros.command);
  for (const Macro& macro : macros.macros) {
    append_text(data, macro.name);
    append_text(data, macro.value);
  }
  return data;
}

std::string texts(std::initializer_list<std::string_view> all) {
  std::string data;
  for (const std::string_view text : all) append_text(data, text);
  return data;
}

std::string texts(const std::vector<std::string_view>& all) {
  std::string data;
  for (const std::string_view text : all) append_text(data, text);
  return data;
}

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

}  // namespace

void FrameReader::append(std::string_view bytes) {
  if (used_ == buffer_.size()) {
    if (buffer_.capacity() > kept_capacity) buffer_ = std::string();
    buffer_.clear();
  } else {
    buffer_.erase(0, used_);
  }
  used_ = 0;
  buffer_ += bytes;
}

Result<std::optional<Frame>> FrameReader::next() {
  const std::string_view rest = std::string_view(buffer_).substr(used_);
  if (rest.size() < length_octets) return std::nullopt;
  const std::size_t length = number_at(rest);
  if (length == 0) return fail("A packet is empty.");
  if (length > max_packet_) {
    return fail(
        fmt::format("A packet of {} octets is longer than the limit of {}.", length, max_packet_));
  }
  if (rest.size() - length_octets < length) return std::nullopt;
  used_ += length_octets + length;
  const std::string_view packet = rest.substr(length_octets, length);
  return Frame{.code = packet[0], .data = packet.substr(1)};
}

Result<Request> parse_request(const Frame& frame) {
  switch (frame.code) {
    case 'O':
      return parse_negotiation(Cursor(frame.data));
    case 'C':
      return parse_connect(Cursor(frame.data));
    case 'D':
      return parse_macros(Cursor(frame.data));
    case 'H':
      if (const auto name = only_text(frame.data)) return Hello{*name};
      return malformed("HELO");
    case 'M':
      return parse_arguments<MailFrom>(frame.data, "MAIL");
    case 'R':
      return parse_arguments<RcptTo>(frame.data, "RCPT");
    case 'T':
      return without_data<Data>(frame.data, "DATA");
    case 'L':
      return parse_header(Cursor(frame.data));
    case 'N':
      return without_data<EndOfHeader>(frame.data, "EOH");
    case 'B':
      return Body{frame.data};
    case 'E':
      return EndOfBody{frame.data};
    case 'A':
      return without_data<Abort>(frame.data, "ABORT");
    case 'K':
      return without_data<NextClient>(frame.data, "QUIT_NC");
    case 'Q':
      return without_data<Quit>(frame.data, "QUIT");
    case 'U':
      if (const auto line = only_text(frame.data)) return UnknownCommand{*line};
      return malformed("UNKNOWN");
    default:
      return fail(fmt::format("A packet of the unknown kind {:#04x} has come.",
                              static_cast<unsigned char>(frame.code)));
  }
}

std::string to_wire(const Frame& frame) {
  std::string wire = number(static_cast<std::uint32_t>(frame.data.size() + 1));
  wire += frame.code;
  return wire += frame.data;
}

std::string to_wire(const Negotiation& negotiation) {
  std::string data =
      number(negotiation.version) + number(negotiation.actions) + number(negotiation.protocol);
  for (const MacroList& list : negotiation.macro_lists) {
    data += number(list.step);
    append_text(data, list.names);
  }
  return to_wire(Frame{'O', data});
}

std::string to_wire(const Request& request) {
  const auto packet = [](char code, const std::string& data) { return to_wire(Frame{code, data}); };
  return std::visit(
      Overloaded{
          [](const Negotiation& value) { return to_wire(value); },
          [&](const Connect& value) { return packet('C', data_of(value)); },
          [&](const Macros& value) { return packet('D', data_of(value)); },
          [&](const Hello& value) { return packet('H', texts({value.name})); },
          [&](const MailFrom& value) { return packet('M', texts(value.arguments)); },
          [&](const RcptTo& value) { return packet('R', texts(value.arguments)); },
          [&](const Data&) { return packet('T', ""); },
          [&](const Header& value) { return packet('L', texts({value.name, value.value})); },
          [&](const EndOfHeader&) { return packet('N', ""); },
          [](const Body& value) { return to_wire(Frame{'B', value.bytes}); },
          [](const EndOfBody& value) { return to_wire(Frame{'E', value.bytes}); },
          [&](const Abort&) { return packet('A', ""); },
          [&](const NextClient&) { return packet('K', ""); },
          [&](const Quit&) { return packet('Q', ""); },
          [&](const UnknownCommand& value) { return packet('U', texts({value.line})); },
      },
      request);
}

std::string continue_packet() {
  return to_wire(Frame{'c', ""});
}

std::string accept_packet() {
  return to_wire(Frame{'a', ""});
}

std::string temporary_failure_packet() {
  return to_wire(Frame{'t', ""});
}

std::string reply_packet(std::string_view text) {
  // The MTA takes it for a format, where one percent sign is written as two.
  std::string data;
  for (const char c : text) data.append(c == '%' ? 2 : 1, c);
  data += '\0';
  return to_wire(Frame{'y', data});
}

std::string insert_header_packet(std::string_view name, std::string_view value) {
  return to_wire(Frame{'i', number(0) + texts({name, value})});
}

std::string delete_header_packet(std::string_view name, std::uint32_t index) {
  // A field without a value is taken away.
  return to_wire(Frame{'m', number(index) + texts({name, ""})});
}

std::string quarantine_packet(std::string_view reason) {
  return to_wire(Frame{'q', texts({reason})});
}

}  // namespace postern::milter
