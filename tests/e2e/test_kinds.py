# SPDX-License-Identifier: BSD-2-Clause
"""Kinds of odd exchanges against every worker class and version of Gunicorn. The server decides what it takes and how it answers: what
a strict client saw on the wire is what is counted, per status and with the labels of the request that was answered."""

import contextlib
import dataclasses
import re
from collections.abc import Callable

import pytest

from harness.exporter import Exporter
from harness.ledger import check_consistent
from harness.server import ASGI, Gunicorn
from harness.talk import Talk, settled

CLASSES = ["sync", "gthread", "gevent", "gevent_pywsgi", "eventlet", "tornado", "uvicorn"]
ROOTS = {
    "bullseye": ["sync", "gthread", "gevent"],
    "trixie": ["sync", "gthread", "gevent", "uvicorn"],
    "sid": ["sync", "gthread", "gevent", "uvicorn", "asgi"],
}
KEEPING = {"gthread", "gevent", "gevent_pywsgi", "eventlet", "tornado", "uvicorn", "asgi"}  # connections, for further requests
MAY_LOSE = {"pipeline_full", "request_end", "parse_budget"}  # labels and places, never counts
COUNTED = ("requests", "durations", "responses", "failed", "incomplete")
CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"

LENGTHS = [
    b"Content-Length: 5", b"Content-Length:" + b" " * 60 + b"5", b"Content-Length:5" + b" " * 70, b"Content-Length:\t5\t",
    b"Content-Length: +5", b"Content-Length: -5", b"Content-Length: 0_5", b"Content-Length: \x0b5", b"Content-Length: 5\x0c",
    b"Content-Length:\xa05", b"Content-Length: 5,5", b"Content-Length: 5, 5", b"Content-Length: 5 5", b"Content-Length:",
    b"Content-Length: " + b"0" * 80 + b"5", b"Content-Length: 5\r\nContent-Length: 5", b"Content-Length: 5\r\nContent-Length: 6",
    b"Content-Length:\r\n 5", b"Content-Length: 5\r\n ", b"Content-Length: 5\r\n\t\r\n ", b"Content-Length : 5", b"X: " + b"x" * 5000 + b"\r\nContent-Length: 5",
]
CODINGS = [
    b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked  ", b"Transfer-Encoding:\t chunked \t", b"Transfer-Encoding:" + b" " * 80 + b"chunked",
    b"Transfer-Encoding: chunked" + b" " * 90, b"Transfer-Encoding: CHUNKED", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked, identity",
    b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip",
    b"Transfer-Encoding:\r\n chunked", b"Transfer-Encoding: chunked\r\n ", b"Transfer-Encoding : chunked", b"Transfer-Encoding: \x0bchunked",
    b"Transfer-Encoding: chunked\r\nContent-Length: 3", b"Content-Length: 3\r\nTransfer-Encoding: chunked",
]
# gevent.pywsgi and tornado take the body for the beginning of the next request's method: then its answer is not one to HEAD.
NOT_A_LENGTH = (b"Content-Length: -5", b"Content-Length : 5")
OWN_PARSER = ("gevent_pywsgi", "tornado")


@dataclasses.dataclass(frozen=True)
class Kind:
    name: str
    exchange: Callable  # (Talk, worker class)
    classes: tuple = (*CLASSES, "asgi")
    odd = True


def forms_of_length(talk, worker_class):
    for fields in LENGTHS:
        if worker_class not in OWN_PARSER or fields not in NOT_A_LENGTH:
            talk.case(fields, b"hello")


def forms_of_coding(talk, worker_class):
    """Some servers pass over some of these, and refuse the chunks as if they were a request, before the client has sent the next one:
    that is how they are counted, while the client takes the refusal for an answer to the next one."""
    for fields in CODINGS:
        talk.case(fields, CHUNKS)
    talk.labels_of_refusals = False


def pieces_of_bodies(talk, _):
    talk.case(b"Transfer-Encoding: chunked", b"1\r\nx\r\n" * 1000 + b"0\r\n\r\n")
    talk.case(b"Transfer-Encoding: chunked", b"5;" + b"e" * 3000 + b"\r\nhello\r\n0\r\n\r\n")
    talk.case(b"Transfer-Encoding: chunked", b"5\r\nhello\r\n0\r\nTrailer: value\r\n\r\n")
    talk.labels_of_refusals = False  # likewise: some take a trailer for a request


def long_heads(talk, _):
    for fields in (b"X: v\r\n" * 90 + b"Y: z", b"X: v\r\n" * 6000 + b"Y: z", b"X: " + b"v" * 8000, b"X: " + b"v" * 63_000, b"X: " + b"v" * 100_000):
        connection = talk.open()
        if talk.ask(connection, b"GET /is-404 HTTP/1.1\r\nHost: x\r\n" + fields):
            talk.ask(connection, b"HEAD /is-503 HTTP/1.1\r\nHost: x")
        connection.close()


def long_answers(talk, _):
    for path in b"/rows", b"/fields", b"/field":
        connection = talk.open()
        if talk.ask(connection, b"GET " + path + b" HTTP/1.1\r\nHost: x"):
            talk.ask(connection, b"GET /is-418 HTTP/1.1\r\nHost: x")
        connection.close()


