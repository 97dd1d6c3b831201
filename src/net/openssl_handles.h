// OpenSSL's objects as values that free themselves, and its errors as words.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <memory>
#include <string>
#include <string_view>

namespace postern::net {

template <auto free_function>
struct OpensslDeleter {
  template <class T>
  void operator()(T* object) const {
    free_function(object);
  }
};

using BioHandle = std::unique_ptr<BIO, OpensslDeleter<BIO_free_all>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, OpensslDeleter<EVP_PKEY_free>>;
using SslHandle = std::unique_ptr<SSL, OpensslDeleter<SSL_free>>;
using SslContextHandle = std::unique_ptr<SSL_CTX, OpensslDeleter<SSL_CTX_free>>;
using StoreHandle = std::unique_ptr<X509_STORE, OpensslDeleter<X509_STORE_free>>;
using StoreContextHandle = std::unique_ptr<X509_STORE_CTX, OpensslDeleter<X509_STORE_CTX_free>>;
/// The certificates in it belong to somebody else.
using X509StackHandle =
    std::unique_ptr<STACK_OF(X509),
                    OpensslDeleter<[](STACK_OF(X509) * stack) { sk_X509_free(stack); }>>;
using X509Handle = std::unique_ptr<X509, OpensslDeleter<X509_free>>;

/// Empties the thread's queue of errors and returns the reason of the first: `no shared cipher`.
std::string take_openssl_error();

/// A BIO that reads `text`, which must outlive it.
BioHandle bio_over(std::string_view text);

}  // namespace postern::net
