#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Builds the Debian package and prints its path: build/gunicorn-bpf-exporter_VERSION_ARCHITECTURE.deb
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# What is built is of interest only when it fails.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
{ scripts/build.sh && cd build && flock .lock cpack -G DEB; } >"$log" 2>&1 || {
    tail -n 30 "$log" >&2
    exit 1
}
sed -n 's/^CPack: - package: \(.*\) generated\.$/\1/p' "$log"
