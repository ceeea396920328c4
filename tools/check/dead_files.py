"""Files that nothing builds, includes or names."""

import os
import re

from tree import Finding

NAME = "dead_files"
ABOUT = "files that nothing builds, includes or names"

# What the build globs, `*` within a folder and `**` across folders. Kept beside the CMake files
# by hand: the patterns change when the kinds of files do, not when files do.
_ROOM_GLOBS = ("src/**/*.cpp",)
_BUILD_GLOBS = (
    "apps/*/*.cpp", "tests/unit/**/*.cpp", "tests/pg/**/*.cpp", "tests/net/**/*.cpp",
    "tests/sim/*.cpp", "tests/support/*.cpp", "bench/*.cpp", "proto/nakadachi/v1/*.proto",
    "core/storage/migrations/*.sql", "tests/audit/*.sql", "tools/check/tests/test_*.py",
)  # fmt: skip
# Found by name by those who look for them, not by our build.
_ENTRANCES = (
    "**/*.md", "**/.*", ".*/**", "LICENSE*", "**/CMakeLists.txt", "CMakePresets.json", "dev",
)  # fmt: skip


def matches(name, pattern):
    """Whether a path matches a glob."""
    pieces = re.split(r"(\*\*/|\*\*|\*)", pattern)
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
    return re.fullmatch("".join(known.get(piece) or re.escape(piece) for piece in pieces), name)


def _named_elsewhere(tree, name):
    """Whether another file that is no document mentions this file's name; for a picture a
    document is enough."""
    base = os.path.basename(name)
    stem, suffix = os.path.splitext(base)
    ignored = (".csv", ".tsv") if suffix in (".svg", ".png") else (".md", ".csv", ".tsv")
    # Python modules and the simulator's mutants go by their stem.
    pattern = rf"\b{stem}\b" if suffix in (".py", ".patch") else re.escape(base)
    return any(
        re.search(pattern, tree.text(other))
        for other in tree.files
        if other != name and not other.endswith(ignored)
    )


def check(tree, scope):
    included = set()
    for name in tree.cpp_files():
        targets = (tree.resolve(name, include) for include in tree.includes(name))
        included.update(target for target in targets if target and target != name)
    findings = []
    for name in tree.files:
        room = tree.room_of(name)
        globs = _BUILD_GLOBS + tuple(f"{room}/{pattern}" for pattern in _ROOM_GLOBS if room)
        if any(matches(name, pattern) for pattern in globs + _ENTRANCES):
            continue
        if name not in included and not _named_elsewhere(tree, name):
            findings.append(Finding(name, 1, "nothing builds, includes or names this file"))
    return findings
