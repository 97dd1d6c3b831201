# What every target is compiled with.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

option(POSTERN_TESTS "Build the unit tests" ON)
option(POSTERN_FUZZ "Build the fuzz targets (clang's libFuzzer)" OFF)
option(POSTERN_BENCH "Build the benchmarks (needs libbenchmark-dev)" OFF)
set(POSTERN_SANITIZE "" CACHE STRING "Sanitizers, for example address,undefined")

add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Wswitch-enum -Wnon-virtual-dtor
                    -Wold-style-cast -Wno-missing-field-initializers -Werror)

# Templates of Asio and Beast: without these every file would pay for features we do not use.
add_compile_definitions(BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE
                        SPDLOG_FMT_EXTERNAL)

if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_definitions(_GLIBCXX_ASSERTIONS _FORTIFY_SOURCE=2)
  add_compile_options(-fstack-protector-strong -g1)
  add_link_options(-Wl,-z,relro,-z,now)
endif()

if(POSTERN_SANITIZE)
  add_compile_options(-fsanitize=${POSTERN_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${POSTERN_SANITIZE})
  if(POSTERN_SANITIZE MATCHES "thread")
    # TSan does not model fences; Asio can do without them.
    add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
endif()
if(POSTERN_FUZZ)
  # Coverage for everything; the targets themselves add the fuzzer's main(). With coverage in the
  # code, clang 19's check of object sizes complains of sound ones (the last of an array, through a
  # reverse iterator); ASan watches over the same bounds.
  add_compile_options(-fsanitize=fuzzer-no-link -fno-sanitize=object-size)
  add_custom_target(fuzz_targets)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  # Paths below the checkout are hashed as relative ones, so that a fresh clone finds what
  # another has compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}
      CCACHE_NOHASHDIR=1 ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()
