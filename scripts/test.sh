#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Sets up, builds and tests; the exit code says whether all of it passed. Needs root: kernel and e2e tests load BPF.
#   --quick   unit, kernel, e2e, browser and docs tests only: no formatting, no sanitizers, no other systems, no other kernels, no fuzzing,
#             no million requests
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PATH:/usr/sbin:/sbin"
exec </dev/null

quick=false
case "${1-}" in
"") ;;
--quick) quick=true ;;
*) echo "usage: test.sh [--quick]" >&2 && exit 2 ;;
esac
((EUID == 0)) || { echo "test: run as root: the kernel and e2e tests load BPF programs" >&2 && exit 1; }

failed=()

# Each stage has a limit of its own, and all of them together have this one.
all_seconds=$((85 * 60))

# `timeout` ends a stage's children with it, in a process group of their own, so an interruption is passed on to it.
running=""
trap '[[ -z $running ]] || { kill -TERM "$running" && wait "$running"; } 2>/dev/null || true; exit 130' INT TERM HUP

# `timeout` cannot call a function, hence the shell in between.
stage() { # name minutes command…
    local name=$1 limit=$(($2 * 60)) begin=$SECONDS
    shift 2
    if ((limit > all_seconds - begin)); then limit=$((all_seconds - begin)); fi
    printf '\n==== %s\n' "$name"
    ((limit > 0)) || limit=1
    # shellcheck disable=SC2016
    timeout --kill-after=30 "$limit" bash -euo pipefail -c '"$@"' stage "$@" &
    running=$!
    if wait "$running"; then
        echo "==== $name: passed in $((SECONDS - begin)) s"
    else
        echo "==== $name: FAILED, exit code $?, after $((SECONDS - begin)) of at most $limit s"
        failed+=("$name")
    fi
    running=""
}

# Unit tests share nothing. The others load programs into one kernel or time requests, so they run one by one.
tests() { # directory label
    local parallel=1
    [[ $2 != unit ]] || parallel=$(nproc)
    ctest --test-dir "$1" --label-regex "^$2\$" --parallel "$parallel" --output-on-failure --no-tests=error
}

sanitized() { # preset target ctest's-regex
    cmake --preset "$1"
    cmake --build "build-$1" --target "$2"
    ctest --test-dir "build-$1" --tests-regex "$3" --parallel "$(nproc)" --output-on-failure --no-tests=error
}

style() {
    local -a sources scripts
    mapfile -d '' sources < <(find userspace tests \( -name '*.h' -o -name '*.cpp' \) -print0)
    mapfile -d '' scripts < <(find scripts tests deploy .ci \( -name '*.sh' -o -path .ci/run -o -path 'deploy/debian/p*' -not -name '*.cmake' \) -print0)
    clang-format-19 --dry-run -Werror "${sources[@]}"
    shellcheck "${scripts[@]}"
}

export -f tests sanitized style

stage setup 15 scripts/setup.sh --test
stage build 20 scripts/build.sh --all
if ((${#failed[@]} == 0)); then
    stage unit 5 tests build unit
    stage kernel 5 tests build kernel
    stage e2e 35 tests build e2e
    stage browser 8 tests build browser
    stage docs 5 tests build docs
    if ! $quick; then
        stage style 3 style
        stage asan 25 sanitized asan unit_tests '^unit\.'
        # What has threads of its own.
        stage tsan 10 sanitized tsan web_test '^unit\.web_test$'
        stage roots 20 tests build roots
        stage containers 8 tests build containers
        stage deploy 10 tests build deploy
        stage prometheus 5 tests build prometheus
        stage vm 20 tests build vm
        stage fuzz 5 tests build fuzz
        stage soak 15 tests build soak
    fi
fi

echo
if ((${#failed[@]})); then
    echo "test: FAILED: ${failed[*]} (${SECONDS} s)"
    exit 1
fi
echo "test: all passed (${SECONDS} s)"
