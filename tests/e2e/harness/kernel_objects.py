# SPDX-License-Identifier: BSD-2-Clause
"""BPF objects of the kernel: what exists, and what of it a process holds."""

import contextlib
import ctypes
import errno
import glob
import os
import pathlib
import re
import struct

_libc = ctypes.CDLL(None, use_errno=True)
_SYS_BPF = 321
# <linux/bpf.h>: BPF_PROG_GET_NEXT_ID and its like.
_NEXT_ID = {"prog": 11, "map": 12, "link": 31}


def existing(kind):
    """Ids of everybody's programs, maps or links. Unlike bpftool this opens none of them: to open an array of tail calls
    while the kernel is about to empty it, since its owner has died, keeps it for good (seen on Linux 6.18)."""
    found, attributes = set(), ctypes.create_string_buffer(12)
    while True:
        attributes[:] = struct.pack("III", max(found, default=0), 0, 0)
        if _libc.syscall(_SYS_BPF, _NEXT_ID[kind], attributes, len(attributes)) != 0:
            assert ctypes.get_errno() == errno.ENOENT, f"list {kind}s: {os.strerror(ctypes.get_errno())}"
            return found
        found.add(struct.unpack("III", attributes)[1])


def held_by(pid):
    """Kind -> ids of those that the process has a descriptor of, and of the programs behind its links."""
    found = {kind: set() for kind in _NEXT_ID}
    for path in glob.glob(f"/proc/{pid}/fdinfo/*"):
        # Some are closed meanwhile.
        with contextlib.suppress(OSError):
            if os.readlink(path.replace("fdinfo", "fd")).startswith("anon_inode:bpf"):
                for kind, number in re.findall(r"^(prog|map|link)_id:\s+(\d+)$", pathlib.Path(path).read_text(), re.MULTILINE):
                    found[kind].add(int(number))
    return found
