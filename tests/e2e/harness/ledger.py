# SPDX-License-Identifier: BSD-2-Clause
"""What a scrape must have gained when a row is over, and what it did gain: both as flat dictionaries of counts
such as {"responses 200": 1, "failed GET /missing 404": 1}, so that a failure reads by itself."""

import collections
import dataclasses
import time

SETTLE_SECONDS = 30.0  # for closes and exits to reach the kernel's maps; a fraction of one on an idle machine
STAY_SECONDS = 0.15  # what comes late would come in this time: nothing is pending in the kernel
PER_REQUEST = 0.001
RELATIVE = 0.05

COUNTERS = {
    # metric: (prefix of the flat name, labels that go into it)
    "gunicorn_worker_requests_total": ("requests", ()),
    "gunicorn_worker_request_duration_seconds_count": ("durations", ()),
    "gunicorn_worker_responses_total": ("responses", ("status_code",)),
    "gunicorn_worker_failed_requests_total": ("failed", ("method", "endpoint", "status_code")),
    "gunicorn_worker_requests_aborted_total": ("aborted", ("by",)),
    "gunicorn_worker_responses_incomplete_total": ("incomplete", ("by",)),
    "gunicorn_worker_connections_total": ("connections", ("kind",)),
    "gunicorn_worker_pipelined_unserved_total": ("unserved", ()),
    "gunicorn_worker_protocol_errors_total": ("protocol errors", ("kind",)),
}


@dataclasses.dataclass
class Expect:
    """Counts that a row is to add. `seconds` is the sum of durations, None when the row cannot know it."""

    counts: dict
    seconds: float | None = None
    tolerance: float | None = None  # in seconds, instead of 1 ms a request and 5 %

    def but(self, seconds="as before", tolerance=None, **changes):
        """The same with some counts replaced; spaces are written as "__": aborted__client=1."""
        counts = dict(self.counts)
        for name, value in changes.items():
            counts[name.replace("__", " ")] = value
        kept = self.seconds if seconds == "as before" else seconds
        return Expect({name: value for name, value in counts.items() if value}, kept, tolerance or self.tolerance)

    def plus(self, other):
        seconds = None if self.seconds is None or other.seconds is None else self.seconds + other.seconds
        return Expect(dict(collections.Counter(self.counts) + collections.Counter(other.counts)), seconds, self.tolerance)


def from_wire(connections):
    """What these client connections have seen: final status lines, truncated bodies; every connection that had
    an answer counts as http once the client has closed it."""
    counts, seconds = collections.Counter(), 0.0
    for connection in connections:
        for response in connection.responses:
            counts.update(["requests", "durations", f"responses {response.status}"])
            seconds += response.seconds
            if response.status >= 400:
                path = response.path.partition("?")[0]
                counts[f"failed {response.method} {path} {response.status}"] += 1
            if not response.complete:
                counts["incomplete server"] += 1
        if connection.responses and not connection.open:
            counts["connections http"] += 1
    return Expect(dict(counts), seconds)


def flat(scrape):
    counts = collections.Counter()
    for metric, (prefix, labels) in COUNTERS.items():
        for found, value in scrape.select(metric):
            counts[" ".join([prefix, *(found[label] for label in labels)])] += value
    return counts


def gained(before, after):
    """Differences, without those that are zero. A total that went backwards shows as a negative count."""
    old, new = flat(before), flat(after)
    return {name: new[name] - old[name] for name in old | new if new[name] != old[name]}


def seconds_gained(before, after):
    name = "gunicorn_worker_request_duration_seconds_sum"
    return after.total(name) - before.total(name)


def check_consistent(scrape, may_lose=()):
    """What must hold in every scrape, at any moment. `may_lose`: reasons for losses that the requests bring about."""
    requests = scrape.by("gunicorn_worker_requests_total", "worker_id")
    assert requests == scrape.by("gunicorn_worker_request_duration_seconds_count", "worker_id")
    assert requests == scrape.by("gunicorn_worker_request_duration_seconds_bucket", "worker_id", le="+Inf")
    responses = scrape.by("gunicorn_worker_responses_total", "worker_id")
    assert responses == {worker: count for worker, count in requests.items() if count}
    lost = scrape.by("gunicorn_bpf_exporter_events_lost_total", "reason")
    assert lost and not any(count for reason, count in lost.items() if reason not in may_lose), f"events lost: {lost}"


class WrongDuration(AssertionError):
    """Counts are right and the sum of durations is not. On a machine that is busy with other things this can be
    the client's fault, who was not let run in time; a wrong number is wrong every time."""


def settle(exporter, before, expect):
    """Waits until the exporter shows exactly what is expected, and checks that it stays so."""
    deadline = time.monotonic() + SETTLE_SECONDS
    after = exporter.scrape()
    while gained(before, after) != expect.counts and time.monotonic() < deadline:
        time.sleep(0.05)
        after = exporter.scrape()
    assert gained(before, after) == expect.counts
    time.sleep(STAY_SECONDS)
    after = exporter.scrape()
    assert gained(before, after) == expect.counts
    check_consistent(after)
    if expect.seconds is not None:
        difference = seconds_gained(before, after) - expect.seconds
        tolerance = expect.tolerance or PER_REQUEST * expect.counts.get("requests", 0) + RELATIVE * expect.seconds
        if abs(difference) > tolerance:
            raise WrongDuration(f"the sum of durations is off by {difference * 1000:.2f} ms of {expect.seconds * 1000:.1f} ms")
