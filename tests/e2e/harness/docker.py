# SPDX-License-Identifier: BSD-2-Clause
"""A Docker daemon of the test's own, with images made from directories: no registry, no bridge, nothing of the host's."""

import contextlib
import pathlib
import shutil
import subprocess
import tempfile

from . import processes

DOCKER, DOCKERD = "/usr/bin/docker", "/usr/sbin/dockerd"
# What loads BPF without --privileged; Docker 20.10 knows no CAP_BPF.
BPF_OPTIONS = ("--pid=host", "--cap-drop=ALL", "--cap-add=SYS_ADMIN", "--cap-add=SYS_PTRACE", "--cap-add=DAC_READ_SEARCH",
               "--security-opt=seccomp=unconfined", "--security-opt=apparmor=unconfined")


class Docker:
    def __init__(self, directory):
        # The path of a unix socket is limited to 107 bytes.
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="gbe-docker-"))
        self.host = f"unix://{self.home}/socket"
        self.containers = []
        self.log_path = pathlib.Path(directory) / "dockerd.log"
        command = [DOCKERD, "--bridge=none", "--iptables=false", "--ip6tables=false", "--storage-driver=vfs", "-H", self.host,
                   "--data-root", f"{self.home}/data", "--exec-root", f"{self.home}/exec", "--pidfile", f"{self.home}/pid"]
        with open(self.log_path, "wb") as log:
            self.daemon = processes.start(command, log, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        processes.wait_for(self._answers, lambda: f"dockerd does not answer; it said:\n{self.log_path.read_text()[-3000:]}", every=0.2)

    def _answers(self):
        assert self.daemon.poll() is None, f"dockerd ended with {self.daemon.returncode}:\n{self.log_path.read_text()[-3000:]}"
        return subprocess.run([DOCKER, "-H", self.host, "info"], capture_output=True).returncode == 0

    def run(self, *arguments, **options):
        done = subprocess.run([DOCKER, "-H", self.host, *arguments], capture_output=True, text=True, **options)
        assert done.returncode == 0, f"docker {arguments}: {done.stderr}"
        return done.stdout.strip()

    def import_directory(self, directory, name, exclude=()):
        """An image of what is in `directory`."""
        tar = subprocess.Popen(["tar", "-C", str(directory), *(f"--exclude={each}" for each in exclude), "-c", "."], stdout=subprocess.PIPE)
        self.run("import", "-", name, stdin=tar.stdout)
        tar.stdout.close()
        assert tar.wait() == 0

    def start(self, image, *command, options=()):
        """Starts a container with the host's network; returns its id."""
        container = self.run("run", "--detach", "--network=host", *options, image, *command)
        self.containers.append(container)
        return container

    def pid(self, container):
        return int(self.run("inspect", "--format", "{{.State.Pid}}", container))

    def logs(self, container):
        done = subprocess.run([DOCKER, "-H", self.host, "logs", container], capture_output=True, text=True)
        return done.stdout + done.stderr

    def stop(self):
        for container in self.containers:
            with contextlib.suppress(AssertionError):
                self.run("rm", "--force", container)
        processes.end(self.daemon, seconds=20)
        shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
