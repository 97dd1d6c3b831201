#include "mail/charset.h"

#include <iconv.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "base/ascii.h"
#include "mail/utf8.h"

namespace postern::mail {
namespace {

struct Known {
  std::string_view name;
  /// As the C library calls it; null: as UTF-8, which is what ASCII with other octets mostly is.
  const char* iconv;
};

// Where a name is used for more than it means, the larger set is taken, as mail readers do.
constexpr Known known[] = {{"utf-8", nullptr},
                           {"utf8", nullptr},
                           {"us-ascii", nullptr},
                           {"ascii", nullptr},
                           {"unknown-8bit", nullptr},
                           {"iso-8859-1", "ISO-8859-1"},
                           {"latin1", "ISO-8859-1"},
                           {"iso-8859-2", "ISO-8859-2"},
                           {"iso-8859-3", "ISO-8859-3"},
                           {"iso-8859-4", "ISO-8859-4"},
                           {"iso-8859-5", "ISO-8859-5"},
                           {"iso-8859-6", "ISO-8859-6"},
                           {"iso-8859-7", "ISO-8859-7"},
                           {"iso-8859-8", "ISO-8859-8"},
                           {"iso-8859-8-i", "ISO-8859-8"},
                           {"iso-8859-9", "ISO-8859-9"},
                           {"iso-8859-10", "ISO-8859-10"},
                           {"iso-8859-13", "ISO-8859-13"},
                           {"iso-8859-14", "ISO-8859-14"},
                           {"iso-8859-15", "ISO-8859-15"},
                           {"iso-8859-16", "ISO-8859-16"},
                           {"windows-874", "CP874"},
                           {"windows-1250", "CP1250"},
                           {"windows-1251", "CP1251"},
                           {"windows-1252", "CP1252"},
                           {"windows-1253", "CP1253"},
                           {"windows-1254", "CP1254"},
                           {"windows-1255", "CP1255"},
                           {"windows-1256", "CP1256"},
                           {"windows-1257", "CP1257"},
                           {"windows-1258", "CP1258"},
                           {"cp1250", "CP1250"},
                           {"cp1251", "CP1251"},
                           {"cp1252", "CP1252"},
                           {"cp866", "CP866"},
                           {"ibm866", "CP866"},
                           {"koi8-r", "KOI8-R"},
                           {"koi8-u", "KOI8-U"},
                           {"tis-620", "TIS-620"},
                           {"gb2312", "GB18030"},
                           {"gbk", "GB18030"},
                           {"gb18030", "GB18030"},
                           {"big5", "BIG5"},
                           {"big5-hkscs", "BIG5-HKSCS"},
                           {"shift_jis", "CP932"},
                           {"euc-jp", "EUC-JP"},
                           {"iso-2022-jp", "ISO-2022-JP"},
                           {"euc-kr", "CP949"},
                           {"ks_c_5601-1987", "CP949"},
                           {"iso-2022-kr", "ISO-2022-KR"},
                           {"macintosh", "MACINTOSH"}};

/// `iso-8859-1*de` is ISO-8859-1 with a language (RFC 2231 section 5).
const Known* find(std::string_view charset) {
  charset = charset.substr(0, charset.find('*'));
  for (const Known& one : known)
    if (iequals(one.name, charset)) return &one;
  return nullptr;
}

/// A conversion of iconv to UTF-8.
class Converter {
 public:
  explicit Converter(const char* from) : handle_(iconv_open("UTF-8", from)) {}
  ~Converter() {
    if (is_open()) iconv_close(handle_);
  }
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;

  bool is_open() const { return reinterpret_cast<std::intptr_t>(handle_) != -1; }

  std::string convert(std::string_view bytes) {
    std::string text;
    std::string copy(bytes);  // iconv() promises to leave its input alone, its type does not
    char* in = copy.data();
    std::size_t left = copy.size();
    // The last call, without input, puts out what a converter with states has held back.
    for (bool flushes = false;;) {
      std::array<char, 4096> buffer;
      char* out = buffer.data();
      std::size_t room = buffer.size();
      const std::size_t result = flushes ? iconv(handle_, nullptr, nullptr, &out, &room)
                                         : iconv(handle_, &in, &left, &out, &room);
      const int error = result == static_cast<std::size_t>(-1) ? errno : 0;
      text.append(buffer.data(), buffer.size() - room);
      if (error == E2BIG) continue;
      if (error != 0 && left > 0 && !flushes) {
        // One octet that makes no character; whatever follows is looked at on its own.
        text += replacement_character;
        ++in;
        --left;
        continue;
      }
      if (flushes) return text;
      flushes = true;
    }
  }

 private:
  iconv_t handle_;
};

}  // namespace

bool is_known_charset(std::string_view charset) {
  return find(charset) != nullptr;
}

std::optional<std::string> to_utf8(std::string_view bytes, std::string_view charset) {
  const Known* found = find(charset);
  if (!found) return std::nullopt;
  if (!found->iconv) return repaired_utf8(bytes);
  Converter converter(found->iconv);
  if (!converter.is_open()) return std::nullopt;
  return repaired_utf8(converter.convert(bytes));
}

}  // namespace postern::mail
