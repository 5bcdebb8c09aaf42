#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Draws which folder includes which, from the sources: docs/images/dependencies.svg.

    dependencies.py            writes the picture
    dependencies.py --check    fails when the picture is out of date, or an arrow would go upwards

A folder stands above everything that it includes. An arrow that others imply (a to b and b to c imply a to c) is left out. Folders
that include each other, whatever is between them, have no place; neither has one that userspace/CMakeLists.txt adds before what it
includes.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "dependencies.svg"
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 132, 34, 20, 56, 24
COMMON = "common headers"  # directly in userspace/


def sources():
    for top in "bpf", "include", "userspace":
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix in (".c", ".h", ".cpp"):
                yield path


def node_of(path):
    """The box that a file is in."""
    parts = path.relative_to(ROOT).parts
    if parts[0] == "include":
        return "include"
    if parts[0] == "bpf":
        return f"bpf/{parts[1]}"
    if len(parts) > 2:
        return parts[1]
    return "main.cpp" if parts[1] == "main.cpp" else COMMON


def included(path, header):
    """The box of an included header; None for one that is no file of the sources."""
    if header.endswith(".skel.h"):
        return "bpf/gunicorn.bpf.c"  # what it is generated from
    places = [path.parent, ROOT / "include", ROOT / "bpf" if "bpf" in path.relative_to(ROOT).parts[:1] else ROOT / "userspace"]
    for place in places:
        found = (place / header).resolve()
        if found.is_file() and found.is_relative_to(ROOT):
            return node_of(found)
    return None


def dependencies():
    """Box -> boxes that it includes."""
    edges = {}
    for path in sources():
        node = node_of(path)
        edges.setdefault(node, set())
        for header in INCLUDE.findall(path.read_text()):
            other = included(path, header)
            if other and other != node:
                edges[node].add(other)
    return edges


def cycle(edges):
    """The boxes of a circle, or an empty list."""
    done, trail = set(), []

    def visit(node):
        if node in trail:
            return trail[trail.index(node):] + [node]
        if node in done:
            return []
        trail.append(node)
        for other in sorted(edges[node]):
            if found := visit(other):
                return found
        trail.pop()
        done.add(node)
        return []

    return next((found for node in sorted(edges) if (found := visit(node))), [])


def against_the_order(edges):
    """Includes of a folder that CMake adds later."""
    text = (ROOT / "userspace" / "CMakeLists.txt").read_text()
    order = re.search(r"foreach\(folder ([a-z0-9_ ]+)\)", text)[1].split()
    return [f"{node} includes {other}" for node in order for other in edges.get(node, ())
            if other in order and order.index(other) > order.index(node)]


def levels(edges):
    """Box -> how far above the ground it stands: higher than all that it includes."""
    found = {}

    def level(node):
        if node not in found:
            found[node] = 1 + max((level(other) for other in edges[node]), default=-1)
        return found[node]

    for node in edges:
        level(node)
    return found


def reached(edges, node, seen=None):
    seen = set() if seen is None else seen
    for other in edges[node]:
        if other not in seen:
            seen.add(other)
            reached(edges, other, seen)
    return seen


def reduced(edges):
    return {node: {other for other in others if not any(other in reached(edges, third) for third in others - {other})}
            for node, others in edges.items()}


def rows_of(edges, level):
    """Boxes by level from the ground, each row in the order of the means of the places that its boxes point to."""
    rows = [sorted(node for node in edges if level[node] == number) for number in range(max(level.values()) + 1)]
    place = {node: index for index, node in enumerate(rows[0])}
    for row in rows[1:]:
        mean = {node: sum(place[other] for other in edges[node]) / max(1, len(edges[node])) for node in row}
        row.sort(key=lambda node: (mean[node], node))
        offset = sum(mean.values()) / len(mean) - (len(row) - 1) / 2
        place |= {node: offset + index for index, node in enumerate(row)}
    return rows


def picture(edges):
    level = levels(edges)
    arrows = reduced(edges)
    rows = rows_of(arrows, level)
    width = 2 * MARGIN + max(map(len, rows)) * (WIDTH + GAP_X) - GAP_X
    height = 2 * MARGIN + len(rows) * (HEIGHT + GAP_Y) - GAP_Y
    at = {}
    for number, row in enumerate(rows):
        left = (width - len(row) * (WIDTH + GAP_X) + GAP_X) / 2
        for index, node in enumerate(row):
            at[node] = (left + index * (WIDTH + GAP_X), height - MARGIN - HEIGHT - number * (HEIGHT + GAP_Y))
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        'aria-labelledby="title" font-family="sans-serif" font-size="13">',
        '  <title id="title">Which folder includes which</title>',
        "  <!-- Generated by scripts/dependencies.py -->",
        '  <defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#7a8694"/></marker></defs>',
        f'  <rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for node in sorted(arrows):
        for other in sorted(arrows[node]):
            (x, y), (to_x, to_y) = at[node], at[other]
            begin, end = (x + WIDTH / 2, y + HEIGHT), (to_x + WIDTH / 2, to_y)
            bend = min(40, (end[1] - begin[1]) / 2)
            lines.append(f'  <path d="M{begin[0]:g} {begin[1]:g}C{begin[0]:g} {begin[1] + bend:g} {end[0]:g} {end[1] - bend:g} {end[0]:g} {end[1]:g}" '
                         'fill="none" stroke="#7a8694" marker-end="url(#head)"/>')
    for node, (x, y) in sorted(at.items()):
        fill = "#fdf1dc" if node.startswith("bpf/") else "#eef0f2" if node in ("include", COMMON) else "#e3eefb"
        lines.append(f'  <rect x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="5" fill="{fill}" stroke="#56606b"/>')
        lines.append(f'  <text x="{x + WIDTH / 2:g}" y="{y + HEIGHT / 2 + 4:g}" text-anchor="middle" fill="#1d2329">{node}</text>')
    return "\n".join([*lines, "</svg>", ""])


def main(arguments):
    edges = dependencies()
    problems = []
    if circle := cycle(edges):
        problems.append("these include each other: " + " → ".join(circle))
    problems += against_the_order(edges)
    if not problems and arguments == ["--check"] and (not PICTURE.exists() or PICTURE.read_text() != picture(edges)):
        problems.append(f"{PICTURE.relative_to(ROOT)} is out of date: scripts/dependencies.py writes it")
    if problems:
        sys.exit("\n".join(f"dependencies: {problem}" for problem in problems))
    if arguments != ["--check"]:
        PICTURE.write_text(picture(edges))


if __name__ == "__main__":
    main(sys.argv[1:])
