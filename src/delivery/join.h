// Several coroutines at once on this thread, until all have ended.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <vector>

namespace postern::delivery {

/// An exception of one of them comes out of here once all have ended. What they refer to must
/// live as long as this is awaited.
boost::asio::awaitable<void> join(std::vector<boost::asio::awaitable<void>> tasks);

}  // namespace postern::delivery
