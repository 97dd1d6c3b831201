# Found by find_package(Postern): the libraries Postern::reports, Postern::auth, Postern::dns,
# Postern::mail and Postern::base, with what they need.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
find_dependency(OpenSSL 3)
find_dependency(Boost 1.81 COMPONENTS json)
find_dependency(EXPAT)
find_dependency(ZLIB)
find_dependency(fmt)
find_dependency(spdlog)
find_dependency(PkgConfig)
pkg_check_modules(idn2 REQUIRED IMPORTED_TARGET libidn2)
pkg_check_modules(psl REQUIRED IMPORTED_TARGET libpsl)
include(${CMAKE_CURRENT_LIST_DIR}/PosternTargets.cmake)
