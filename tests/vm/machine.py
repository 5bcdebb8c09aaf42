# SPDX-License-Identifier: BSD-2-Clause
"""Builds the initial file system and boots a kernel in QEMU (without KVM: any machine can)."""

import os
import pathlib
import re
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
TESTS = HERE.parent
CACHE = pathlib.Path(os.environ.get("GBE_CACHE") or "/var/cache/gunicorn-bpf-exporter-tests")
BUSYBOX = "/usr/bin/busybox"
# Seconds of a boot and a run under emulation. A kernel takes about 10, Python about 15, verification some more.
DEADLINE = 1200
BOOTS = 3
_ESCAPE = re.compile(r"\x1b(c|\[[0-9;?]*[A-Za-z])")  # the firmware clears its screen
_LIBRARY = re.compile(r"(/\S+\.so\S*) \(0x")


def said(command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **options).stdout


def libraries(*files, root=None):
    """Absolute paths of the shared libraries that these need, the loader among them."""
    command = [*(["chroot", str(root)] if root else []), "ldd", *map(str, files)]
    return sorted(set(_LIBRARY.findall(subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout)))


def archive(tree, target):
    """Packs a directory as a cpio archive that the kernel unpacks; several may follow each other."""
    with open(target, "wb") as file:
        names = subprocess.run(["find", ".", "-print0"], cwd=tree, check=True, stdout=subprocess.PIPE).stdout
        subprocess.run(["cpio", "--null", "--create", "--format=newc", "--quiet", "--owner=0:0"], cwd=tree, check=True,
                       input=names, stdout=file)


def _copy(root, path, tree):
    """Copies what `path` names in `root` to the same place below `tree`."""
    source, target = pathlib.Path(str(root) + path), pathlib.Path(str(tree) + path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns("test", "tests", "idlelib", "tkinter", "ensurepip", "lib2to3", "__pycache__"))
    else:
        shutil.copy2(source.resolve() if not root else _inside(root, path), target)


def _inside(root, path):
    """The file that `path` leads to within `root`, symbolic links resolved there."""
    return pathlib.Path(str(root) + said(["chroot", str(root), "readlink", "-f", path]).strip())


def _found(root, pattern):
    return ["/" + str(path.relative_to(root)) for path in sorted(root.glob(pattern))]


def server_archive():
    """Debian 11's Python 3.9 and Gunicorn 20.1 below /server; kept in the cache."""
    target = CACHE / "vm-server.cpio"
    root = pathlib.Path(said([str(TESTS / "roots" / "root.sh"), "bullseye"]).strip())
    if target.exists() and target.stat().st_mtime > (root / "VERSIONS").stat().st_mtime:
        return target
    tree = CACHE / f"vm-server.tree.{os.getpid()}"
    try:
        server = tree / "server"
        for path in ("/usr/bin/python3", "/usr/bin/env", "/usr/bin/gunicorn", "/usr/lib/python3.9",
                     "/usr/lib/python3/dist-packages/pkg_resources", *_found(root, "usr/lib/python3/dist-packages/gunicorn*")):
            _copy(root, path, server)
        extensions = _found(root, "usr/lib/python3.9/lib-dynload/*.so")
        for path in libraries("/usr/bin/python3", "/usr/bin/env", *extensions, root=root):
            _copy(root, path, server)
        for name in ("dev", "proc", "tmp", "apps"):
            (server / name).mkdir()
        # Under emulation, compiling every module at each start takes longer than everything else.
        subprocess.run(["chroot", str(server), "/usr/bin/python3", "-m", "compileall", "-q", "/usr/lib/python3.9", "/usr/lib/python3"],
                       check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        part = target.with_suffix(f".{os.getpid()}")
        archive(tree, part)
        part.rename(target)
    finally:
        shutil.rmtree(tree, ignore_errors=True)
    return target


def exporter_archive(binary, directory):
    """busybox, the first process, the applications, and the binary with its libraries below /exporter."""
    tree = pathlib.Path(directory) / "tree"
    for name in ("bin", "proc", "sys", "dev", "tmp", "exporter/lib", "server/apps"):
        (tree / name).mkdir(parents=True)
    shutil.copy2(BUSYBOX, tree / "bin" / "busybox")
    for applet in said([BUSYBOX, "--list"]).split():
        if applet != "busybox":
            (tree / "bin" / applet).symlink_to("busybox")
    shutil.copy2(HERE / "init.sh", tree / "init")
    (tree / "init").chmod(0o755)
    for file in (TESTS / "e2e" / "apps.py", HERE / "client.py"):
        shutil.copy2(file, tree / "server" / "apps" / file.name)
    shutil.copy2(binary, tree / "exporter" / "gunicorn-bpf-exporter")
    for path in libraries(binary):
        shutil.copy2(path, tree / "exporter" / "lib" / pathlib.Path(path).name)
    target = pathlib.Path(directory) / "exporter.cpio"
    archive(tree, target)
    return target


def boot(kernel, initrd, seconds=DEADLINE):
    """Boots and returns everything that was written to the console. subprocess.TimeoutExpired when it hangs.

    A kernel that panics before it has started /init says something of the emulator, and nothing of what is tested: it is booted again.
    """
    for _ in range(BOOTS):
        console = _boot_once(kernel, initrd, seconds)
        if "@@" in console or "Kernel panic" not in console:
            break
    return console


def _boot_once(kernel, initrd, seconds):
    # QEMU 7.2's emulation leaves garbage in EFLAGS after cmpxchg16b, which 6.12's allocator uses everywhere: half of
    # the boots ended in a panic. Without that instruction the kernel takes another way.
    # The two processors take turns in one thread: with a thread each, one of them may still run the breakpoint by which the other
    # patches the kernel's code, when that is long over ("Oops: int3").
    command = ["qemu-system-x86_64", "-accel", "tcg,thread=single", "-cpu", "max,-cx16", "-smp", "2", "-m", "1G", "-nographic", "-no-reboot",
               "-nic", "none", "-kernel", str(kernel), "-initrd", str(initrd), "-append", "console=ttyS0 quiet panic=-1 mitigations=off"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds)
    return _ESCAPE.sub("", done.stdout.decode(errors="replace")).replace("\r\n", "\n")
