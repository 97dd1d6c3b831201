// What a handshake would make of a client's certificate, for an administrator who has the file.
#pragma once

#include <string>

#include "net/stream.h"

namespace postern::net {

struct CertificateReport {
  PeerCertificate certificate;
  bool trusted = false;
  /// Why it would count as no certificate: `certificate has expired`; else empty.
  std::string problem;
};

}  // namespace postern::net
