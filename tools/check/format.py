"""clang-format on C++ and protobuf files; `fix` applies it."""

import re
import subprocess

from tree import Finding

NAME = "format"
ABOUT = "clang-format"
TOOL = "clang-format-19"
_AT_ONCE = 40
_LINE = re.compile(r"^(?P<path>[^:\n]+):(?P<line>\d+):\d+: (?:error|warning): ", re.MULTILINE)


def _files(tree, scope):
    return [name for name in tree.files if name in scope and name.endswith((".cpp", ".hpp"))]


def _run(tree, options, names):
    output = ""
    for start in range(0, len(names), _AT_ONCE):
        command = [TOOL, *options, *names[start:start + _AT_ONCE]]
        done = subprocess.run(command, cwd=tree.root, capture_output=True, text=True)
        output += done.stderr
    return output


def check(tree, scope):
    first = {}
    for match in _LINE.finditer(_run(tree, ["--dry-run"], _files(tree, scope))):
        first.setdefault(match["path"], int(match["line"]))
    return [
        Finding(name, line, "not formatted (./dev check --fix)") for name, line in first.items()
    ]


def fix(tree, scope):
    _run(tree, ["-i"], _files(tree, scope))
