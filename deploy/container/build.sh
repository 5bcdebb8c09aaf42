#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# build.sh IMAGE PACKAGE.deb [DOCKER-OPTION…]
# Builds the image of deploy/container/Dockerfile without an image registry: installs the package into a copy of a
# Debian root made by debootstrap, takes the content from there, and builds the Dockerfile's last stage from it.
# Docker options are passed before docker's command, for example -H unix:///run/other.sock.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

(($# >= 2)) || { echo "usage: build.sh IMAGE PACKAGE.deb [DOCKER-OPTION…]" >&2 && exit 2; }
((EUID == 0)) || { echo "build.sh: run as root: it needs chroot" >&2 && exit 1; }
image=$1 package=$2
shift 2

work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
root=$("$here/../../tests/roots/root.sh" bookworm)
cp --archive "$root" "$work/root"
cp "$package" "$here/content.sh" "$work/root/"
log=$work/log
DEBIAN_FRONTEND=noninteractive chroot "$work/root" sh -c 'apt-get install --yes --no-install-recommends /*.deb && /content.sh /image' \
    >"$log" 2>&1 || { tail -n 20 "$log" >&2 && exit 1; }

# The Dockerfile from its last FROM on, with this content instead of that of the previous stage.
mkdir "$work/context"
mv "$work/root/image" "$work/context/image"
awk '/^FROM/ { stage = "" } { stage = stage $0 "\n" } END { printf "%s", stage }' "$here/Dockerfile" |
    sed 's|^COPY --from=installed /image /$|COPY image /|' >"$work/context/Dockerfile"
DOCKER_BUILDKIT=0 docker "$@" build --quiet --tag "$image" "$work/context"
