#include "mail/html_text.h"

#include <doctest/doctest.h>

using postern::mail::html_to_text;

TEST_CASE("words stay, tags go, links say where they lead") {
  CHECK(html_to_text(
            "<p>Please <a class='x' href=\"http://evil.test/?a=1&amp;b=2\">log&nbsp;in</a></p>") ==
        "Please log in <http://evil.test/?a=1&b=2>");
  CHECK(html_to_text("a<br>b<br/>c</p><div>d</div>") == "a\nb\nc\n\nd");
  CHECK(html_to_text("one\r\n   two\t three") == "one two three");
  CHECK(html_to_text("&lt;b&gt; &#65;&#x42;&#1234567; &unknown; & &#xd800; &") ==
        "<b> AB? &unknown; & ? &");
  CHECK(html_to_text("x < y and 1<2") == "x < y and 1<2");
}

TEST_CASE("what a browser would run or hide is not shown") {
  CHECK(html_to_text("<head><title>t</title></head>a<script>if (1 < 2) alert('</p>')</script>b"
                     "<STYLE>p{}</STYLE>c<!-- <p>no --> d") == "abc d");
  CHECK(html_to_text("a<script>never closed") == "a");
  CHECK(html_to_text("<img alt='>' src=x>after") == "after");
  CHECK(html_to_text("<a href=x>open") == "open");
  CHECK(html_to_text("<").size() == 1);
  CHECK(html_to_text("<a href='") == "");
}
