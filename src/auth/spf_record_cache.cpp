#include "auth/spf_record_cache.h"

namespace postern::auth {

std::shared_ptr<const ParsedSpfRecord> SpfRecordCache::parse(std::string_view text) {
  if (auto known = records_.find(text)) return known;
  auto parsed = std::make_shared<const ParsedSpfRecord>(text);
  if (text.size() <= max_record) records_.store(text, parsed);
  return parsed;
}

}  // namespace postern::auth
