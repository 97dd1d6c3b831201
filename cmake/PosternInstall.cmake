# `make install` and `make deb`.
#
#   PREFIX/sbin/posternd             PREFIX/bin/postern
#   PREFIX/share/man/man{1,8}        PREFIX/lib/systemd/system/postern.service
#   PREFIX/lib/sysusers.d            PREFIX/share/doc/postern (manual, fail2ban filter, licence)
#   /etc/postern/postern.toml.example, or below PREFIX/etc if PREFIX is not /usr
#
# Files that name paths are written at install time, because only then the prefix is final:
# `make deb` packs for /usr what was configured for /usr/local.
include(GNUInstallDirs)

foreach(program posternd postern)
  if(TARGET ${program})
    set(destination ${CMAKE_INSTALL_BINDIR})
    if(program STREQUAL "posternd")
      set(destination ${CMAKE_INSTALL_SBINDIR})
    endif()
    install(TARGETS ${program} RUNTIME DESTINATION ${destination})
  endif()
endforeach()

file(GLOB man_pages_1 CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/docs/man/*.1)
file(GLOB man_pages_8 CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/docs/man/*.8)
install(FILES ${man_pages_1} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${man_pages_8} DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
install(FILES ${CMAKE_SOURCE_DIR}/conf/postern.sysusers DESTINATION lib/sysusers.d RENAME postern.conf)
install(FILES ${CMAKE_SOURCE_DIR}/cmake/deb/copyright ${CMAKE_SOURCE_DIR}/LICENSE
        DESTINATION share/doc/postern)
install(FILES ${CMAKE_SOURCE_DIR}/CHANGELOG.md DESTINATION share/doc/postern RENAME changelog)
file(GLOB manual CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/docs/*.md
     ${CMAKE_SOURCE_DIR}/docs/fail2ban-*.conf)
install(FILES ${manual} DESTINATION share/doc/postern)
file(GLOB images CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/docs/images/*.png)
install(FILES ${images} DESTINATION share/doc/postern/images)

install(CODE "set(POSTERN_SOURCE_DIR \"${CMAKE_SOURCE_DIR}\")
set(POSTERN_BINARY_DIR \"${CMAKE_BINARY_DIR}\")")
install(CODE [[
  set(POSTERND "${CMAKE_INSTALL_PREFIX}/sbin/posternd")
  set(POSTERN_ETC "${CMAKE_INSTALL_PREFIX}/etc/postern")
  if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
    set(POSTERN_ETC "/etc/postern")
  endif()
  configure_file("${POSTERN_SOURCE_DIR}/conf/postern.service" "${POSTERN_BINARY_DIR}/install/postern.service" @ONLY)
  configure_file("${POSTERN_SOURCE_DIR}/conf/postern.toml" "${POSTERN_BINARY_DIR}/install/postern.toml.example" COPYONLY)
  # The manual's pages stand beside it.
  file(READ "${POSTERN_SOURCE_DIR}/README.md" readme)
  string(REPLACE "](docs/" "](" readme "${readme}")
  file(WRITE "${POSTERN_BINARY_DIR}/install/README.md" "${readme}")
  # file(INSTALL) honours DESTDIR.
  file(INSTALL "${POSTERN_BINARY_DIR}/install/README.md" DESTINATION "${CMAKE_INSTALL_PREFIX}/share/doc/postern")
  file(INSTALL "${POSTERN_BINARY_DIR}/install/postern.service" DESTINATION "${CMAKE_INSTALL_PREFIX}/lib/systemd/system")
  file(INSTALL "${POSTERN_BINARY_DIR}/install/postern.toml.example" DESTINATION "${POSTERN_ETC}")
]])

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME postern)
set(CPACK_PACKAGE_VENDOR "The Postern authors")
set(CPACK_PACKAGE_CONTACT "The Postern authors <postern@localhost>")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION mail)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "inbound mail edge that knows who mail really comes from")
set(CPACK_PACKAGE_DESCRIPTION "Postern stands at a domain's MX. For every recipient of every message it
decides who the mail comes from and whether it may come in: mail that claims
an own domain is refused unless a connector vouches for it (Reject Direct
Send), and everything that was decided can be looked up. Mail is handed on by
LMTP or SMTP, or written to Maildirs; nothing is queued.")
# Which libraries the programs need is read from the programs.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, ca-certificates, publicsuffix")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "fail2ban")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    "${CMAKE_SOURCE_DIR}/cmake/deb/postinst;${CMAKE_SOURCE_DIR}/cmake/deb/prerm;${CMAKE_SOURCE_DIR}/cmake/deb/postrm;${CMAKE_SOURCE_DIR}/cmake/deb/conffiles")
# What Debian wants otherwise than `make install` makes it.
set(CPACK_PRE_BUILD_SCRIPTS "${CMAKE_SOURCE_DIR}/cmake/deb/prepare.cmake")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_STRIP_FILES ON)
# /etc is outside the prefix, so the files are staged below DESTDIR.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
include(CPack)
