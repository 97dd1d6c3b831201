// What kind of record a file is, by its first lines.
#pragma once

#include <string>
#include <string_view>

#include "assess/csv.h"
#include "assess/trace_table.h"
#include "base/result.h"
#include "base/time.h"

namespace postern::assess {

enum class FileFormat { csv, json, postfix_log, exim_log, message };
std::string_view to_string(FileFormat format);

/// `beginning`: as UTF-8, enough to hold some lines. The error is a part of a sentence.
Result<FileFormat> recognise_format(std::string_view beginning, Time written);

/// Rows before the header: `#TYPE …` of PowerShell, `sep=;` of Excel, empty ones.
bool is_before_header(std::string_view row);

struct CsvHeader {
  TraceTable table;
  char separator = ',';
  CsvRecord names;
};
/// With whichever separator makes a trace of it.
Result<CsvHeader> read_csv_header(std::string_view row);

}  // namespace postern::assess
