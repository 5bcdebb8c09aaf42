#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Measures what observing a Gunicorn costs and writes docs/benchmarks.md. Installs and builds nothing: needs root, what
# scripts/setup.sh --test installs and what scripts/build.sh --all builds. Takes about ten minutes; --help has options.
# --groups measures instead what each --collector costs and writes docs/cost-of-groups.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PATH:/usr/sbin:/sbin"
exec </dev/null

for tool in wrk bpftool gunicorn; do
    command -v "$tool" >/dev/null || { echo "bench: $tool is missing; scripts/setup.sh --test installs it" >&2 && exit 1; }
done

if [[ ${1:-} == --groups ]]; then
    shift
    exec /usr/bin/python3 -B tests/bench/groups.py "$@"
fi
# Debian's Python is named in full since another python3 may come first on PATH.
exec /usr/bin/python3 -B tests/bench/bench.py "$@"