def versions_that_are_echoed(talk, _):
    for digits in (1, 12, 15, 16, 17, 60, 64, 65, 500, 2000):
        connection = talk.open()
        for path in b"/is-410", b"/is-503":
            if not talk.ask(connection, b"GET " + path + b" HTTP/" + b"1" * digits + b".1\r\nHost: x"):
                break
        connection.close()


def pipelines(talk, worker_class):
    for depth in (2, 17, 60, 200):
        connection = talk.open()
        methods = ["HEAD" if i % 12 == 5 else "GET" for i in range(depth)]
        for i, method in enumerate(methods):
            connection.sent(method, f"/is-{200 + i % 3}")
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.send(b"".join(f"{method} /is-{200 + i % 3} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for i, method in enumerate(methods)))
        if worker_class == "gthread":  # which goes on with what it has read when more comes, be it the end
            connection.half_close()
        answered = 0
        while answered < depth and connection.receive():
            answered += 1
        if answered == depth and worker_class != "gthread":
            talk.ask(connection, b"GET /is-503 HTTP/1.1\r\nHost: x")
        connection.close()


def bodies_where_there_should_be_none(talk, _):
    for method, path in (b"HEAD", b"/forged"), (b"HEAD", b"/bold"), (b"HEAD", b"/rows"):
        connection = talk.open()
        for _ in range(2):
            if not talk.ask(connection, method + b" " + path + b" HTTP/1.1\r\nHost: x"):
                break
            connection.drop_unasked()
            if not talk.ask(connection, b"GET /is-404 HTTP/1.1\r\nHost: x"):
                break
        connection.close()


def answers_by_others(talk, _):
    for path in "/dup", "/fork":
        connection = talk.open()
        connection.ask("GET", path)
        assert connection.receive().status == 503 and connection.closed_by_server()
        connection.close()


def open_before(talk, _):
    """These connections were opened before the exporter started, and had one exchange."""
    methods = b"PROPFIND", b"LOCK", b"REPORT", b"TRACE", b"DELETE", b"GET", b"HEAD"
    for connection, method in zip(talk.idle, methods):
        head = method + b" /is-404 HTTP/1.1\r\nHost: x\r\n\r\n"
        connection.sent(method.decode(), "/is-404")
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.send(*([head] if method == b"LOCK" else [head[:3], head[3:5], head[5:]]), pause=0.05)
        if connection.receive():
            talk.ask(connection, b"GET /is-503 HTTP/1.1\r\nHost: x")
        connection.close()
    talk.connections += talk.idle


KINDS = [
    Kind("requests on connections that were open before", open_before, tuple(KEEPING)),
    Kind("lengths in every form", forms_of_length),
    Kind("codings in every form", forms_of_coding),
    Kind("bodies in a thousand chunks, long extensions, trailers", pieces_of_bodies),
    Kind("heads of 6,000 fields and 100 kB", long_heads),
    Kind("answers of 400 chunks, 2,100 fields and a field of 100 kB", long_answers),
    Kind("versions of any length", versions_that_are_echoed),
    Kind("pipelines of 2 to 200", pipelines),
    Kind("bodies behind HEAD", bodies_where_there_should_be_none),
    Kind("answers by a duplicate and by a child", answers_by_others, ("sync", "gthread", "gevent", "eventlet")),
]


def cases():
    for suite, classes in {None: CLASSES, **ROOTS}.items():
        for worker_class in classes:
            for kind in KINDS:
                if worker_class in kind.classes:
                    yield pytest.param(suite, worker_class, kind, id=f"{'in_roots-' + suite if suite else 'here'}-{worker_class}-{kind.name.replace(' ', '-')}")


class Observed:
    """A Gunicorn with connections that are older than its exporter."""

    def __init__(self, directory, worker_class, root):
        self.stack = contextlib.ExitStack()
        self.server = self.stack.enter_context(Gunicorn(
            directory, worker_class, threads=16 if worker_class == "gthread" else None, root=root,
            application="odd_asgi_app" if worker_class in ASGI else "bytes_app"))
        self.idle = []
        if worker_class in KEEPING:
            talk = Talk(self.server.address)
            self.idle = [talk.open() for _ in range(7)]
            for connection in self.idle:
                assert talk.ask(connection, b"GET /hello HTTP/1.1\r\nHost: x")
                connection.responses.clear()  # nobody counted it
        self.exporter = self.stack.enter_context(Exporter(directory, pid=self.server.pid))


@pytest.fixture(scope="module")
def observed(directory, root_of):
    kept = {}

    def get(suite, worker_class):
        if (suite, worker_class) not in kept:
            for other in kept.values():
                other.stack.close()
            kept.clear()
            kept[suite, worker_class] = Observed(directory, worker_class, root_of(suite) if suite else None)
        return kept[suite, worker_class]

    yield get
    for other in kept.values():
        other.stack.close()


def compared(counts, talk):
    return {name: count for name, count in counts.items()
            if name.split()[0] in COUNTED and (talk.labels_of_refusals or not re.fullmatch("failed .* 400", name))}


@pytest.mark.parametrize("suite, worker_class, row", cases())
def test_kind(observed, suite, worker_class, row):
    service = observed(suite, worker_class)
    before, talk = service.exporter.scrape(), Talk(service.server.address)
    talk.idle, talk.labels_of_refusals = service.idle, True
    row.exchange(talk, worker_class)
    wanted = talk.wanted()
    counted = settled(service.exporter, before, wanted)
    assert compared(counted, talk) == compared(wanted, talk)
    check_consistent(service.exporter.scrape(), may_lose=MAY_LOSE)
