// `postern assess`: the Direct Send report of a tenant that never ran Postern, from what its mail
// system exported. Needs no daemon and asks nobody.
//
// assess/ reads and counts, policy/direct_send_report.h judges, this puts both together and prints.
#pragma once

#include <boost/json/object.hpp>
#include <iosfwd>
#include <string>
#include <vector>

#include "assess/read_files.h"
#include "assess/survey.h"
#include "policy/direct_send_report.h"

namespace postern::ctl {

struct AssessedSource {
  policy::SourceStatistics statistics;
  policy::SourceJudgement judgement;
  policy::SourceRemedy remedy;

  /// The address, or the sender where there is none.
  std::string name() const;
};

struct Assessment {
  std::vector<AssessedSource> sources;  ///< those that the switch would hit hardest first
  policy::DirectSendForecast forecast;
  assess::SurveyTotals totals;
  assess::ReadReport read;
  /// What the record could not tell, and what else to know: sentences.
  std::vector<std::string> notes;
};

enum class ConnectorsFor { by_files, postern, exchange_online };

/// `by_files`: for Exchange Online if one of the files is Microsoft's.
Assessment assess_survey(const assess::Survey& survey, assess::ReadReport read,
                         ConnectorsFor whose);

/// `top`: sources that are shown; 0: all.
void print_assessment(std::ostream& out, const Assessment& assessment, std::size_t top);
/// One row for each source. What strangers chose is written so that a spreadsheet does not take it
/// for a formula.
void write_assessment_csv(std::ostream& out, const Assessment& assessment);
boost::json::object to_json(const Assessment& assessment);

}  // namespace postern::ctl
