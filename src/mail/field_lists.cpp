#include "mail/field_lists.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "base/cursor.h"
#include "mail/encoded_words.h"
#include "mail/header_fields.h"
#include "mail/lexical.h"

namespace postern::mail {
namespace {

std::string without_blanks(std::string_view text) {
  std::string result(text);
  std::erase_if(result, is_fws);
  return result;
}

/// phrase = 1*word / obs-phrase, up to a comma or the end; quotes and comments removed, folds and
/// encoded words as they came.
std::string take_phrase(Cursor& in) {
  std::string phrase;
  while (!in.at_end() && in.peek() != ',') {
    if (in.peek() == '"' && take_quoted_string(in, phrase)) continue;
    if (in.peek() == '(') {
      if (!skip_cfws(in)) return phrase;
      // The comment stood for a blank.
      phrase += ' ';
      continue;
    }
    phrase += in.take_count(1);
  }
  return phrase;
}

}  // namespace

std::vector<std::string> parse_message_ids(std::string_view body) {
  std::vector<std::string> ids;
  const auto add = [&](std::string id) {
    if (!id.empty() && ids.size() < max_list_items) ids.push_back(std::move(id));
  };
  if (!body.contains('<')) {
    for (Cursor in(body); !in.at_end();) {
      in.take_while([](char c) { return is_fws(c) || c == ','; });
      add(std::string(in.take_while([](char c) { return !is_fws(c) && c != ','; })));
    }
    return ids;
  }
  // msg-id = [CFWS] "<" id-left "@" id-right ">" [CFWS]; an id has no bracket in it, so that the
  // last one before `>` begins it.
  for (Cursor in(body); !in.at_end();) {
    in.take_while([](char c) { return c != '<'; });
    in.take('<');
    const auto inside = in.take_until('>');
    if (!inside) break;
    add(unfold(inside->substr(inside->rfind('<') + 1)));
  }
  return ids;
}

std::vector<std::string> parse_phrases(std::string_view body) {
  std::vector<std::string> phrases;
  for (Cursor in(body); !in.at_end() && phrases.size() < max_list_items; in.take(',')) {
    std::string phrase = decode_encoded_words(take_phrase(in));
    if (!phrase.empty()) phrases.push_back(std::move(phrase));
  }
  return phrases;
}

std::vector<ListUri> parse_list_uris(std::string_view body) {
  std::vector<ListUri> uris;
  Cursor in(body);
  for (bool is_whole = true; is_whole && uris.size() < max_list_items;) {
    // Comments may stand before and behind what they belong to.
    std::string comment, uri;
    do {
      is_whole = skip_cfws(in, &comment);
      if (!is_whole || in.at_end() || in.peek() == ',') break;
      if (in.take('<')) {
        const auto inside = in.take_until('>');
        is_whole = inside.has_value();
        if (!is_whole) break;
        uri += without_blanks(*inside);
      } else {
        // A word in place of a URI means something only if it is NO.
        const std::string_view word = in.take_while(
            [](char c) { return !is_fws(c) && !std::string_view("<,(").contains(c); });
        if (iequals(word, "NO") && uri.empty()) uri = "NO";
      }
    } while (true);
    if (!uri.empty()) uris.push_back({std::move(uri), decode_encoded_words(comment)});
    if (!in.take(',')) break;
  }
  return uris;
}

}  // namespace postern::mail
