#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Builds a fuzz target and runs it a fixed number of times: run.sh BUILD_DIRECTORY TARGET RUNS.
# A finding is written to the build directory; `TARGET FILE` repeats it. It then becomes a unit test.
set -euo pipefail
build=$1 target=$2 runs=$3
here=$(dirname "${BASH_SOURCE[0]}")

if ! flock "$build/.lock" cmake --build "$build" --target "build_$target"; then
    echo "fuzz: $target was not built; it needs clang with libFuzzer (Debian: clang-14 libclang-rt-14-dev)" >&2
    exit 1
fi
cd "$build/tests/fuzz"
mkdir -p "$target.corpus"
# New inputs go to the first directory; those of the source tree are only read. Tests that run meanwhile go first.
exec nice "./$target" -seed=1 -runs="$runs" -max_len=2048 -timeout=20 -print_final_stats=1 \
    -dict="$here/http.dict" "$target.corpus" "$here/corpus/$target"
