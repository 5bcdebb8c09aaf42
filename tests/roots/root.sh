#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Makes a root directory with another Debian's Gunicorn and prints its path:
#
#   root.sh bullseye    Gunicorn 20.1, Python 3.9
#   root.sh bookworm    Gunicorn 20.1, Python 3.11: a system without the exporter's libraries
#   root.sh trixie      Gunicorn 23, Python 3.13
#   root.sh sid         Gunicorn 26, Python 3.14
#
# Kept below $GBE_CACHE (default /var/cache/gunicorn-bpf-exporter-tests), outside the source tree. A root that
# is there already is used as it is, if it has the packages named below. Needs root and debootstrap.
set -euo pipefail

cache=${GBE_CACHE:-/var/cache/gunicorn-bpf-exporter-tests}

die() {
    echo "root.sh: $*" >&2
    exit 1
}

packages_of() {
    case $1 in
    # eventlet is left out where the suite's Gunicorn no longer has a worker for it.
    bullseye) echo gunicorn python3-gevent python3-eventlet python3-tornado python3-flask python3-django ;;
    bookworm) echo gunicorn python3-flask ;;
    trixie) echo gunicorn python3-gevent python3-uvicorn python3-uvloop python3-httptools python3-wsproto python3-flask python3-django python3-starlette ;;
    sid) echo gunicorn python3-gevent python3-uvicorn python3-uvloop python3-httptools python3-wsproto python3-h2 python3-flask python3-django python3-starlette ;;
    *) die "unknown suite \"$1\" (bullseye, bookworm, trixie or sid)" ;;
    esac
}

# The mirror this machine uses itself: deb822 files first, then one-line sources.
mirror() {
    local found
    found=$(awk '/^URIs:/ && $2 ~ /\/debian\/?$/ { print $2; exit }' /etc/apt/sources.list.d/*.sources 2>/dev/null || true)
    if [[ -z $found ]]; then
        found=$(awk '$1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /^http.*\/debian\/?$/) { print $i; exit } }' \
            /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || true)
    fi
    echo "${found:-http://deb.debian.org/debian}"
}

make_root() {
    local suite=$1 root=$2 keyring=/usr/share/keyrings/debian-archive-keyring.gpg packages
    packages=$(packages_of "$suite")
    debootstrap --variant=minbase --keyring="$keyring" "$suite" "$root" "$(mirror)"
    # No service is to start in there, and packages are not kept.
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    # shellcheck disable=SC2086 # a list of words
    DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get install -y -q --no-install-recommends $packages
    chroot "$root" apt-get clean
    chroot "$root" python3 -c 'import gunicorn, sys; print(gunicorn.__version__, sys.version.split()[0])' >"$root/VERSIONS"
    packages_of "$suite" >"$root/PACKAGES"
}

is_made() { # suite, root
    [[ -e $2/VERSIONS && $(cat "$2/PACKAGES" 2>/dev/null) == "$(packages_of "$1")" ]]
}

main() {
    [[ $# -eq 1 ]] || die "usage: root.sh bullseye|bookworm|trixie|sid"
    local suite=$1 root=$cache/root-$1 part
    packages_of "$suite" >/dev/null
    is_made "$suite" "$root" && { echo "$root"; return; }
    [[ $EUID -eq 0 ]] || die "must run as root (debootstrap and chroot need it)"
    command -v debootstrap >/dev/null || die "debootstrap is missing (apt-get install debootstrap)"

    mkdir -p "$cache"
    # One at a time per suite: whoever waited here finds the other's work done.
    exec 9>"$cache/root-$suite.lock"
    flock 9
    is_made "$suite" "$root" && { echo "$root"; return; }
    rm -rf "$root" "$root".part.*
    part=$(mktemp -d "$root.part.XXXXXX")
    chmod 755 "$part"
    if ! make_root "$suite" "$part" >"$cache/root-$suite.log" 2>&1 9>&-; then
        tail -n 20 "$cache/root-$suite.log" >&2
        rm -rf --one-file-system "$part"
        die "no root for $suite; the whole log is $cache/root-$suite.log"
    fi
    mv "$part" "$root"
    echo "$root"
}

main "$@"
