# bpf_object(NAME SOURCE file INCLUDES dir… [DEFINITIONS name…]): compiles a BPF program and makes its skeleton.
#
# BPF_PROG() gives every program a `ctx`, which few of them use: unused parameters are allowed.
#
# Gives the INTERFACE target NAME, whose include directory holds NAME.skel.h. The compiler writes a dependency
# file, so that a change of any included header (the contract above all) makes the skeleton anew.
find_program(BPF_CLANG NAMES clang clang-19 clang-16 clang-14 REQUIRED DOC "A clang that can compile for BPF")
find_program(BPFTOOL NAMES bpftool PATHS /usr/sbin /sbin REQUIRED DOC "bpftool, to make skeletons")

if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
    set(BPF_ARCHITECTURE arm64)
else()
    set(BPF_ARCHITECTURE x86)
endif()

function(bpf_object name)
    cmake_parse_arguments(arg "" "SOURCE" "INCLUDES;DEFINITIONS" ${ARGN})
    set(directory ${CMAKE_CURRENT_BINARY_DIR}/${name})
    set(object ${directory}/${name}.bpf.o)
    set(skeleton ${directory}/${name}.skel.h)
    set(source ${CMAKE_CURRENT_SOURCE_DIR}/${arg_SOURCE})
    list(TRANSFORM arg_INCLUDES PREPEND -I)
    list(TRANSFORM arg_DEFINITIONS PREPEND -D)
    file(MAKE_DIRECTORY ${directory})

    # The multiarch directory holds <asm/unistd.h>; -idirafter keeps it from hiding clang's own headers.
    add_custom_command(
        OUTPUT ${object}
        COMMAND ${BPF_CLANG} -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -Werror -Wno-unused-function -Wno-unused-parameter
                -D__TARGET_ARCH_${BPF_ARCHITECTURE} ${arg_INCLUDES} ${arg_DEFINITIONS}
                -idirafter /usr/include/${CMAKE_LIBRARY_ARCHITECTURE}
                -ffile-prefix-map=${PROJECT_SOURCE_DIR}=. -MD -MF ${object}.d -MT ${object} -c ${source} -o ${object}
        DEPENDS ${source}
        DEPFILE ${object}.d
        COMMENT "BPF ${name}"
        VERBATIM)
    add_custom_command(
        OUTPUT ${skeleton}
        COMMAND ${BPFTOOL} gen skeleton ${object} name ${name} > ${skeleton}.new
        COMMAND sed -i s/_Bool/bool/ ${skeleton}.new # of <bpf/usdt.bpf.h>; GCC alone knows it in C++
        COMMAND ${CMAKE_COMMAND} -E rename ${skeleton}.new ${skeleton}
        DEPENDS ${object}
        COMMENT "Skeleton ${name}.skel.h")
    add_custom_target(${name}_header DEPENDS ${skeleton})
    add_library(${name} INTERFACE)
    add_dependencies(${name} ${name}_header)
    target_include_directories(${name} SYSTEM INTERFACE ${directory})
endfunction()
