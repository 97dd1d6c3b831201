# One folder of src/ is one static library with its tests, fuzz targets and benchmarks beside it.
#
#   postern_folder(auth DEPENDS dns mail LINK OpenSSL::Crypto)
#
# takes every *.cpp of the folder: X_test.cpp go into the program auth_test, X_fuzz.cpp
# become the fuzz target auth_X_fuzz, X_bench.cpp the benchmark auth_X_bench, main.cpp is
# left to the folder, and all the rest is the library postern_auth.

function(postern_folder name)
  cmake_parse_arguments(FOLDER "" "" "DEPENDS;LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(tests ${sources})
  set(fuzzers ${sources})
  set(benchmarks ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cpp$")
  list(FILTER benchmarks INCLUDE REGEX "_bench\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "(_test|_fuzz|_bench|/main)\\.cpp$")

  set(library postern_${name})
  if(sources)
    add_library(${library} STATIC ${sources})
    set(visibility PUBLIC)
  else()
    add_library(${library} INTERFACE)
    set(visibility INTERFACE)
  endif()
  target_include_directories(${library} ${visibility}
    $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/src> $<INSTALL_INTERFACE:include/postern>)
  list(TRANSFORM FOLDER_DEPENDS PREPEND postern_)
  target_link_libraries(${library} ${visibility} ${FOLDER_DEPENDS} ${FOLDER_LINK})

  if(POSTERN_TESTS AND tests)
    add_executable(${name}_test ${tests} ${CMAKE_SOURCE_DIR}/tests/doctest_main.cpp)
    target_link_libraries(${name}_test PRIVATE ${library})
    target_compile_definitions(${name}_test PRIVATE
      POSTERN_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    add_test(NAME unit/${name} COMMAND ${name}_test)
    set_tests_properties(unit/${name} PROPERTIES LABELS unit TIMEOUT 300)
  endif()

  if(POSTERN_FUZZ)
    foreach(source ${fuzzers})
      get_filename_component(stem ${source} NAME_WE)
      add_executable(${name}_${stem} ${source})
      target_link_libraries(${name}_${stem} PRIVATE ${library})
      target_link_options(${name}_${stem} PRIVATE -fsanitize=fuzzer)
      add_dependencies(fuzz_targets ${name}_${stem})
    endforeach()
  endif()

  if(POSTERN_BENCH)
    foreach(source ${benchmarks})
      get_filename_component(stem ${source} NAME_WE)
      add_executable(${name}_${stem} ${source})
      target_link_libraries(${name}_${stem} PRIVATE ${library} benchmark::benchmark)
    endforeach()
  endif()
endfunction()
