#include "mail/field_parameters.h"

#include <doctest/doctest.h>

using namespace postern::mail;
using Parameters = std::vector<FieldParameter>;

namespace {

Parameters parameters(std::string_view body) {
  return parse_field_with_parameters(body).parameters;
}

}  // namespace

TEST_CASE("the forms of RFC 2045 section 5.1") {
  const auto field = parse_field_with_parameters(
      " Multipart / Mixed (a comment) ;\r\n\tBoundary=\"a b\\\"c\" ; charset=us-ascii (Plain)");
  CHECK(field.value == "multipart/mixed");
  CHECK(field.parameters == Parameters{{"boundary", "a b\"c"}, {"charset", "us-ascii"}});
  CHECK(field.parameter("boundary") == "a b\"c");
  CHECK(field.parameter("none") == "");
  CHECK(parse_field_with_parameters("attachment; filename=a.xml").value == "attachment");
}

TEST_CASE("long and international values, RFC 2231") {
  CHECK(parameters("x/y; url*0=\"ftp://\"; URL*1=\"a.test/b\"") ==
        Parameters{{"url", "ftp://a.test/b"}});
  CHECK(parameters("x/y; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A") ==
        Parameters{{"title", "This is ***fun***"}});
  CHECK(parameters("x/y; t*1*=%20b; t*0*=iso-8859-1'de'%FC; t*2=c%20; t*4=lost") ==
        Parameters{{"t", "ü bc%20"}});
  CHECK(parameters("x/y; filename=old; filename*=utf-8''n%C3%BC; filename=older") ==
        Parameters{{"filename", "nü"}});
  CHECK(parameters("x/y; a*=no-such-set''%FF; b*=plain; c*x=1; d*1=lost") ==
        Parameters{{"a", "\uFFFD"}, {"b", "plain"}});
}

TEST_CASE("what breaks the grammar") {
  CHECK(parse_field_with_parameters("").value == "");
  CHECK(parse_field_with_parameters("text/; a=b").value == "");
  CHECK(parameters("x/y; ; a; =b; c==d; e=f g; h=\"never ends") ==
        Parameters{{"c", "=d"}, {"e", "f"}, {"h", "\"never"}});
  CHECK(parameters("x/y junk; boundary=----=_Part_1.2/3") ==
        Parameters{{"boundary", "----=_Part_1.2/3"}});
  std::string many = "x/y";
  for (std::size_t i = 0; i <= max_parameters; ++i) many += ";a" + std::to_string(i) + "=b";
  CHECK(parameters(many).size() == max_parameters);
}
