#include "net/raw_socket.h"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>

namespace postern::net {

IoResult RawSocket::receive(std::span<char> buffer) {
  if (!returned_.empty()) {
    const std::size_t count = returned_.copy(buffer.data(), buffer.size());
    returned_.erase(0, count);
    if (returned_.empty()) std::string().swap(returned_);  // it was for one use
    return {IoStatus::done, count};
  }
  for (;;) {
    const ssize_t count = ::recv(fd(), buffer.data(), buffer.size(), 0);
    if (count > 0) return {IoStatus::done, static_cast<std::size_t>(count)};
    if (count == 0) return {IoStatus::closed};
    if (errno == EAGAIN) return {IoStatus::want_read};
    if (errno != EINTR) return {IoStatus::failed};
  }
}

IoResult RawSocket::send(std::string_view bytes) {
  for (;;) {
    const ssize_t count = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) return {IoStatus::done, static_cast<std::size_t>(count)};
    if (errno == EAGAIN) return {IoStatus::want_write};
    if (errno != EINTR) return {IoStatus::failed};
  }
}

bool RawSocket::has_event(short events) const {
  pollfd query{.fd = fd(), .events = events, .revents = 0};
  // POLLERR and POLLHUP are reported whether asked for or not.
  const short wanted = static_cast<short>(events | POLLERR | POLLHUP);
  return ::poll(&query, 1, 0) > 0 && (query.revents & wanted) != 0;
}

// POLLRDHUP, unlike a peek, sees the end also behind bytes that nobody has read.
bool RawSocket::peer_has_closed() const {
  return has_event(POLLRDHUP);
}

bool RawSocket::is_broken() const {
  return has_event(0);
}

bool RawSocket::has_input() const {
  char byte;
  return !returned_.empty() || ::recv(fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

std::size_t RawSocket::unacknowledged() const {
  int count = 0;
  if (::ioctl(fd(), SIOCOUTQ, &count) != 0 || count <= 0) return 0;
  // What was sent on a Unix socket is with the peer at once; there the count is what it has not
  // read yet.
  int domain = 0;
  socklen_t size = sizeof domain;
  ::getsockopt(fd(), SOL_SOCKET, SO_DOMAIN, &domain, &size);
  return domain == AF_UNIX ? 0 : static_cast<std::size_t>(count);
}

void RawSocket::end_output() {
  ::shutdown(fd(), SHUT_WR);
}

}  // namespace postern::net
