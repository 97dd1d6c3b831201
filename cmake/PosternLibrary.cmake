# The authentication library for other programs: `make install-library`, then
#
#   find_package(Postern REQUIRED)
#   target_link_libraries(mine PRIVATE Postern::auth)       # or Postern::reports
#
# Installed are the folders that know nothing of the daemon, as static libraries with their headers
# in PREFIX/include/postern. They are a component of their own, so that neither `make install` nor
# the Debian package has them.
include(CMakePackageConfigHelpers)

set(folders base mail dns auth reports)
set(where COMPONENT library EXCLUDE_FROM_ALL)
set(config ${CMAKE_INSTALL_LIBDIR}/cmake/Postern)

foreach(folder ${folders})
  set_target_properties(postern_${folder} PROPERTIES EXPORT_NAME ${folder})
  target_compile_features(postern_${folder} PUBLIC cxx_std_23)
  install(TARGETS postern_${folder} EXPORT Postern ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} ${where})
  install(DIRECTORY ${CMAKE_SOURCE_DIR}/src/${folder} DESTINATION include/postern ${where}
          FILES_MATCHING PATTERN "*.h" PATTERN "*_test*.h" EXCLUDE PATTERN "*testing.h" EXCLUDE)
endforeach()
install(EXPORT Postern NAMESPACE Postern:: FILE PosternTargets.cmake DESTINATION ${config} ${where})

write_basic_package_version_file(${CMAKE_BINARY_DIR}/install/PosternConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_SOURCE_DIR}/cmake/PosternConfig.cmake
              ${CMAKE_BINARY_DIR}/install/PosternConfigVersion.cmake
        DESTINATION ${config} ${where})
