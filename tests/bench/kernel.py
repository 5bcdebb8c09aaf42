# SPDX-License-Identifier: BSD-2-Clause
"""What the kernel tells of BPF programs: by the descriptors of the process that holds them."""

import dataclasses
import json
import os
import pathlib
import subprocess

HOOKS = ("sys_enter", "sys_exit")
ROLE_WORKER = 3  # as in include/contract.h


@dataclasses.dataclass
class Program:
    name: str
    runs: int
    nanoseconds: int


def _fields(pid):
    """The descriptors of a process as dictionaries, those that are gone again left out."""
    for entry in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        try:
            lines = entry.read_text(encoding="ascii", errors="replace").splitlines()
        except OSError:
            continue
        yield dict(map(str.strip, line.split(":", 1)) for line in lines if ":" in line)


def _bpftool(*arguments):
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    said = subprocess.run(["bpftool", "-j", *arguments], capture_output=True, text=True, check=True,
                          env={**os.environ, "PATH": path}).stdout
    return json.loads(said)


def all_programs():
    """As bpftool describes each, of every process."""
    return _bpftool("prog", "show")


def program_ids(pid):
    return {int(fields["prog_id"]) for fields in _fields(pid) if "prog_id" in fields}


def programs(pid):
    """The programs that a process has loaded, by name. Runs and time are counted while statistics are on."""
    found = {}
    for number in program_ids(pid):
        shown = _bpftool("prog", "show", "id", str(number))
        found[shown["name"]] = Program(shown["name"], shown.get("run_cnt", 0), shown.get("run_time_ns", 0))
    return found


def map_bytes(pid):
    """Kernel memory of the maps that a process holds."""
    sizes = {}
    for fields in _fields(pid):
        if "map_id" in fields:
            sizes[fields["map_id"]] = int(fields["memlock"])
    return sum(sizes.values())


def observed_workers(pid):
    """Processes that the programs of the exporter `pid` take for workers."""
    maps = {fields["map_id"]: fields for fields in _fields(pid) if "map_id" in fields}
    for number in maps:
        if _bpftool("map", "show", "id", number).get("name") == "processes":
            values = [entry["formatted"]["value"] for entry in _bpftool("map", "dump", "id", number)]
            return {value["tgid"] for value in values if value["role"] == ROLE_WORKER}
    raise RuntimeError(f"process {pid} has no map of processes")


def other_programs_on_the_hook(own_pids):
    """Ids of programs on system call tracepoints that none of these processes holds: they would be measured too."""
    own = set().union(*(program_ids(pid) for pid in own_pids))
    links = _bpftool("link", "show")
    return {link["prog_id"] for link in links if link.get("tp_name") in HOOKS and link["prog_id"] not in own}


def cpu_seconds(pid):
    """User and system time of a process's threads. Those that have ended are not in it; /proc/<pid>/stat would have
    them, in steps of 10 ms."""
    total = 0
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((thread / "schedstat").read_text(encoding="ascii").split()[0])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total / 1e9
