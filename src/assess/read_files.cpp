#include "assess/read_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include "assess/csv.h"
#include "assess/exchange_message.h"
#include "assess/file_format.h"
#include "assess/json_records.h"
#include "assess/mail_log.h"
#include "assess/text_decoder.h"
#include "base/ascii.h"
#include "mail/header_fields.h"
#include "mail/utf8.h"

namespace postern::assess {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece_size = 256 * 1024;
constexpr std::size_t max_log_line = 64 * 1024;

/// When the file was last written: logs have no years.
Time written_at(const fs::path& path) {
  std::error_code error;
  const auto time = fs::last_write_time(path, error);
  if (error) return now();
  return std::chrono::time_point_cast<std::chrono::microseconds>(
      std::chrono::file_clock::to_sys(time));
}

std::uint64_t size_of(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  return error ? 0 : size;
}

/// Turns the text of one file into observations.
class Format {
 public:
  virtual ~Format() = default;
  virtual void feed(std::string_view text) = 0;
  virtual void finish() = 0;
};

/// What all formats report to.
class Desk {
 public:
  Desk(Survey& survey, ReadReport& report) : survey_(survey), report_(report) {}

  void open(std::string_view path) {
    report_.files.push_back({});
    report_.files.back().path = mail::displayable(path);
  }
  ReadFile& file() { return report_.files.back(); }
  void take(const Observation& seen) {
    ++file().rows;
    survey_.add(seen);
  }
  void bad_row(std::uint64_t line, std::string what) {
    bad_row(file().path, line, std::move(what));
  }
  void bad_row(std::string_view path, std::uint64_t line, std::string what) {
    ++report_.bad_rows;
    if (report_.named.size() < max_named_rows)
      report_.named.push_back({mail::displayable(path), line, std::move(what)});
  }
  void problem(std::string sentence) { report_.problems.push_back(std::move(sentence)); }
  void describe(const TraceFeatures& features) {
    file().format = to_string(features.kind);
    file().is_microsoft = true;
    file().without_clients = !features.clients;
    file().without_connectors = !features.connectors;
    file().without_reverse_paths = !features.reverse_paths;
    file().without_authentication = !features.authentication;
  }
  /// One row of a trace, whatever it was written as.
  void take_row(const TraceTable& table, const std::vector<std::string>& fields,
                std::uint64_t line) {
    const auto row = table.read(fields);
    if (!row) return bad_row(line, row.error());
    if (*row) take(**row);
  }

 private:
  Survey& survey_;
  ReadReport& report_;
};

class CsvFormat final : public Format {
 public:
  explicit CsvFormat(Desk& desk)
      : desk_(desk), splitter_([this](std::uint64_t line, std::string_view text, bool overlong) {
          take(line, text, overlong);
        }) {}
  void feed(std::string_view text) override { splitter_.feed(text); }
  void finish() override { splitter_.finish(); }

 private:
  void take(std::uint64_t line, std::string_view text, bool overlong) {
    if (overlong) return desk_.bad_row(line, std::string(to_words(CsvTrouble::too_long)));
    if (!header_) {
      if (is_before_header(text)) return;
      // The file was recognised by this very row.
      if (auto header = read_csv_header(text)) {
        desk_.describe(header->table.features());
        header_ = std::make_unique<CsvHeader>(*std::move(header));
      }
      return;
    }
    if (trim(text).empty()) return;
    const auto fields = parse_csv_record(text, header_->separator);
    if (!fields) return desk_.bad_row(line, std::string(to_words(fields.error())));
    // Exports that were put together have it again.
    if (*fields != header_->names) desk_.take_row(header_->table, *fields, line);
  }

  Desk& desk_;
  std::unique_ptr<CsvHeader> header_;
  CsvSplitter splitter_;
};

class JsonFormat final : public Format {
 public:
  explicit JsonFormat(Desk& desk)
      : desk_(desk), splitter_([this](std::uint64_t line, std::string_view text, bool broken) {
          take(line, text, broken);
        }) {}
  void feed(std::string_view text) override { splitter_.feed(text); }
  void finish() override {
    splitter_.finish();
    if (desk_.file().format.empty()) desk_.file().format = to_string(FileFormat::json);
  }

 private:
  void take(std::uint64_t line, std::string_view text, bool broken) {
    if (broken) return desk_.bad_row(line, "the object has no end within 256 kB");
    const auto fields = read_json_record(text);
    if (!fields) return desk_.bad_row(line, fields.error());
    const auto table = TraceTable::from_header(fields->names);
    if (!table) return desk_.bad_row(line, table.error().message);
    if (desk_.file().rows == 0) desk_.describe(table->features());
    desk_.take_row(*table, fields->values, line);
  }

  Desk& desk_;
  JsonSplitter splitter_;
};

class LogFormat final : public Format {
 public:
  LogFormat(Desk& desk, FileFormat format, Time written) : desk_(desk) {
    desk_.file().format = to_string(format);
    desk_.file().without_authentication = true;
    const auto take = [this](const Observation& seen) { desk_.take(seen); };
    reader_ =
        format == FileFormat::exim_log ? read_exim_log(take) : read_postfix_log(take, written);
  }
  void feed(std::string_view text) override {
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      line_ += text.substr(0, end);
      if (line_.size() > max_log_line) {
        if (!overlong_) desk_.bad_row(number_, "the line is longer than 64 kB");
        overlong_ = true;
        line_.clear();
      }
      if (end == std::string_view::npos) return;
      text.remove_prefix(end + 1);
      end_line();
    }
  }
  void finish() override {
    if (!line_.empty()) end_line();
    reader_->finish();
  }

