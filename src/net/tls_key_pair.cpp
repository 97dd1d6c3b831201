#include "net/tls_key_pair.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "net/file_descriptor.h"

namespace postern::net {

namespace {

constexpr std::size_t max_pem_file = 16 << 20;

/// Instead of OpenSSL's default, which asks for the password on the terminal.
int no_password(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return 0;
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail(fmt::format("Cannot read {}: {}.", path, std::strerror(errno)));
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return fail(fmt::format("Cannot read {}: it is not a file.", path));
  }
  std::string text;
  char block[16 * 1024];
  for (;;) {
    const ssize_t count = ::read(fd.get(), block, sizeof block);
    if (count < 0) return fail(fmt::format("Cannot read {}: {}.", path, std::strerror(errno)));
    if (count == 0) return text;
    text.append(block, static_cast<std::size_t>(count));
    if (text.size() > max_pem_file) return fail(fmt::format("{} is too large.", path));
  }
}

Result<std::vector<X509Handle>> read_certificates(const std::string& pem, const std::string& file) {
  const BioHandle bio = bio_over(pem);
  std::vector<X509Handle> certificates;
  ERR_clear_error();
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(next);
  }
  // "No start line" is how the end of the file looks.
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!at_end) {
    return fail(fmt::format("{}: certificate {} cannot be read: {}.", file, certificates.size() + 1,
                            take_openssl_error()));
  }
  ERR_clear_error();
  if (certificates.empty()) {
    return fail(
        fmt::format("{} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----).", file));
  }
  return certificates;
}

Result<KeyPair> load_key_pair(const KeyFiles& files) {
  if (files.private_key.empty()) {
    return fail(fmt::format("The certificate {} is configured without its private_key.",
                            files.certificate));
  }
  if (files.certificate.empty()) {
    return fail(fmt::format("The private key {} is configured without its certificate.",
                            files.private_key));
  }
  const auto certificate_text = read_file(files.certificate);
  if (!certificate_text) return std::unexpected(certificate_text.error());
  auto certificates = read_certificates(*certificate_text, files.certificate);
  if (!certificates) return std::unexpected(certificates.error());

  auto key_text = read_file(files.private_key);
  if (!key_text) return std::unexpected(key_text.error());
  bool encrypted = false;
  KeyPair pair;
  {
    const BioHandle bio = bio_over(*key_text);
    pair.key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, &encrypted));
  }
  OPENSSL_cleanse(key_text->data(), key_text->size());
  if (!pair.key) {
    const std::string reason = take_openssl_error();
    if (encrypted) {
      return fail(fmt::format("The private key {} is encrypted; store it without a password.",
                              files.private_key));
    }
    return fail(fmt::format("{} holds no private key in PEM form: {}.", files.private_key, reason));
  }

  pair.certificate = std::move(certificates->front());
  for (std::size_t i = 1; i < certificates->size(); ++i) {
    pair.chain.push_back(std::move((*certificates)[i]));
  }
  if (X509_check_private_key(pair.certificate.get(), pair.key.get()) != 1) {
    ERR_clear_error();
    return fail(fmt::format("The private key {} does not belong to the first certificate in {}.",
                            files.private_key, files.certificate));
  }
  return pair;
}

Time not_after(const X509& certificate) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(&certificate), &parts) != 1) return Time{};
  return std::chrono::time_point_cast<std::chrono::microseconds>(
      std::chrono::system_clock::from_time_t(::timegm(&parts)));
}

}  // namespace postern::net
