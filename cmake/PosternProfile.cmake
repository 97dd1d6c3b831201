# Profile-guided optimization: the compiler reads in cmake/postern.profdata which paths mail takes.
#
#   USE      (the default) Release builds read the committed profile
#   RECORD   build programs that count, for bench/record_profile.py (`make profile`)
#   NONE     do without
#
# Why it is committed, and what an old one costs: docs/decisions/0007-profile.md.
set(POSTERN_PROFILE USE CACHE STRING "Profile-guided optimization: USE, RECORD or NONE")
set_property(CACHE POSTERN_PROFILE PROPERTY STRINGS USE RECORD NONE)
if(NOT POSTERN_PROFILE MATCHES "^(USE|RECORD|NONE)$")
  message(FATAL_ERROR "POSTERN_PROFILE is USE, RECORD or NONE, not '${POSTERN_PROFILE}'.")
endif()

# Another compiler lays out its flow graph differently, so the profile would say nothing to it.
set(suits_profile OFF)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION MATCHES "^19\\."
   AND CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT POSTERN_SANITIZE AND NOT POSTERN_FUZZ)
  set(suits_profile ON)
endif()

# Functions of one file (most of ours) are known by file and name. Without its folder the file is the
# same in every checkout and preset; names have their namespace in them, so they stay different.
set(profile_names "SHELL:-mllvm -static-func-full-module-prefix=false")

if(POSTERN_PROFILE STREQUAL "RECORD")
  if(NOT suits_profile)
    message(FATAL_ERROR "A profile is recorded with clang 19 and a Release build: cmake --preset profile")
  endif()
  # Threads share counters. Without atomic ones, counts are lost and branches look likelier than they are.
  add_compile_options(-fprofile-generate -fprofile-update=atomic ${profile_names})
  add_link_options(-fprofile-generate)
elseif(POSTERN_PROFILE STREQUAL "USE" AND suits_profile)
  # A copy in the build folder, where the compiler runs, is the same relative path in every checkout,
  # and ccache finds what another has compiled. The hash in its name makes Ninja compile again when the
  # profile is another.
  set(profile ${CMAKE_SOURCE_DIR}/cmake/postern.profdata)
  file(SHA256 ${profile} hash)
  string(SUBSTRING ${hash} 0 12 hash)
  configure_file(${profile} ${CMAKE_BINARY_DIR}/profile-${hash}.profdata COPYONLY)
  # Code that has changed since is compiled as if there were no profile, and silently. Only what the
  # profile knows to be cold is made small; else clang makes all small that is not hot once there is
  # much that is hot.
  add_compile_options(-fprofile-use=profile-${hash}.profdata ${profile_names}
                      "SHELL:-mllvm -pgso-cold-code-only-for-instr-pgo" -Wno-backend-plugin)
  if(MOLD)
    # Hot functions of all files side by side, which other linkers do by themselves.
    add_link_options(-Wl,-z,keep-text-section-prefix)
  endif()
endif()
