// The client's side of the administration: posts cmdlets over the Unix socket, http or https, and
// turns replies into values. Synchronous: the command line waits anyway.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "admin/commands.h"
#include "admin/value.h"
#include "base/result.h"

namespace postern::admin {

/// Where posternd is. With `url` empty the socket is used.
struct Endpoint {
  std::string socket_path;
  std::string url;         ///< `http://127.0.0.1:8025`, `https://mx.example.com:8025`
  std::string token_file;  ///< needed with a URL
  std::string ca_file;     ///< PEM with the authority of an https server; empty: the system's
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;

  /// Runs one cmdlet in posternd. `organization` may be empty: the only one there is. The error is
  /// a sentence to print: the cmdlet's own, or why posternd cannot be reached.
  virtual Result<Outcome> invoke(const std::string& organization, const std::string& cmdlet,
                                 const Object& parameters) = 0;
};

/// Reads the token; connects at the first cmdlet, and again when the connection was closed.
Result<std::unique_ptr<HttpClient>> make_http_client(const Endpoint& endpoint);

/// What a reply says: its objects and warnings, or the sentence of its error.
Result<Outcome> read_reply(unsigned status, std::string_view body);

}  // namespace postern::admin
