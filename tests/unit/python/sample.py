# SPDX-License-Identifier: BSD-2-Clause
"""Holds objects of every kind that is read from outside, and waits until its input ends."""
import sys
import threading


class Base(object):
    of_base = "inherited"
    registry = {101: "first", 202: "second"}


class Plain(Base):
    def __init__(self):
        self.number = 42
        self.zero = 0
        self.negative = -7
        self.digit = 2**30 - 1
        self.two_digits = 2**30 + 5
        self.large = 2**59 + 1
        self.too_large = 2**80
        self.truth = True
        self.nothing = None
        self.ascii = "gunicorn/arbiter.py"
        self.latin = "caf\u00e9"
        self.greek = "\u03a9mega"
        self.emoji = "\U0001f40d!"
        self.empty = ""
        self.pair = ("127.0.0.1", 8000)
        self.list = [1, "two", (3,)]
        self.kind = Base


class Deleted(object):
    def __init__(self):
        self.first, self.second, self.third = 1, 2, 3
        del self.second


class Many(object):
    def __init__(self):
        for i in range(40):
            setattr(self, "attribute_%d" % i, i)


class Shown(object):
    """Its __dict__ was asked for, which makes one of it."""

    def __init__(self):
        self.first, self.second = "a", "b"
        self.seen = len(self.__dict__)


class Unset(object):
    """A sibling has more attributes than this one."""


class Slots(object):
    __slots__ = ("only",)


class Dict(dict):
    pass


def mixed():
    result = {"name": 1, 2: "two", (3, 4): None, 5.0: "float"}
    del result[2]
    result[6] = "six"
    return result


class Samples(object):
    def __init__(self):
        self.plain = Plain()
        self.deleted = Deleted()
        self.many = Many()
        self.shown = Shown()
        fuller, self.unset = Unset(), Unset()
        fuller.one, fuller.two = 1, 2
        self.unset.two = 22
        self.slots = Slots()
        self.mixed = mixed()
        self.by_pid = {1000 + i: "worker %d" % i for i in range(300)}
        self.derived = Dict(a=1)
        self.empty = {}


MARK = "a global"


class Holder(object):
    def wait(self, depth):
        if depth:
            return self.wait(depth - 1)
        print("ready", flush=True)
        return sys.stdin.read()


def idle(event):
    event.wait()


holder = Holder()
holder.samples = Samples()
done = threading.Event()
other = threading.Thread(target=idle, args=(done,), daemon=True)
other.start()
try:
    raise LookupError
except LookupError:
    holder.wait(3)
