// HTML as plain text, for looking at a message without a reader of HTML: nothing is fetched,
// nothing runs, and where a link leads stands behind its words.
//
//   <p>Please <a href="http://evil.test/x">log&nbsp;in</a></p>   Please log in <http://evil.test/x>
//
// For DISPLAY only. One walk, no tree: tags vanish or become line breaks, the content of script,
// style, head and comments vanishes, entities are decoded. Broken HTML gives broken text.
#pragma once

#include <string>
#include <string_view>

namespace postern::mail {

/// Never longer than `html`; lines end with LF. The text is a stranger's: see displayable().
std::string html_to_text(std::string_view html);

}  // namespace postern::mail
