#include "assess/file_format.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::assess;

namespace {

Result<FileFormat> recognise(std::string_view text) {
  return recognise_format(text, *parse_iso("2026-11-22"));
}

}  // namespace

TEST_CASE("formats are known by their content") {
  CHECK(recognise("Date,Sender,Recipient,Subject,Status\n") == FileFormat::csv);
  CHECK(recognise("sep=;\n\nDate;Sender;Recipient\n") == FileFormat::csv);
  CHECK(recognise("#TYPE Selected.X\n\"Received\",\"SenderAddress\"\n") == FileFormat::csv);
  CHECK(recognise(" {\"Results\":[]}") == FileFormat::json);
  CHECK(recognise("[\n") == FileFormat::json);
  CHECK(recognise("Nov  2 08:00:00 mx sshd[1]: hi\n"
                  "Nov  2 08:00:00 mx postfix/qmgr[5]: 4RzX: removed\n") ==
        FileFormat::postfix_log);
  CHECK(recognise("2026-11-02 08:00:00 1tA7bc-000001-2x Completed\n") == FileFormat::exim_log);
  CHECK(recognise("From: a@b.test\r\nX-MS-Exchange-Organization-AuthAs: Anonymous\r\n\r\n") ==
        FileFormat::message);
}

TEST_CASE("what is nothing of this says what it lacks") {
  CHECK(recognise("").error().message == "it is empty");
  CHECK(recognise("Name,Age\nann,42\n")
            .error()
            .message.ends_with("as a table, there is no column for the sender (Sender, "
                               "sender_address, return_path, SenderMailFromAddress)"));
  CHECK_FALSE(recognise("From: a@b.test\r\n\r\nno field of Exchange's\r\n"));
  CHECK_FALSE(
      recognise("\x7f"
                "ELF"));
}

TEST_CASE("the separator is the one that makes a trace of it") {
  CHECK(read_csv_header("Date,Sender,Recipient")->separator == ',');
  CHECK(read_csv_header("Date;Sender;Recipient")->separator == ';');
  CHECK(read_csv_header("Date\tSender\tRecipient")->separator == '\t');
}
