"""Every header compiles alone: whoever includes it needs to know nothing else.

A source that includes a header before anything else does not prove it: the build puts its
precompiled header before, and tidy looks at many sources as one. So each is compiled here.
"""

import concurrent.futures
import os
import re
import subprocess

from compile_db import COMPILER, progress
from tree import Finding

NAME = "headers"
ABOUT = "headers that do not compile alone"
NEEDS_COMPILE_DB = True
_ERROR = re.compile(r"^(.+?):(\d+):\d+: (?:fatal error|error|warning): (.*)$", re.MULTILINE)


def compile_alone(root, name, flags):
    """The compiler's complaints about one header, as findings."""
    path = os.path.join(root, name)
    command = [COMPILER, *flags, "-fsyntax-only", "-include", path, "-x", "c++", "/dev/null"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    findings = [
        Finding(os.path.relpath(path, root), int(line), f"alone: {message} ({name})")
        for path, line, message in _ERROR.findall(done.stderr)
    ]
    if done.returncode and not findings:
        findings = [Finding(name, 1, "alone: " + done.stderr.strip()[:400])]
    return findings


def check(tree, scope, db):
    headers = [name for name in tree.files if name in scope and name.endswith(".hpp")]

    def one(name):
        flags = db.flags_for_header(name)
        if flags is None:
            return []
        key = db.key(COMPILER, name, flags, "header alone")
        if db.is_clean(key):
            return []
        progress(f"headers: {name}")
        found = compile_alone(str(tree.root), name, flags)
        if not found:
            db.remember_clean(key)
        return found

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return [finding for found in pool.map(one, headers) for finding in found]
