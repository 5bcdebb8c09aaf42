#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# content.sh DIRECTORY: copies the content of the image to DIRECTORY, from a system where the Debian package is installed:
# the program, the shared libraries that it loads, and the few files that those read. No shell, no package manager.
set -eu

[ $# -eq 1 ] || { echo "usage: content.sh DIRECTORY" >&2 && exit 2; }
image=$1
program=/usr/sbin/gunicorn-bpf-exporter

put() { # file: its content, under its own name
    mkdir -p "$image$(dirname "$1")"
    cp --dereference --preserve=mode,timestamps "$1" "$image$1"
}

put "$program"
libraries=$(ldd "$program" | grep -o '/[^ ]*')
for library in $libraries; do put "$library"; done
# Terminal descriptions for top; `kubectl exec -it` and `docker exec -it` set TERM=xterm.
terminals=$(printf '/lib/terminfo/%s ' x/xterm x/xterm-256color s/screen s/screen-256color t/tmux t/tmux-256color l/linux v/vt100)
for terminal in $terminals; do put "$terminal"; done
for licence in $(for file in $program $libraries $terminals; do
    dpkg-query --search "$file" "/usr$file" 2>/dev/null | sed 's/[,:].*//'
done | sort -u); do
    put "/usr/share/doc/$licence/copyright"
done

mkdir -p "$image/etc" "$image/tmp" "$image/proc" "$image/sys" "$image/var/log"
echo 'root:x:0:0:root:/:/usr/sbin/nologin' >"$image/etc/passwd"
echo 'root:x:0:' >"$image/etc/group"
echo 'hosts: files dns' >"$image/etc/nsswitch.conf"
