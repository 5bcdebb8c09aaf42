#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Measures what observing a Gunicorn costs and writes docs/benchmarks.md. Installs and builds nothing: needs root, what
# scripts/setup.sh --test installs and what scripts/build.sh --all builds. Takes about ten minutes; --help has options.
# --groups measures instead what each --collector costs and writes docs/internals/cost-of-groups.md, --exceptions what reading
# exceptions and the probes in an interpreter cost (docs/internals/cost-of-exceptions.md), --tracing what the command trace costs
# (docs/internals/cost-of-tracing.md), --scrapes how long a scrape of 20,000 series takes (docs/internals/cost-of-scrapes.md).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PATH:/usr/sbin:/sbin"
exec </dev/null

for tool in wrk bpftool gunicorn; do
    command -v "$tool" >/dev/null || { echo "bench: $tool is missing; scripts/setup.sh --test installs it" >&2 && exit 1; }
done

# Debian's Python is named in full since another python3 may come first on PATH.
case "${1:-}" in
--groups | --exceptions | --tracing | --scrapes) measurement=${1#--} && shift ;;
*) measurement=bench ;;
esac
exec /usr/bin/python3 -B "tests/bench/$measurement.py" "$@"
