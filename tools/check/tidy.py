"""clang-tidy with the set in .clang-tidy, only on files whose inputs changed since they were
clean. Functions over 70 lines are found here too (readability-function-size)."""

import concurrent.futures
import os
import re
import subprocess

from compile_db import progress
from tree import Finding

NAME = "tidy"
ABOUT = "clang-tidy, and functions over 70 lines"
NEEDS_COMPILE_DB = True
TOOL = "clang-tidy-19"
_LINE = re.compile(r"^(/[^:\n]+):(\d+):\d+: (?:error|warning): (.*)$", re.MULTILINE)


def parse(output, root):
    """Findings in clang-tidy's output that lie in the tree."""
    return [
        Finding(os.path.relpath(path, root), int(line), message)
        for path, line, message in _LINE.findall(output)
        if path.startswith(str(root) + os.sep)
    ]


def sources(tree, scope, db):
    """The sources to look at: those in scope, and for each header in scope one that includes it,
    its own source if there is one, so that the header's text is looked at."""
    chosen = {name for name in db.flags if name in scope}
    includers = {}
    for name in db.flags:
        for include in tree.includes(name):
            includers.setdefault(tree.resolve(name, include), []).append(name)
    for header in (name for name in scope if name.endswith(".hpp")):
        candidates = includers.get(header, [])
        stem = os.path.splitext(os.path.basename(header))[0]
        own = [name for name in candidates if os.path.basename(name) == stem + ".cpp"]
        if candidates and not chosen.intersection(candidates):
            chosen.add((own or sorted(candidates))[0])
    return sorted(chosen)


def _command(db, name, options):
    return [TOOL, "--quiet", "-p", str(db.folder), *options, str(db.tree.root / name)]


def check(tree, scope, db):
    configurations = [file for file in tree.files if os.path.basename(file) == ".clang-tidy"]
    configuration = "".join(tree.text(file) for file in configurations)
    names = sources(tree, scope, db)

    def one(numbered):
        number, name = numbered
        key = db.key(TOOL, name, db.flags[name], configuration)
        if db.is_clean(key):
            return []
        progress(f"tidy: {number} of {len(names)} {name}")
        done = subprocess.run(_command(db, name, []), capture_output=True, text=True)
        found = parse(done.stdout, tree.root)
        if done.returncode and not found:
            found = [Finding(name, 1, (done.stdout + done.stderr).strip()[:400])]
        if not found:
            db.remember_clean(key)
        return found

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return sorted({f for found in pool.map(one, enumerate(names, 1)) for f in found})


def fix(tree, scope, db):
    """One after another: two runs could mend the same header."""
    for name in sources(tree, scope, db):
        progress(f"tidy --fix: {name}")
        subprocess.run(_command(db, name, ["--fix"]), capture_output=True, text=True)
