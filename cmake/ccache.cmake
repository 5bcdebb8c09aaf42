# SPDX-License-Identifier: BSD-2-Clause
# Compilers run below ccache where it is installed and no other launcher is set. Its sloppiness lets it cache what uses
# precompiled headers: the headers in question are the system's, so neither their macros nor their times change a result.
find_program(GBE_CCACHE ccache DOC "Compiler cache; empty for none")
if(GBE_CCACHE)
    foreach(language C CXX)
        if(NOT CMAKE_${language}_COMPILER_LAUNCHER)
            set(CMAKE_${language}_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${GBE_CCACHE})
        endif()
    endforeach()
endif()
