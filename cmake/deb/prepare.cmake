# Run by cpack on the files that it is about to pack: manual pages and the change log are compressed
# (Debian Policy 12.1, 12.7), and the licence is one that every Debian system has (12.5).
set(files "${CPACK_TEMPORARY_DIRECTORY}/usr/share")
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE "${files}/doc/postern/changelog.Debian" "postern (${CPACK_PACKAGE_VERSION}-1) stable; urgency=medium

  * What has changed is in changelog.gz.

 -- ${CPACK_PACKAGE_CONTACT}  ${date}
")
file(GLOB texts "${files}/man/man*/*.[18]" "${files}/doc/postern/changelog*")
foreach(text ${texts})
  execute_process(COMMAND gzip -9n "${text}" COMMAND_ERROR_IS_FATAL ANY)
endforeach()
file(REMOVE "${files}/doc/postern/LICENSE")
