#include "auth/dmarc_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <initializer_list>
#include <utility>

#include "auth/tag_list.h"
#include "base/ascii.h"
#include "base/cursor.h"
#include "mail/mailbox.h"

namespace postern::auth {
namespace {

struct RawTag {
  std::string_view name;
  std::string_view value;
};

/// What dmarc-value may be made of (section 4.8), with the tab that real records have.
bool is_value_character(char c) {
  return (c >= ' ' && c < '\x7f') || c == '\t';
}

// dmarc-tag = 1*ALPHA equals 1*dmarc-value
std::optional<RawTag> parse_tag(std::string_view text) {
  Cursor in(trim(text));
  RawTag tag{.name = in.take_while(is_alpha)};
  in.take_while(is_wsp);
  if (tag.name.empty() || !in.take('=')) return std::nullopt;
  tag.value = trim(in.rest());
  if (!std::ranges::all_of(tag.value, is_value_character)) return std::nullopt;
  return tag;
}

/// The text up to the next semicolon, which is consumed too.
std::string_view take_part(std::string_view& rest) {
  const std::size_t end = std::min(rest.find(';'), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

// dmarc-version = "v" equals %s"DMARC1", of which only DMARC1 is sensitive to case
bool is_version(std::string_view part) {
  if (part.empty() || to_lower(part.front()) != 'v') return false;
  const auto tag = parse_tag(part);
  return tag && iequals(tag->name, "v") && tag->value == "DMARC1";
}

std::optional<DmarcPolicy> parse_policy(std::string_view value) {
  for (const DmarcPolicy policy : {DmarcPolicy::none, DmarcPolicy::quarantine, DmarcPolicy::reject})
    if (iequals(value, to_string(policy))) return policy;
  return std::nullopt;
}

// RFC 7489 section 6.4 had dmarc-uri = URI [ "!" 1*DIGIT [ "k" / "m" / "g" / "t" ] ]. RFC 9989
// has no such limits any more, but records do.
std::string_view without_size_limit(std::string_view uri) {
  constexpr std::size_t most_digits = 19;
  const std::size_t mark = uri.find('!');
  if (mark == std::string_view::npos) return uri;
  Cursor in(uri.substr(mark + 1));
  in.take_while(is_wsp);
  const std::size_t digits = in.take_while(is_digit).size();
  in.take_while(is_wsp);
  if (!in.at_end() && std::string_view("kmgt").contains(to_lower(in.peek()))) in.take_count(1);
  if (digits == 0 || digits > most_digits || !in.at_end()) return {};
  return trim(uri.substr(0, mark));
}

// dmarc-urilist = dmarc-uri *(*WSP "," *WSP dmarc-uri)
std::vector<std::string> parse_uris(std::string_view value) {
  std::vector<std::string> uris;
  while (!value.empty() && uris.size() < max_report_uris) {
    const std::size_t comma = std::min(value.find(','), value.size());
    const std::string_view uri = without_size_limit(trim(value.substr(0, comma)));
    if (mailbox_of_report_uri(uri)) uris.emplace_back(uri);
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
  return uris;
}

/// Nothing if the value is none of the words of fo=.
std::optional<DmarcFailureOptions> parse_failure_options(std::string_view value) {
  DmarcFailureOptions options;
  std::optional<std::string_view> rest = value;
  while (const auto element = next_element(rest)) {
    if (*element == "1")
      options.any = true;
    else if (iequals(*element, "d"))
      options.dkim = true;
    else if (iequals(*element, "s"))
      options.spf = true;
    else if (*element != "0")
      return std::nullopt;
  }
  return options;
}

/// Sets `field` to what belongs to the letter; any other value leaves the default.
template <class Value>
void set_letter(std::string_view value, Value& field,
                std::initializer_list<std::pair<std::string_view, Value>> letters) {
  for (const auto& [letter, meaning] : letters)
    if (iequals(value, letter)) field = meaning;
}

class RecordReader {
 public:
  void read(const RawTag& tag) {
    const auto is = [&](std::string_view name) { return iequals(tag.name, name); };
    if (is("p")) {
      p_ = parse_policy(tag.value);
      has_p_ = true;
    } else if (is("sp")) {
      record_.sp = parse_policy(tag.value);
      has_bad_policy_ |= !record_.sp;
    } else if (is("np")) {
      record_.np = parse_policy(tag.value);
      has_bad_policy_ |= !record_.np;
    } else if (is("adkim")) {
      set_letter(tag.value, record_.adkim, {{"r", DmarcMode::relaxed}, {"s", DmarcMode::strict}});
    } else if (is("aspf")) {
      set_letter(tag.value, record_.aspf, {{"r", DmarcMode::relaxed}, {"s", DmarcMode::strict}});
    } else if (is("psd")) {
      set_letter(tag.value, record_.psd, {{"y", DmarcPsd::yes}, {"n", DmarcPsd::no}});
    } else if (is("t")) {
      set_letter(tag.value, record_.is_testing, {{"y", true}, {"n", false}});
    } else if (is("rua")) {
      record_.rua = parse_uris(tag.value);
    } else if (is("ruf")) {
      record_.ruf = parse_uris(tag.value);
    } else if (is("fo")) {
      record_.fo = parse_failure_options(tag.value).value_or(DmarcFailureOptions());
    }
  }

  DmarcRecord finish() {
    const bool is_valid = p_ && !has_bad_policy_;
    if (is_valid) {
      record_.p = *p_;
      return std::move(record_);
    }
    // Section 4.10.1: without a valid p=, or with an sp= or np= that is not, the record counts as
    // p=none if there is somebody to report to. A record of a public suffix that only says psd=y
    // lacks p= because its owner has no policy (section 4.7, p).
    const bool only_marks_suffix = record_.psd == DmarcPsd::yes && !has_p_ && !has_bad_policy_;
    record_.applies = !record_.rua.empty() || only_marks_suffix;
    if (has_bad_policy_ || has_p_) {
      record_.sp.reset();
      record_.np.reset();
    }
    return std::move(record_);
  }

 private:
  DmarcRecord record_;
  std::optional<DmarcPolicy> p_;
  bool has_p_ = false;
  bool has_bad_policy_ = false;
};

}  // namespace

std::string_view to_string(DmarcPolicy policy) {
  switch (policy) {
    case DmarcPolicy::none:
      return "none";
    case DmarcPolicy::quarantine:
      return "quarantine";
    case DmarcPolicy::reject:
      return "reject";
  }
  std::abort();
}

bool is_dmarc_record(std::string_view text) {
  return is_version(take_part(text));
}

Result<DmarcRecord> parse_dmarc_record(std::string_view text) {
  if (!is_version(take_part(text))) return fail("the text does not begin with v=DMARC1");
  RecordReader reader;
  std::vector<std::string> seen = {"v"};
  while (!text.empty()) {
    // Section 4.7: what is no tag is ignored.
    const auto tag = parse_tag(take_part(text));
    if (!tag) continue;
    std::string name = to_lower(tag->name);
    if (std::ranges::find(seen, name) != seen.end())
      return fail(fmt::format("tag {} stands there twice", excerpt(name)));
    if (seen.size() == max_tags) return fail("there are too many tags");
    seen.push_back(std::move(name));
    reader.read(*tag);
  }
  return reader.finish();
}

std::string to_text(const DmarcRecord& record) {
  std::string text = "v=DMARC1";
  const auto add = [&](std::string_view name, std::string_view value) {
    text += fmt::format("; {}={}", name, value);
  };
  if (record.applies) add("p", to_string(record.p));
  if (record.sp) add("sp", to_string(*record.sp));
  if (record.np) add("np", to_string(*record.np));
  if (record.adkim == DmarcMode::strict) add("adkim", "s");
  if (record.aspf == DmarcMode::strict) add("aspf", "s");
  if (record.psd == DmarcPsd::yes) add("psd", "y");
  if (record.psd == DmarcPsd::no) add("psd", "n");
  if (record.is_testing) add("t", "y");
  const auto join = [](const std::vector<std::string>& words, char separator) {
    std::string joined;
    for (const std::string& word : words) {
      if (!joined.empty()) joined += separator;
      joined += word;
    }
    return joined;
  };
  if (!record.rua.empty()) add("rua", join(record.rua, ','));
  if (!record.ruf.empty()) add("ruf", join(record.ruf, ','));
  std::vector<std::string> options;
  if (record.fo.any) options.emplace_back("1");
  if (record.fo.dkim) options.emplace_back("d");
  if (record.fo.spf) options.emplace_back("s");
  if (!options.empty()) add("fo", join(options, ':'));
  return text;
}

std::optional<std::string> mailbox_of_report_uri(std::string_view uri) {
  constexpr std::string_view scheme = "mailto:";
  if (!istarts_with(uri, scheme)) return std::nullopt;
  // Behind the question mark are header fields, which a report has of its own.
  uri = uri.substr(scheme.size());
  uri = uri.substr(0, uri.find('?'));
  std::string mailbox;
  Cursor in(uri);
  while (!in.at_end()) {
    if (!in.take('%')) {
      mailbox += in.take_count(1);
      continue;
    }
    const std::string_view digits = in.take_count(2);
    unsigned octet = 0;
    const auto [end, error] = std::from_chars(digits.begin(), digits.end(), octet, 16);
    if (error != std::errc() || digits.size() != 2 || end != digits.end()) return std::nullopt;
    mailbox += static_cast<char>(octet);
  }
  if (!mail::parse_mailbox(mailbox)) return std::nullopt;
  return mailbox;
}

}  // namespace postern::auth
