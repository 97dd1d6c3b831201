# The web console (console/), built with npm and Vite and carried inside posternd.
#
#   posternd_console(TARGET)     adds the file that has all of it to the target
#
# npm runs only when something in console/ has changed. Packages come from the registry that npm is
# configured for, as package-lock.json names them; without a network, or for a posternd that is
# administered by cmdlets alone, configure with -DPOSTERN_CONSOLE=OFF.
option(POSTERN_CONSOLE "Build the web console into posternd (needs Node.js 18 and npm)" ON)

function(posternd_console target)
  set(source ${CMAKE_SOURCE_DIR}/console)
  set(build ${CMAKE_BINARY_DIR}/console)
  set(table ${build}/console_files.cpp)
  file(MAKE_DIRECTORY ${build})
  if(NOT POSTERN_CONSOLE)
    configure_file(${CMAKE_SOURCE_DIR}/cmake/no_console.cpp.in ${build}/no_console.cpp COPYONLY)
    target_sources(${target} PRIVATE ${build}/no_console.cpp)
    return()
  endif()

  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${source}/src/* ${source}/public/*)
  set(run bash ${CMAKE_SOURCE_DIR}/scripts/build-console)
  # npm writes this file last, so it is there only when all packages are.
  set(installed ${source}/node_modules/.package-lock.json)
  add_custom_command(OUTPUT ${installed}
    COMMAND ${run} install
    DEPENDS ${source}/package.json ${source}/package-lock.json
    COMMENT "Installing the console's packages" VERBATIM)
  add_custom_command(OUTPUT ${table}
    COMMAND ${run} build ${build}/dist ${table}
    DEPENDS ${installed} ${files} ${source}/index.html ${source}/vite.config.mjs ${source}/tsconfig.json
            ${source}/embed.mjs
    COMMENT "Building the console" VERBATIM)
  target_sources(${target} PRIVATE ${table})
endfunction()
