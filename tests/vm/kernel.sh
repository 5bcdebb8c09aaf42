#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Fetches a Debian cloud kernel and prints the path of its image:
#
#   kernel.sh 5.10    bullseye (Debian 11)
#   kernel.sh 6.1     bookworm (Debian 12)
#   kernel.sh 6.12    trixie (Debian 13)
#
# Kept below $GBE_CACHE (default /var/cache/gunicorn-bpf-exporter-tests). apt runs on a state directory of its
# own, so that the machine's sources and package lists stay as they are.
set -euo pipefail

cache=${GBE_CACHE:-/var/cache/gunicorn-bpf-exporter-tests}

die() {
    echo "kernel.sh: $*" >&2
    exit 1
}

suite_of() {
    case $1 in
    5.10) echo bullseye ;;
    6.1) echo bookworm ;;
    6.12) echo trixie ;;
    *) die "unknown kernel \"$1\" (5.10, 6.1 or 6.12)" ;;
    esac
}

mirror() {
    local found
    found=$(awk '/^URIs:/ && $2 ~ /\/debian\/?$/ { print $2; exit }' /etc/apt/sources.list.d/*.sources 2>/dev/null || true)
    echo "${found:-http://deb.debian.org/debian}"
}

private_apt() {
    local state=$1
    shift
    "$@" -q -o Dir::State="$state" -o Dir::State::status="$state/status" -o Dir::Cache="$state/cache" \
        -o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=- -o Dir::Etc::preferencesparts=- \
        -o APT::Architecture=amd64 -o APT::Sandbox::User=root
}

fetch() {
    local suite=$1 work=$2 package
    mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial"
    touch "$work/apt/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) $suite main" >"$work/apt/sources.list"
    private_apt "$work/apt" apt-get update >&2
    package=$(private_apt "$work/apt" apt-cache depends linux-image-cloud-amd64 | awk '$1 == "Depends:" { print $2; exit }')
    [[ -n $package ]] || die "$suite has no linux-image-cloud-amd64"
    (cd "$work" && private_apt "$work/apt" apt-get download "$package" >&2)
    dpkg-deb -x "$work/$package"_*.deb "$work/tree"
    mv "$work"/tree/boot/vmlinuz-* "$work/vmlinuz"
    rm -rf "$work/apt" "$work/tree" "$work"/*.deb
}

main() {
    [[ $# -eq 1 ]] || die "usage: kernel.sh 5.10|6.1|6.12"
    local suite kept=$cache/kernel-$1 part
    suite=$(suite_of "$1")
    mkdir -p "$cache"
    exec 9>"$kept.lock"
    flock 9
    if [[ ! -e $kept/vmlinuz ]]; then
        rm -rf "$kept" "$kept".part.*
        part=$(mktemp -d "$kept.part.XXXXXX")
        fetch "$suite" "$part" 9>&- || { rm -rf "$part"; die "no kernel $1 from $suite"; }
        mv "$part" "$kept"
    fi
    echo "$kept/vmlinuz"
}

main "$@"
