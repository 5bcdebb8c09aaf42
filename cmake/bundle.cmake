# SPDX-License-Identifier: BSD-2-Clause
# JavaScript modules or style sheets, and what they import, in one file.

# bundle(OUTPUT ENTRY DEPENDS …): imports by name are found among the packages in NPM_FOLDER (npm_packages.cmake), which
# also has the bundler.
function(bundle output entry)
    cmake_parse_arguments(arg "" "" "DEPENDS" ${ARGN})
    add_custom_command(
        OUTPUT ${output}
        COMMAND ${CMAKE_COMMAND} -E env NODE_PATH=${NPM_FOLDER} ${NPM_FOLDER}/esbuild/bin/esbuild ${entry} --bundle
                --format=iife --minify --target=es2022 --legal-comments=none --charset=utf8 --log-level=warning
                --outfile=${output}
        DEPENDS ${entry} ${arg_DEPENDS} ${NPM_FOLDER}/esbuild/bin/esbuild
        COMMENT "Bundling ${entry}"
        VERBATIM)
endfunction()
