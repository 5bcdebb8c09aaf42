#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Sets up, builds and tests; the exit code says whether all of it passed. Needs root: kernel and e2e tests load BPF.
#   --quick   unit, kernel, e2e, browser and docs tests only: no linters, no sanitizers, no other systems, no other kernels, no fuzzing,
#             no million requests
#   --tidy    only clang-tidy, on all of C++: two hours of processor time. The other runs check the files that changed.
# shellcheck disable=SC2317 # functions are called by the shells of stages
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PATH:/usr/sbin:/sbin"
exec </dev/null

mode=all
case "${1-}" in
"") ;;
--quick | --tidy) mode=${1#--} ;;
*) echo "usage: test.sh [--quick | --tidy]" >&2 && exit 2 ;;
esac
((EUID == 0)) || { echo "test: run as root: the kernel and e2e tests load BPF programs" >&2 && exit 1; }

# shellcheck source=scripts/lib/stages.sh
source scripts/lib/stages.sh
export results

# Tests run beside each other unless they say otherwise to ctest, by RUN_SERIAL: those that time, and those that need the host. These
# have the label `alone`, too.
tests() { # how-many-at-a-time label[|label…] [ctest's-option…]
    ctest --test-dir build --parallel "$1" --label-regex "^($2)\$" --output-on-failure --no-tests=error \
        --output-junit "$(mktemp "$results/XXXXXX.xml")" "${@:3}"
}
counting_tests() { tests "$((2 * $(nproc)))" "$1" --label-exclude '^alone$'; } # which mostly wait
lonely_tests() { tests 1 "$1" --label-regex '^alone$'; } # of both labels

sanitized_build() { # preset target
    cmake --preset "$1"
    cmake --build "build-$1" --target "$2"
}

sanitized_tests() { # preset ctest's-regex
    ctest --test-dir "build-$1" --tests-regex "$2" --parallel "$(nproc)" --output-on-failure --no-tests=error
}

export -f tests counting_tests lonely_tests sanitized_build sanitized_tests

finish() {
    finish_background
    stage_table
    echo
    if ((${#failed[@]})); then
        echo "test: FAILED: ${failed[*]} (${SECONDS} s)"
        exit 1
    fi
    echo "test: all passed (${SECONDS} s)"
    exit 0
}

stage setup 15 scripts/setup.sh --test
if [[ $mode == tidy ]]; then
    stage tidy 80 scripts/lint.sh --tidy-all
    finish
fi
stage build 20 scripts/build.sh --all
((${#failed[@]} == 0)) || finish
stage unit 5 tests "$(nproc)" unit
stage kernel 10 tests 1 kernel
if [[ $mode == quick ]]; then
    stage counting 30 counting_tests 'e2e|browser|docs'
    stage alone 30 lonely_tests e2e
    finish
fi
# While tests count, what has to be built takes the time that they wait. Those that compare times come last, with nothing beside them.
background lint 20 scripts/lint.sh
background asan-build 60 sanitized_build asan unit_tests
background tsan-build 30 sanitized_build tsan web_test # what has threads of its own
background tidy 40 scripts/lint.sh --tidy-changed
start_background
stage counting 40 counting_tests 'e2e|roots|browser|docs|containers|deploy|prometheus|vm|fuzz'
stage soak 20 tests 1 soak
finish_background
stage alone 40 lonely_tests 'e2e|roots|containers'
stage asan 10 sanitized_tests asan '^unit\.'
stage tsan 5 sanitized_tests tsan '^unit\.web_test$'
finish