 private:
  /// Lines of other programs are no bad rows: a syslog is full of them.
  void end_line() {
    if (line_.ends_with('\r')) line_.pop_back();
    if (!overlong_) reader_->read(line_);
    overlong_ = false;
    line_.clear();
    ++number_;
  }

  Desk& desk_;
  std::unique_ptr<MailLogReader> reader_;
  std::string line_;
  std::uint64_t number_ = 1;
  bool overlong_ = false;
};

class Reading {
 public:
  Reading(Survey& survey, ReadReport& report, const ReadProgress& progress)
      : desk_(survey, report), progress_(progress) {}

  void expect(std::uint64_t octets) { total_ += octets; }

  void read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string piece(piece_size, '\0');
    std::string text;
    TextDecoder decoder;
    std::unique_ptr<Format> format;
    desk_.open(path);
    bool at_end = !file;
    if (at_end) return give_up(path, std::strerror(errno));
    while (!at_end) {
      file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
      const auto count = static_cast<std::size_t>(file.gcount());
      if (file.bad()) return give_up(path, std::strerror(errno));
      at_end = count < piece.size();
      decoder.feed(std::string_view(piece).substr(0, count), text);
      if (at_end) decoder.finish(text);
      if (!format) {
        const auto kind = recognise_format(text, written_at(path));
        if (!kind) return give_up(path, kind.error().message);
        if (*kind == FileFormat::message) return take_message(path, text);
        format = make_format(*kind, path);
      }
      format->feed(text);
      text.clear();
      advance(count);
    }
    format->finish();
  }

  /// All .eml files below, as one entry of the report.
  void read_folder(const std::string& path, const std::vector<fs::path>& messages) {
    desk_.open(path);
    describe_messages();
    for (const fs::path& one : messages) {
      std::ifstream file(one, std::ios::binary);
      std::string text(mail::max_header_bytes + 1, '\0');
      if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
      if (!file && file.gcount() == 0) {
        desk_.bad_row(one.string(), 1, "it cannot be read, or is empty");
      } else {
        text.resize(static_cast<std::size_t>(file.gcount()));
        if (const auto seen = read_exchange_message(text)) {
          desk_.take(*seen);
        } else {
          desk_.bad_row(one.string(), 1, "it has no header field of Exchange's");
        }
      }
      advance(size_of(one));
    }
  }

 private:
  std::unique_ptr<Format> make_format(FileFormat kind, const std::string& path) {
    switch (kind) {
      case FileFormat::csv:
        return std::make_unique<CsvFormat>(desk_);
      case FileFormat::json:
        return std::make_unique<JsonFormat>(desk_);
      case FileFormat::postfix_log:
      case FileFormat::exim_log:
        return std::make_unique<LogFormat>(desk_, kind, written_at(path));
      case FileFormat::message:
        break;
    }
    std::abort();
  }

  void describe_messages() {
    desk_.file().format = to_string(FileFormat::message);
    desk_.file().is_microsoft = true;
  }

  void take_message(const std::string& path, std::string_view text) {
    describe_messages();
    const auto seen = read_exchange_message(text);
    if (seen) desk_.take(*seen);
    advance(size_of(path));
  }

  void give_up(const std::string& path, std::string_view why) {
    desk_.problem(fmt::format("Cannot read {}: {}.", mail::displayable(path), why));
  }

  void advance(std::uint64_t octets) {
    done_ += octets;
    if (progress_) progress_(std::min(done_, total_), total_);
  }

  Desk desk_;
  const ReadProgress& progress_;
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
};

struct Input {
  std::string path;
  bool is_folder = false;
  std::vector<fs::path> messages;
};

Input look_at(const std::string& path, Reading& reading, ReadReport& report) {
  Input input{.path = path, .is_folder = false, .messages = {}};
  std::error_code error;
  input.is_folder = fs::is_directory(path, error);
  if (!input.is_folder) {
    reading.expect(size_of(path));
    return input;
  }
  fs::recursive_directory_iterator entries(path, error);
  for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
    if (to_lower(entries->path().extension().string()) != ".eml" ||
        !entries->is_regular_file(error))
      continue;
    input.messages.push_back(entries->path());
    reading.expect(size_of(entries->path()));
  }
  if (error)
    report.problems.push_back(fmt::format("Cannot read {}: {}.", path, error.message()));
  else if (input.messages.empty())
    report.problems.push_back(fmt::format("There is no .eml file in {}.", path));
  std::ranges::sort(input.messages);
  return input;
}

}  // namespace

ReadReport read_files(const std::vector<std::string>& paths, Survey& survey,
                      const ReadProgress& progress) {
  ReadReport report;
  Reading reading(survey, report, progress);
  std::vector<Input> inputs;
  for (const std::string& path : paths) inputs.push_back(look_at(path, reading, report));
  for (const Input& input : inputs) {
    if (!input.messages.empty()) {
      reading.read_folder(input.path, input.messages);
    } else if (!input.is_folder) {
      reading.read_file(input.path);
    }
  }
  // What could not be read is among the problems.
  std::erase_if(report.files, [](const ReadFile& file) { return file.format.empty(); });
  return report;
}

}  // namespace postern::assess
