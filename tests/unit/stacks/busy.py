# SPDX-License-Identifier: BSD-2-Clause
"""Spends its time where its first argument says, until its input ends. Says first which lines each function has, one
line "function<tab>line line …", then "ready"."""
import json
import os
import sys
import threading
import time
import types


def sleep_here():
    time.sleep(3600)  # the sleeping line


def burn_here():
    count = 0
    while True:
        count += 1  # burning
        count = count * 3 % 1000003  # burning


class Shop:
    def pay(self, how):
        how()  # called from here


def leaf_of_first():
    return 1


def leaf_of_second():
    return 2


def first():
    return leaf_of_first()  # calls leaf_of_first


def second():
    return leaf_of_second()  # calls leaf_of_second


def calls():
    """Frames come and go faster than they can be read: first() never calls second()'s leaf."""
    while True:
        first()  # calls first
        second()  # calls second


def generate():
    while True:
        yield sum(range(20000))  # generating


def generators():
    for _ in generate():
        pass  # taking


def encodes():
    """Generators that call each other, linked to their callers only while they run, and freed at once."""
    what = [{"number": number} for number in range(100)]
    while True:
        json.dumps(what, indent=1)


def through_c():
    """C code in between: sorted() calls the key."""
    while True:
        sorted([3, 1, 2], key=keyed)  # sorting


def keyed(item):
    for _ in range(50000):  # keyed
        pass  # keyed
    return item


def deep(depth=0):
    if depth == 500:
        sleep_here()
    deep(depth + 1)


def hostile():
    def template():
        time.sleep(3600)

    code = template.__code__.replace(co_name="pay;\x1b[31m\nnow", co_filename="/srv/\u2028shop;1\\.py")
    if hasattr(code, "co_qualname"):
        code = code.replace(co_qualname="pay;\x1b[31m\nnow")
    types.FunctionType(code, globals())()


def dies():
    threading.Timer(0.3, os._exit, [0]).start()
    burn_here()


def churn():
    """Code objects are made, run and freed, at addresses that are used again."""
    number = 0
    while True:
        number += 1
        name = "made_%d" % (number % 7)
        source = "\n" * (number % 7) + "def %s():\n for _ in range(50000):\n  pass\n" % name
        names = {}
        exec(compile(source, "/made/%s.py" % name, "exec"), names)
        names[name]()


def lines_of(code):
    if hasattr(code, "co_lines"):
        return {line for _, _, line in code.co_lines() if line}
    import dis

    return {line for _, line in dis.findlinestarts(code)}


def say(code):
    name = getattr(code, "co_qualname", code.co_name)
    print("%s\t%s" % (name, " ".join(str(line) for line in sorted(lines_of(code) | {code.co_firstlineno}))))
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            say(constant)


with open(__file__) as source:
    say(compile(source.read(), __file__, "exec"))
work = globals()[sys.argv[1]]
print("ready", flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
Shop().pay(work)
