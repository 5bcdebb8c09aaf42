#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The first process of the test machine: one Gunicorn, one exporter, some requests, one scrape. Everything that
# matters goes to the console between marks, where test_kernels.py reads it.
export PATH=/bin
exporter="/exporter/lib/ld-linux-x86-64.so.2 --library-path /exporter/lib /exporter/gunicorn-bpf-exporter"

finish() {
    # Not at the beginning: while the kernel takes over the console, lines can get lost.
    echo "@@kernel $(uname -r)"
    echo "@@verdict $*"
    poweroff -f
}

client() {
    chroot /server /usr/bin/python3 /apps/client.py "$@"
}

# Beside other tests, emulated, Linux 5.10 verifies the programs for minutes.
wait_for() { # url, log
    client wait "$1" 600 || { cat "$2"; finish "nothing answers at $1"; }
}

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /server/tmp
mount -t tmpfs tmpfs /tmp
mkdir -p /dev/shm /server/dev /server/proc
mount -o bind /dev /server/dev
ip link set lo up
[ -e /sys/kernel/btf/vmlinux ] && echo "@@btf yes"

echo "@@version $($exporter --version 2>&1)"
# Its version is in its name.
ln /server/usr/bin/python3 /server/usr/bin/python3.9
chroot /server /usr/bin/env -i PATH=/usr/bin:/bin E2E_NOTES=/tmp/notes PYTHONDONTWRITEBYTECODE=1 \
    /usr/bin/python3.9 /usr/bin/gunicorn -k sync -w 1 --timeout 900 --pythonpath /apps -b 127.0.0.1:8000 apps:app >/tmp/server.log 2>&1 &
server=$!
wait_for http://127.0.0.1:8000/hello /tmp/server.log

$exporter --pid $server --python-unlogged --python-imports --web.listen-address 127.0.0.1:9091 --sampling-interval 1s >/tmp/exporter.log 2>&1 &
wait_for http://127.0.0.1:9091/-/ready /tmp/exporter.log

echo "@@served $(client count http://127.0.0.1:8000/hello 20)"
client get http://127.0.0.1:8000/missing
client get http://127.0.0.1:8000/chunks?n=5
client get http://127.0.0.1:8000/raise
client get http://127.0.0.1:8000/unavailable
client get "http://127.0.0.1:8000/collect?times=3"
sleep 2
echo "@@metrics"
client get http://127.0.0.1:9091/metrics
echo "@@end"
cat /tmp/exporter.log

$exporter trace --pid $server --json --count 3 --duration 60s >/tmp/trace.json 2>/tmp/trace.log &
tracer=$!
for _ in $(seq 3000); do
    { grep -q tracing /tmp/trace.log || ! kill -0 $tracer; } && break
    sleep 0.2
done
echo "@@tracing $(cat /proc/uptime) $(cat /tmp/trace.log)"
client get "http://127.0.0.1:8000/sleep?s=1"
client get "http://127.0.0.1:8000/burn?s=1"
client get http://127.0.0.1:8000/missing
wait $tracer
echo "@@traced $?"
cat /tmp/trace.json
echo "@@end"
cat /tmp/trace.log
finish complete
