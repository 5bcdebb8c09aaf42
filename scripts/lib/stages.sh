#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Runs the stages of a test run, each with a time limit, and prints a table of them. Sourced by test.sh.
#
#   stage NAME MINUTES COMMAND…        runs it now
#   background NAME MINUTES COMMAND…   queues it for start_background; its output appears in finish_background
#   start_background                   runs the queued stages one after the other while other stages run
#   finish_background                  waits for them
#   stage_table                        prints all stages, and the slowest tests of the JUnit files in $results
#
# Names of failed stages are in the array `failed`.

failed=()
stage_rows=() # "NAME SECONDS RESULT"
results=$(mktemp -d)
all_seconds=$((85 * 60)) # of all stages together

# `timeout` ends a stage's children with it, in a process group of their own, so an interruption is passed on to it.
running=""
background_queue=() # names
declare -A background_limit background_command
background_shell=""

end_stages() {
    trap - EXIT INT TERM HUP
    local process
    for process in $running $background_shell; do
        { kill -TERM "$process" && wait "$process"; } 2>/dev/null || true
    done
    rm -rf "$results"
}
trap end_stages EXIT
trap 'exit 130' INT TERM HUP

limited() { # seconds command…; `timeout` cannot call a function, hence the shell in between
    local limit=$1
    shift
    # shellcheck disable=SC2016
    timeout --kill-after=30 "$limit" bash -euo pipefail -c '"$@"' stage "$@"
}

remember() { # name seconds exit-code limit remark
    if (($3 == 0)); then
        echo "==== $1: passed in $2 s$5"
        stage_rows+=("$1 $2 passed$5")
    else
        echo "==== $1: FAILED, exit code $3, after $2 of at most $4 s$5"
        stage_rows+=("$1 $2 FAILED$5")
        failed+=("$1")
    fi
}

stage() {
    local name=$1 limit=$(($2 * 60)) begin=$SECONDS code=0
    shift 2
    if ((limit > all_seconds - begin)); then limit=$((all_seconds - begin)); fi
    ((limit > 0)) || limit=1
    printf '\n==== %s\n' "$name"
    limited "$limit" "$@" &
    running=$!
    wait "$running" || code=$?
    running=""
    remember "$name" "$((SECONDS - begin))" "$code" "$limit" ""
}

background() {
    background_queue+=("$1")
    background_limit[$1]=$(($2 * 60))
    background_command[$1]=$(printf '%q ' "${@:3}")
}

# Writes NAME.log and NAME.done ("SECONDS CODE") of each below $results.
run_background_queue() {
    local name begin code current=""
    renice --priority 19 --pid "$BASHPID" >/dev/null
    trap '[[ -z $current ]] || kill -TERM "$current"; exit 143' TERM
    for name in "${background_queue[@]}"; do
        begin=$SECONDS code=0
        eval "limited ${background_limit[$name]} ${background_command[$name]}" >"$results/$name.log" 2>&1 &
        current=$!
        wait "$current" || code=$?
        echo "$((SECONDS - begin)) $code" >"$results/$name.done"
    done
}

# Whatever a test wants to run goes first. Not by SCHED_IDLE: such a task that the kernel preempts where RCU has to wait for it may not run
# again for seconds, and nobody's probes are detached meanwhile.
start_background() {
    ((${#background_queue[@]})) || return 0
    run_background_queue </dev/null &
    background_shell=$!
}

finish_background() {
    local name seconds code begin=$SECONDS
    [[ -n $background_shell ]] || return 0
    wait "$background_shell" || true
    background_shell=""
    for name in "${background_queue[@]}"; do
        printf '\n==== %s\n' "$name"
        cat "$results/$name.log" 2>/dev/null || true
        read -r seconds code <"$results/$name.done" 2>/dev/null || { seconds=0 code=1; }
        remember "$name" "$seconds" "$code" "${background_limit[$name]}" " (in the background)"
    done
    background_queue=()
    stage_rows+=("wait $((SECONDS - begin)) for the background")
}

slowest_tests() { # count
    find "$results" -name '*.xml' -exec sed -n 's/.*<testcase name="\([^"]*\)".* time="\([0-9.]*\)".*/\2 \1/p' {} + | sort -rn | head -n "$1"
}

stage_table() {
    local row name seconds result
    printf '\n%-24s %8s  %s\n' stage seconds result
    for row in "${stage_rows[@]}"; do
        read -r name seconds result <<<"$row"
        printf '%-24s %8s  %s\n' "$name" "$seconds" "$result"
    done
    printf '\n%-24s %8s\n' "slowest tests" seconds
    slowest_tests 10 | while read -r seconds name; do
        printf '%-24s %8.1f\n' "$name" "$seconds"
    done
}
