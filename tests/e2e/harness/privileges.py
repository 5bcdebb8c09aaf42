# SPDX-License-Identifier: BSD-2-Clause
"""Starting programs with some capabilities only, and reading which ones a process has."""

import glob
import pathlib
import re

UNIT = pathlib.Path(__file__).resolve().parents[3] / "deploy" / "systemd" / "gunicorn-bpf-exporter.service"

# <linux/capability.h>
NUMBERS = {"DAC_OVERRIDE": 1, "DAC_READ_SEARCH": 2, "NET_BIND_SERVICE": 10, "SYS_PTRACE": 19, "SYS_ADMIN": 21, "PERFMON": 38,
           "BPF": 39, "CHECKPOINT_RESTORE": 40}


def of_the_unit():
    """What the systemd unit gives, without "CAP_"."""
    (line,) = re.findall(r"^AmbientCapabilities=(.*)$", UNIT.read_text(), re.MULTILINE)
    return [name.removeprefix("CAP_") for name in line.split()]


def mask(names):
    return sum(1 << NUMBERS[name] for name in names)


def as_user(uid, names):
    """A command that runs another as this user with these capabilities, as AmbientCapabilities= and User= do."""
    plus = "".join(f",+{name.lower()}" for name in names)
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--no-new-privs", f"--bounding-set=-all{plus}",
            f"--inh-caps=-all{plus}", f"--ambient-caps=-all{plus}"]


def as_root(names):
    """As root in a container with `--cap-drop ALL` and these added."""
    return ["setpriv", "--bounding-set=-all" + "".join(f",+{name.lower()}" for name in names)]


def of_threads(pid):
    """Name of each capability set, and NoNewPrivs -> the values that threads of this process have."""
    found = {}
    for path in glob.glob(f"/proc/{pid}/task/*/status"):
        for name, value in re.findall(r"^(Cap\w+|NoNewPrivs):\s+(\w+)$", pathlib.Path(path).read_text(), re.MULTILINE):
            found.setdefault(name, set()).add(int(value, 16))
    return found
