#include "net/openssl_handles.h"

#include <openssl/err.h>

#include <cstring>
#include <new>

namespace postern::net {

std::string take_openssl_error() {
  const unsigned long first = ERR_get_error();
  ERR_clear_error();
  if (first == 0) return "unknown error";
  // Failed system calls carry errno instead of a reason of OpenSSL.
  if (ERR_SYSTEM_ERROR(first)) return std::strerror(ERR_GET_REASON(first));
  const char* reason = ERR_reason_error_string(first);
  return reason != nullptr ? reason : "unknown error";
}

BioHandle bio_over(std::string_view text) {
  BioHandle bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (!bio) throw std::bad_alloc();
  return bio;
}

}  // namespace postern::net
