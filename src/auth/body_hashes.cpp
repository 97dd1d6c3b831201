#include "auth/body_hashes.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cassert>
#include <cstdlib>

namespace postern::auth {
namespace {

/// Fetched once: EVP_sha256() would make OpenSSL look the algorithm up for every hash.
const EVP_MD* sha256_method() {
  static EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  if (!method) std::abort();
  return method;
}

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  begin();
}

void Sha256::begin() {
  // Hashing fails only for want of memory.
  if (!context_ || EVP_DigestInit_ex2(context_.get(), sha256_method(), nullptr) != 1) std::abort();
}

void Sha256::update(std::string_view bytes) {
  if (EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1) std::abort();
}

Digest Sha256::finish() {
  Digest digest{};
  if (EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) != 1) std::abort();
  return digest;
}

Digest Sha256::of(std::string_view bytes) {
  // A context that has hashed before needs no memory.
  thread_local Sha256 hash;
  hash.begin();
  hash.update(bytes);
  return hash.finish();
}

/// One canonicalization and the hashes that are made from it.
class BodyHashes::Stream final : public ByteSink {
 public:
  Stream(Canonicalization how, std::vector<Wanted>& wanted)
      : how_(how), wanted_(wanted), canonicalizer_(how, *this) {}

  Canonicalization how() const { return how_; }
  void update(std::string_view piece) { canonicalizer_.update(piece); }
  void finish() { canonicalizer_.finish(); }

  void write(std::string_view bytes) override {
    for (Wanted& wanted : wanted_) {
      if (wanted.how != how_) continue;
      const std::uint64_t limit = wanted.length.value_or(UINT64_MAX);
      const std::uint64_t room = limit - std::min(limit, wanted.octets);
      wanted.octets += bytes.size();
      if (room > 0)
        wanted.hash.update(
            bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(room, bytes.size()))));
    }
  }

 private:
  const Canonicalization how_;
  std::vector<Wanted>& wanted_;
  BodyCanonicalizer canonicalizer_;
};

BodyHashes::BodyHashes() = default;
BodyHashes::~BodyHashes() = default;

std::size_t BodyHashes::require(Canonicalization how, std::optional<std::uint64_t> length) {
  const auto known = std::ranges::find_if(
      wanted_, [&](const Wanted& wanted) { return wanted.how == how && wanted.length == length; });
  if (known != wanted_.end()) return static_cast<std::size_t>(known - wanted_.begin());

  if (std::ranges::none_of(streams_, [how](const auto& stream) { return stream->how() == how; }))
    streams_.push_back(std::make_unique<Stream>(how, wanted_));
  wanted_.push_back({.how = how, .length = length});
  return wanted_.size() - 1;
}

void BodyHashes::update(std::string_view piece) {
  assert(!is_finished_);
  for (const auto& stream : streams_) stream->update(piece);
}

void BodyHashes::finish() {
  if (is_finished_) return;
  is_finished_ = true;
  for (const auto& stream : streams_) stream->finish();
  for (Wanted& wanted : wanted_) wanted.digest = wanted.hash.finish();
}

std::optional<Digest> BodyHashes::digest(std::size_t index) const {
  assert(is_finished_);
  const Wanted& wanted = wanted_[index];
  if (wanted.length && *wanted.length > wanted.octets) return std::nullopt;
  return wanted.digest;
}

std::uint64_t BodyHashes::octets_beyond(std::size_t index) const {
  assert(is_finished_);
  const Wanted& wanted = wanted_[index];
  return wanted.length && wanted.octets > *wanted.length ? wanted.octets - *wanted.length : 0;
}

}  // namespace postern::auth
