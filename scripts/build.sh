#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Builds build/gunicorn-bpf-exporter, and with --all the tests too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PATH:/usr/sbin:/sbin" # bpftool lives there

target=(--target gunicorn-bpf-exporter)
case "${1-}" in
"") ;;
--all) target=() ;;
*) echo "usage: build.sh [--all]" >&2 && exit 2 ;;
esac

# Tests that build what they run, or pack it, do so beside each other, and two builds would write the same files.
mkdir -p build
exec 9>build/.lock
flock 9

# What CMake found is only of interest when it found too little.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
cmake --preset release >"$log" 2>&1 9>&- || {
    cat "$log" >&2
    echo "build: CMake could not configure; scripts/setup.sh installs what it looks for" >&2
    exit 1
}
cmake --build build "${target[@]}" 9>&-
