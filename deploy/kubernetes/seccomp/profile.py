# SPDX-License-Identifier: BSD-2-Clause
"""The system calls that the systemd unit's filter allows, as a seccomp profile for container runtimes.

    deploy/kubernetes/seccomp/profile.py > deploy/kubernetes/seccomp/gunicorn-bpf-exporter.json
"""

import json
import pathlib
import subprocess
import sys

UNIT = pathlib.Path(__file__).resolve().parents[2] / "systemd" / "gunicorn-bpf-exporter.service"


def groups():
    """Maps the name of each of systemd's groups to its members, which include other groups."""
    said = subprocess.run(["systemd-analyze", "--no-pager", "syscall-filter"], check=True, capture_output=True, text=True).stdout
    found, current = {}, None
    for line in said.splitlines():
        if line.startswith("@"):
            current = found.setdefault(line.split()[0], [])
        elif line.startswith("#"):
            current = None
        elif line.strip() and not line.strip().startswith("#") and current is not None:
            current.append(line.strip())
    return found


def expand(name, known):
    return {name} if not name.startswith("@") else set().union(*(expand(each, known) for each in known[name]))


def allowed(unit=UNIT):
    """The result of the SystemCallFilter= lines, which systemd applies one after the other; its @default is always allowed."""
    known = groups()
    calls = expand("@default", known)
    for line in unit.read_text().splitlines():
        key, _, value = line.partition("=")
        if key != "SystemCallFilter":
            continue
        for name in value.lstrip("~").split():
            calls = calls - expand(name, known) if value.startswith("~") else calls | expand(name, known)
    return calls


def profile():
    # Without no_new_privs the runtime applies the profile before it switches to the container's user.
    names = sorted({*allowed(), *expand("@setuid", groups())})
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": 1,
        "architectures": ["SCMP_ARCH_X86_64"],
        "syscalls": [{"names": names, "action": "SCMP_ACT_ALLOW"}],
    }


if __name__ == "__main__":
    json.dump(profile(), sys.stdout, indent=2)
    print()
