# SPDX-License-Identifier: BSD-2-Clause
"""The label `app` is the application, also where only a configuration file names it."""

import pathlib

import pytest

from harness import processes
from harness.exporter import Exporter

APPLICATION = '''
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "0")])
    return []
'''
CONFIGURATION = "wsgi_app = 'shop_wsgi:app'\n"


class Started:
    """Debian's Gunicorn in a folder of its own, with a file conf/other.py and, if wanted, gunicorn.conf.py."""

    def __init__(self, directory, options=(), variable=None, default_file=None, root=None):
        self.home = pathlib.Path("/tmp" if root else directory) / f"names-{processes.free_port()}"
        folder = pathlib.Path(root or "/") / self.home.relative_to("/")
        (folder / "conf").mkdir(parents=True)
        (folder / "shop_wsgi.py").write_text(APPLICATION)
        (folder / "conf" / "other.py").write_text(CONFIGURATION)
        if default_file:
            (folder / "gunicorn.conf.py").write_text(default_file)
        self.port = processes.free_port()
        variables = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(self.home)}
        if variable:
            variables["GUNICORN_CMD_ARGS"] = variable
        command = ["/usr/bin/python3", "/usr/bin/gunicorn", "-b", f"127.0.0.1:{self.port}", *options]
        if root:
            command = ["chroot", root, "sh", "-c", f'cd {self.home} && exec "$@"', "sh", *command]
        with open(pathlib.Path(directory) / f"names-{self.port}.log", "wb") as log:
            self.process = processes.start(command, log, env=variables, cwd=None if root else self.home)
        processes.wait_for(lambda: processes.children_of(self.process.pid), "a worker")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        processes.end(self.process)


def named_by(exporter):
    found = [labels["app"] for labels, _ in exporter.scrape().select("gunicorn_info")]
    return found[0] if found and found[0] else None


WAYS = {
    "gunicorn.conf.py": {"default_file": CONFIGURATION},
    "-c file": {"options": ["-c", "conf/other.py"]},
    "variable": {"variable": "-c conf/other.py"},
    "computed": {"default_file": "wsgi_app = 'shop' + '_wsgi:app'\n"},
    "command line": {"options": ["shop_wsgi:app"]},
}


@pytest.mark.parametrize("way", WAYS)
def test_the_application_is_named(directory, way):
    with Started(directory, **WAYS[way]) as started, Exporter(directory, pid=started.process.pid) as exporter:
        assert processes.wait_for(lambda: named_by(exporter), "a name") == "shop_wsgi:app"


def test_a_name_of_its_own_comes_first(directory):
    configuration = CONFIGURATION + "proc_name = 'shop'\n"
    with Started(directory, default_file=configuration) as started, Exporter(directory, pid=started.process.pid) as exporter:
        assert processes.wait_for(lambda: named_by(exporter), "a name") == "shop"


@pytest.mark.parametrize("suite", ["trixie", "sid"])
def test_the_application_is_named_in_roots(directory, root_of, suite):
    with Started(directory, default_file=CONFIGURATION, root=root_of(suite)) as started:
        with Exporter(directory, pid=started.process.pid) as exporter:
            assert processes.wait_for(lambda: named_by(exporter), "a name") == "shop_wsgi:app"
