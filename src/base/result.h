// A value, or a sentence that says why there is none.
//
// For failures from outside that the caller must answer for: a file that cannot be read,
// a parameter that makes no sense. What a peer may hear is a Reply (smtp/reply.h), and a
// rule of our own that is broken is an assertion.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace postern {

struct Error {
  /// A whole sentence for a person, without a final line break.
  std::string message;
};

template <class T>
using Result = std::expected<T, Error>;

/// `return fail("No organization is named fabrikam.");`
inline std::unexpected<Error> fail(std::string message) {
  return std::unexpected(Error{std::move(message)});
}

}  // namespace postern
