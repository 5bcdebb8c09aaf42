# SPDX-License-Identifier: BSD-2-Clause
"""Says of functions of the standard library, and of some that are odd, which line each instruction is of: one line a
function, "first line<tab>table, or -<tab>units:line …", in order; a line of 0 is none."""
import dis
import sys
import types

ODD = """
def far():
    first = 1
%s
    return first


def many_lines(a,
               b=(1,
                  2), **c):
    return (a +
            sum(x
                for x in b
                if x)
            + len(c)
            )


class Shop:
    async def pay(self):
        async with self as a, self as b:
            try:
                return [await each async for each in a]
            except (KeyError,
                    ValueError) as error:
                raise RuntimeError from error
            finally:
                print(b)
""" % ("\n" * 20000) + "\ndef wide():\n    return [%s]\n" % ", ".join("a%d.b" % i for i in range(300))


def runs_of(code):
    """(units, line), one after the other, as Python itself says."""
    units = len(code.co_code) // 2
    if hasattr(code, "co_lines"):
        lines = [None] * units
        for start, end, line in code.co_lines():
            lines[start // 2:end // 2] = [line] * ((end - start) // 2)
    else:
        starts = dict(dis.findlinestarts(code))
        lines, line = [], code.co_firstlineno
        for unit in range(units):
            line = starts.get(2 * unit, line)
            lines.append(line)
    runs = []
    for line in lines:
        if runs and runs[-1][1] == line:
            runs[-1][0] += 1
        else:
            runs.append([1, line])
    return runs


def say(code):
    table = code.co_linetable if hasattr(code, "co_linetable") else code.co_lnotab
    runs = " ".join("%d:%d" % (units, line or 0) for units, line in runs_of(code))
    print("%d\t%s\t%s" % (code.co_firstlineno, table.hex() or "-", runs))  # up to 3.9 one line needs no table
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            say(constant)


say(compile(ODD, "odd.py", "exec"))
for module in (types, dis):
    with open(module.__file__, encoding="utf-8") as source:
        say(compile(source.read(), module.__file__, "exec"))
print("minor\t%d" % sys.version_info[1], flush=True)
sys.stdin.read()
