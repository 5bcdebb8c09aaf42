#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Sets up, builds, and observes: the Gunicorn that runs on this host, or else a sample application under some load.
# Arguments are passed on to gunicorn-bpf-exporter. Ctrl-C ends all that was started here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
    echo "run: $*" >&2
    exit 1
}

# A master and its workers hold an unlinked heartbeat file of this name, whatever they are called.
gunicorn_is_running() {
    [[ -n $(find /proc/[0-9]*/fd -maxdepth 1 -lname '*/wgunicorn-*' -print -quit 2>/dev/null) ]]
}

# The value that the exporter will use for an option: the last one given, else its default.
option_value() { # name default arguments…
    local name=$1 value=$2
    shift 2
    while (($#)); do
        case "$1" in
        "$name") value=${2-} ;;
        "$name="*) value=${1#*=} ;;
        esac
        shift
    done
    echo "$value"
}

page_url() {
    local address
    address=$(option_value --web.listen-address 127.0.0.1:9091 "$@")
    [[ $address == :* ]] && address="127.0.0.1$address"
    echo "http://$address$(option_value --web.telemetry-path /metrics "$@")"
}

# ---- the sample: everything below runs only when the host has no Gunicorn ---------------------------------

started=() # process ids, in the order of their start
directory=""

end_what_was_started() {
    local index
    trap - EXIT HUP INT TERM
    for ((index = ${#started[@]} - 1; index >= 0; index--)); do
        kill -TERM "${started[index]}" 2>/dev/null || true
        wait "${started[index]}" 2>/dev/null || true
    done
    [[ -z $directory ]] || rm -rf "$directory"
}

# Gunicorn takes a free port itself, so that no other process can take it first; the log tells which.
start_sample() {
    : >"$directory/gunicorn.log" # there to be read before the process below has opened it
    /usr/bin/gunicorn --workers 2 --bind 127.0.0.1:0 --chdir deploy/sample app:application \
        >>"$directory/gunicorn.log" 2>&1 &
    master=$!
    started+=("$master")
    for _ in {1..100}; do
        sample=$(sed -n 's|.*Listening at: http://\([^ ]*\) .*|\1|p' "$directory/gunicorn.log" | head -n 1)
        [[ -z $sample ]] || return 0
        kill -0 "$master" 2>/dev/null || break
        sleep 0.1
    done
    cat "$directory/gunicorn.log" >&2
    fail "the sample application did not start; its log is above"
}

start_load() {
    /usr/bin/python3 deploy/sample/load.py "$sample" "$master" &
    started+=("$!")
}

# Returns the exporter's exit code if it refused to work, which it does within a moment.
start_exporter() {
    build/gunicorn-bpf-exporter --pid "$master" --sampling-interval 1s "$@" &
    exporter=$!
    started+=("$exporter")
    for _ in {1..15}; do
        kill -0 "$exporter" 2>/dev/null || wait "$exporter"
        sleep 0.1
    done
}

explain() {
    cat <<TEXT

No Gunicorn runs on this host, so here is a sample: 2 sync workers on http://$sample (process $master),
with a little load and, after 4 seconds, a reload.

    curl -s $1

  gunicorn_worker_requests_total, gunicorn_worker_request_duration_seconds   grow with each answer; /slow takes 0.3 s
  gunicorn_worker_failed_requests_total, gunicorn_worker_error_handling_total   /nowhere, /unavailable, /broken
  gunicorn_worker_memory_bytes, _cpu_percent, _uptime_seconds, _state   one each per living worker
  gunicorn_master_worker_restarts_total   2 after the reload

Ctrl-C ends all of it.

TEXT
}

observe_sample() {
    trap end_what_was_started EXIT
    trap 'exit 0' HUP INT TERM
    directory=$(mktemp -d)
    start_sample
    start_exporter "$@"
    start_load
    explain "$(page_url "$@")"
    wait "$exporter"
}

((EUID == 0)) || fail "run as root: loading BPF programs needs it"
scripts/setup.sh
scripts/build.sh
if [[ " $*" == *" --pid"* ]] || gunicorn_is_running; then
    echo "observing this host's Gunicorn; the metrics are at $(page_url "$@")"
    exec build/gunicorn-bpf-exporter "$@"
fi
observe_sample "$@"
