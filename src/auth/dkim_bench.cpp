// What DKIM costs, beside what it must cost at least (OpenSSL's bare verification and hash) and
// beside libopendkim on the same message.
//
// The message is 2 kB with one rsa-sha256 signature of 2048 bits; keys are warm, as for all but
// the first message of a sender. Counters: `new` are our allocations per message, `openssl`
// those of libcrypto.
#include <benchmark/benchmark.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <random>

#include "auth/dkim_sign.h"
#include "auth/dkim_testing.h"
#include "auth/dkim_verify.h"
#include "base/encoding.h"

#ifdef POSTERN_HAVE_OPENDKIM
#include <sys/types.h>

#include <cstdio>
#include <cstring>
// Its header is for C, where bool has another name.
#define _Bool bool
extern "C" {
#include <opendkim/dkim.h>
}
#undef _Bool
#endif

using namespace postern;
using namespace postern::auth;

namespace {

std::uint64_t news = 0;
std::uint64_t openssl_allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
  ++news;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace {

// OpenSSL takes its memory functions only before it has allocated anything.
const int counts_openssl = CRYPTO_set_mem_functions(
    [](std::size_t size, const char*, int) {
      ++openssl_allocations;
      return std::malloc(size);
    },
    [](void* memory, std::size_t size, const char*, int) { return std::realloc(memory, size); },
    [](void* memory, const char*, int) { std::free(memory); });

const std::string key_owner = "sel._domainkey.example.com";

/// Words and lines as people write them: now and then two blanks behind a full stop, an empty
/// line between paragraphs, a blank left at the end of a line.
std::string ordinary_text(std::size_t size) {
  std::mt19937 random(3);
  std::string text;
  std::size_t column = 0;
  while (text.size() < size) {
    const std::size_t length = 1 + random() % 9;
    for (std::size_t i = 0; i < length; ++i) text += static_cast<char>('a' + random() % 26);
    column += length + 1;
    if (column > 68) {
      text += random() % 20 == 0 ? " \r\n" : "\r\n";
      if (random() % 8 == 0) text += "\r\n";
      column = 0;
    } else {
      text += random() % 25 == 0 ? ".  " : " ";
    }
  }
  return text + "\r\n";
}

/// Mark-up that a program has indented.
std::string indented_text(std::size_t size) {
  std::string text;
  for (int line = 0; text.size() < size; ++line)
    text +=
        std::string(static_cast<std::size_t>(line % 7) * 2, ' ') + "<td class=\"cell\">42</td>\r\n";
  return text;
}

std::string tabs(std::size_t size) {
  std::string text;
  while (text.size() < size) text += "a\t";
  return text + "\r\n";
}

const PrivateKey& rsa_key() {
  static const PrivateKey key = PrivateKey::generate(KeyType::rsa, 2048);
  return key;
}
const PrivateKey& ed25519_key() {
  static const PrivateKey key = PrivateKey::generate(KeyType::ed25519);
  return key;
}

/// 2 kB in all, signed.
std::string signed_message(const PrivateKey& key) {
  std::string message =
      "Received: from out.example.com (out.example.com [192.0.2.7])\r\n"
      "\tby mx.example.net with ESMTPS id 4WxYz1; Wed, 29 Jan 2025 19:07:30 +0000\r\n"
      "From: Ann Example <ann@example.com>\r\n"
      "To: Bob Example <bob@example.net>\r\n"
      "Subject: Minutes of the meeting on Tuesday\r\n"
      "Date: Wed, 29 Jan 2025 19:07:28 +0000\r\n"
      "Message-ID: <20250129190728.12345@example.com>\r\n"
      "MIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\n"
      "\r\n";
  message += ordinary_text(2048 - message.size() - 800);
  return sign_dkim(message, key, {.domain = "example.com", .selector = "sel"}) + message;
}

class Allocations {
 public:
  explicit Allocations(benchmark::State& state)
      : state_(state), news_(news), openssl_(openssl_allocations) {}
  ~Allocations() {
    const auto per_message = [this](std::uint64_t count) {
      return static_cast<double>(count) / static_cast<double>(state_.iterations());
    };
    state_.counters["new"] = per_message(news - news_);
    state_.counters["openssl"] = per_message(openssl_allocations - openssl_);
  }

 private:
  benchmark::State& state_;
  std::uint64_t news_;
  std::uint64_t openssl_;
};

void bare_sha256(benchmark::State& state) {
  const std::string body = ordinary_text(static_cast<std::size_t>(state.range(0)));
  EVP_MD* method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  unsigned char digest[32];
  for (auto _ : state) {
    EVP_Digest(body.data(), body.size(), digest, nullptr, method, nullptr);
    benchmark::DoNotOptimize(digest);
  }
  EVP_MD_free(method);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(bare_sha256)->Arg(2048)->Arg(200'000);

void body_hash(benchmark::State& state, Canonicalization how, std::string (*make)(std::size_t)) {
  const std::string body = make(200'000);
  for (auto _ : state) {
    BodyHashes hashes;
    const std::size_t index = hashes.require(how, std::nullopt);
    for (std::size_t at = 0; at < body.size(); at += 16'384)
      hashes.update(std::string_view(body).substr(at, 16'384));
    hashes.finish();
    benchmark::DoNotOptimize(hashes.digest(index));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK_CAPTURE(body_hash, simple_text, Canonicalization::simple, ordinary_text);
BENCHMARK_CAPTURE(body_hash, relaxed_text, Canonicalization::relaxed, ordinary_text);
BENCHMARK_CAPTURE(body_hash, relaxed_indented, Canonicalization::relaxed, indented_text);
BENCHMARK_CAPTURE(body_hash, relaxed_tabs, Canonicalization::relaxed, tabs);

/// The public key operation alone and the hash of the same bytes: nothing can be faster.
void bare_rsa_and_sha256(benchmark::State& state) {
  const std::string message = signed_message(rsa_key());
  const Digest digest = Sha256::of("x");
  const std::string signature = rsa_key().sign(digest);
  const std::string record = rsa_key().to_record();
  auto key = PublicKey::from_rsa(*from_base64(record.substr(record.find("p=") + 2)));
  EVP_MD* method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  unsigned char hash[32];
  const Allocations allocations(state);
  for (auto _ : state) {
    EVP_Digest(message.data(), message.size(), hash, nullptr, method, nullptr);
    benchmark::DoNotOptimize(hash);
    if (!key->verify(digest, signature)) state.SkipWithError("does not verify");
  }
  EVP_MD_free(method);
}
BENCHMARK(bare_rsa_and_sha256);

/// The same through OpenSSL's usual interface, a new context for each.
void evp_digest_verify(benchmark::State& state) {
  const std::string message = signed_message(rsa_key());
  const std::string record = rsa_key().to_record();
  const std::string der = *from_base64(record.substr(record.find("p=") + 2));
  const auto* at = static_cast<const unsigned char*>(static_cast<const void*>(der.data()));
  EVP_PKEY* key = d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size()));
  const std::string signature = rsa_key().sign(Sha256::of(message));
  const auto octets = [](const std::string& text) {
    return static_cast<const unsigned char*>(static_cast<const void*>(text.data()));
  };
  const Allocations allocations(state);
  for (auto _ : state) {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key);
    if (EVP_DigestVerify(context, octets(signature), signature.size(), octets(message),
                         message.size()) != 1)
      state.SkipWithError("does not verify");
    EVP_MD_CTX_free(context);
  }
  EVP_PKEY_free(key);
}
BENCHMARK(evp_digest_verify);

void verify_message(benchmark::State& state, const PrivateKey& (*key)()) {
  const std::string message = signed_message(key());
  const dns::AnswerSet answers = testing::txt_answers({{key_owner, key().to_record()}});
  DkimKeyCache keys;
  const Allocations allocations(state);
  for (auto _ : state) {
    const mail::HeaderSection section = mail::parse_header_section(message);
    BodyHashes body;
    const DkimVerifier verifier(message, section, body);
    body.update(std::string_view(message).substr(section.body_begin));
    body.finish();
    const auto results = verifier.evaluate(answers, keys, {});
    if (!results.value || results.value->at(0).status != DkimStatus::pass)
      state.SkipWithError("does not verify");
  }
  state.counters["bytes"] = static_cast<double>(message.size());
}
BENCHMARK_CAPTURE(verify_message, rsa_2048, rsa_key);
BENCHMARK_CAPTURE(verify_message, ed25519, ed25519_key);

void decode_rsa_key(benchmark::State& state) {
  const std::string record = rsa_key().to_record();
  for (auto _ : state) benchmark::DoNotOptimize(parse_dkim_key(record));
}
BENCHMARK(decode_rsa_key);

#ifdef POSTERN_HAVE_OPENDKIM
DKIM_CBSTAT look_up(DKIM*, DKIM_SIGINFO*, u_char* buffer, size_t size) {
  static const std::string record = rsa_key().to_record();
  std::snprintf(static_cast<char*>(static_cast<void*>(buffer)), size, "%s", record.c_str());
  return DKIM_CBSTAT_CONTINUE;
}

void libopendkim(benchmark::State& state) {
  std::string message = signed_message(rsa_key());
  DKIM_LIB* library = dkim_init(nullptr, nullptr);
  dkim_set_key_lookup(library, look_up);
  u_char id[] = "bench";
  for (auto _ : state) {
    DKIM_STAT status = DKIM_STAT_OK;
    DKIM* dkim = dkim_verify(library, id, nullptr, &status);
    dkim_chunk(dkim, static_cast<u_char*>(static_cast<void*>(message.data())), message.size());
    dkim_chunk(dkim, nullptr, 0);
    if (dkim_eom(dkim, nullptr) != DKIM_STAT_OK) state.SkipWithError("does not verify");
    dkim_free(dkim);
  }
  dkim_close(library);
}
BENCHMARK(libopendkim);
#endif

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (counts_openssl != 1) std::fprintf(stderr, "OpenSSL's allocations are not counted\n");
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
