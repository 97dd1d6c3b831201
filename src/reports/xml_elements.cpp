#include "reports/xml_elements.h"

#include <expat.h>

#include <limits>
#include <memory>
#include <vector>

namespace postern::reports {
namespace {

/// `ns:name` is `name`.
std::string_view local_name(const XML_Char* name) {
  const std::string_view whole(name);
  const std::size_t colon = whole.rfind(':');
  return colon == std::string_view::npos ? whole : whole.substr(colon + 1);
}

class Reader {
 public:
  explicit Reader(const XmlHandler& handler)
      : handler_(handler), parser_(XML_ParserCreate(nullptr)) {
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(parser_.get(), on_begin, on_end);
    XML_SetCharacterDataHandler(parser_.get(), on_text);
    XML_SetStartDoctypeDeclHandler(parser_.get(), on_document_type);
  }

  Result<void> read(std::string_view xml) {
    if (xml.size() > std::numeric_limits<int>::max()) return fail("The document is too large.");
    const auto status =
        XML_Parse(parser_.get(), xml.data(), static_cast<int>(xml.size()), XML_TRUE);
    if (status == XML_STATUS_OK) return {};
    const XML_Error error = XML_GetErrorCode(parser_.get());
    if (error == XML_ERROR_ABORTED && trouble_.empty()) return {};
    if (!trouble_.empty()) return fail(trouble_);
    return fail("Line " + std::to_string(XML_GetCurrentLineNumber(parser_.get())) +
                " is no XML: " + XML_ErrorString(error) + ".");
  }

 private:
  // Expat is C: the object is the pointer that it hands back.
  static void XMLCALL on_begin(void* self, const XML_Char* name, const XML_Char** attributes) {
    static_cast<Reader*>(self)->begin(name, attributes);
  }
  static void XMLCALL on_end(void* self, const XML_Char*) { static_cast<Reader*>(self)->end(); }
  static void XMLCALL on_text(void* self, const XML_Char* text, int size) {
    static_cast<Reader*>(self)->add({text, static_cast<std::size_t>(size)});
  }
  static void XMLCALL on_document_type(void* self, const XML_Char*, const XML_Char*,
                                       const XML_Char*, int) {
    static_cast<Reader*>(self)->stop("The document has a document type, which no report needs.");
  }

  void stop(std::string trouble) {
    trouble_ = std::move(trouble);
    XML_StopParser(parser_.get(), XML_FALSE);
  }

  void begin(const XML_Char* name, const XML_Char** attributes) {
    if (lengths_.size() == max_xml_depth) return stop("The document is nested too deeply.");
    lengths_.push_back(path_.size());
    if (!path_.empty()) path_ += '/';
    path_ += local_name(name);
    text_.clear();
    const XmlAttributes find = [&](std::string_view wanted) -> std::optional<std::string> {
      for (const XML_Char** each = attributes; *each; each += 2)
        if (local_name(each[0]) == wanted) return each[1];
      return std::nullopt;
    };
    if (!handler_.begin(path_, find)) XML_StopParser(parser_.get(), XML_FALSE);
  }

  void end() {
    // A stopped parser still ends an element that is empty; one that was too deep has no path.
    if (!trouble_.empty() || lengths_.empty()) return;
    handler_.end(path_, text_);
    path_.resize(lengths_.back());
    lengths_.pop_back();
    text_.clear();
  }

  void add(std::string_view text) { text_ += text.substr(0, max_xml_text - text_.size()); }

  struct Free {
    void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
  };

  const XmlHandler& handler_;
  std::unique_ptr<XML_ParserStruct, Free> parser_;
  std::string path_;
  std::vector<std::size_t> lengths_;  ///< of the path, outside each element that we are in
  std::string text_;
  std::string trouble_;
};

}  // namespace

Result<void> read_xml(std::string_view xml, const XmlHandler& handler) {
  return Reader(handler).read(xml);
}

}  // namespace postern::reports
