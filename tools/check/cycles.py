"""No cycle between rooms, and none between files: `#pragma once` would only hide it."""

from tree import ROOMS_FILE, Finding

NAME = "cycles"
ABOUT = "cycles between rooms or files"


def find_cycle(graph):
    """One cycle of a graph {node: [next, …]} as a list of nodes, or None."""
    done, path, on_path = set(), [], set()

    def visit(node):
        if node in on_path:
            return path[path.index(node):] + [node]
        if node in done:
            return None
        path.append(node)
        on_path.add(node)
        for following in graph.get(node, ()):
            cycle = visit(following)
            if cycle:
                return cycle
        path.pop()
        on_path.discard(node)
        done.add(node)
        return None

    for start in sorted(graph):
        cycle = visit(start)
        if cycle:
            return cycle
    return None


def check(tree, scope):
    findings = []
    rooms = {
        room: [used for used in entry["uses"] if used != "*"] for room, entry in tree.rooms.items()
    }
    cycle = find_cycle(rooms)
    if cycle:
        findings.append(Finding(ROOMS_FILE, 1, "rooms use each other: " + " → ".join(cycle)))
    files = {}
    for name in tree.cpp_files():
        targets = (tree.resolve(name, include) for include in tree.includes(name))
        files[name] = [target for target in targets if target]
    cycle = find_cycle(files)
    if cycle:
        findings.append(Finding(cycle[0], 1, "files include each other: " + " → ".join(cycle)))
    return findings
