# SPDX-License-Identifier: BSD-2-Clause
# Packages of the npm registry as a lock file pins them, in the build tree.

# npm_packages(FILES …): installs what package-lock.json of the current source folder says, and declares the named
# files (below node_modules/) as its output. Their folder is put into NPM_FOLDER. Runs again only when the lock file
# changes, asks the registry only for what npm's cache lacks, and runs no package's scripts.
function(npm_packages)
    cmake_parse_arguments(arg "" "" "FILES" ${ARGN})
    find_program(GBE_NPM npm)
    if(NOT GBE_NPM)
        message(FATAL_ERROR "npm is missing: scripts/setup.sh installs it; -DGBE_WEB_ASSETS=OFF builds without the live page")
    endif()
    set(folder ${CMAKE_CURRENT_BINARY_DIR}/npm)
    list(TRANSFORM arg_FILES PREPEND ${folder}/node_modules/ OUTPUT_VARIABLE files)
    set(pinned ${CMAKE_CURRENT_SOURCE_DIR}/package.json ${CMAKE_CURRENT_SOURCE_DIR}/package-lock.json)
    # Packages carry times of long ago: without the touch they would look older than the lock file for ever.
    add_custom_command(
        OUTPUT ${files}
        COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}
        COMMAND ${CMAKE_COMMAND} -E copy ${pinned} ${folder}
        COMMAND ${CMAKE_COMMAND} -E chdir ${folder} ${GBE_NPM} ci --prefer-offline --ignore-scripts --no-audit --no-fund
                --no-update-notifier --loglevel=error
        COMMAND ${CMAKE_COMMAND} -E touch ${files}
        DEPENDS ${pinned}
        COMMENT "Installing web assets with npm"
        VERBATIM)
    set(NPM_FOLDER ${folder}/node_modules PARENT_SCOPE)
endfunction()

# npm_licences(OUTPUT PACKAGES …): one text file with the licence of each package.
function(npm_licences output)
    cmake_parse_arguments(arg "" "" "PACKAGES" ${ARGN})
    set(licences ${arg_PACKAGES})
    list(TRANSFORM licences REPLACE "(.+)" "${NPM_FOLDER}/\\1/LICENSE")
    add_custom_command(
        OUTPUT ${output}
        COMMAND ${CMAKE_COMMAND} "-DOUTPUT=${output}" "-DFOLDER=${NPM_FOLDER}" "-DPACKAGES=${arg_PACKAGES}"
                -P ${PROJECT_SOURCE_DIR}/cmake/write_licences.cmake
        DEPENDS ${licences} ${PROJECT_SOURCE_DIR}/cmake/write_licences.cmake
        VERBATIM)
endfunction()
