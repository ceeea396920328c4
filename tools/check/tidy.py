"""clang-tidy with the set in .clang-tidy, only on files whose inputs changed since they were
clean. Functions over 70 lines are found here too (readability-function-size).

Most of the time clang-tidy goes through the headers of a source, most of which its neighbours
include too. So it is shown several sources of one configuration at once, as one that includes
them. Two sources may not compile as one (they have a helper of the same name): those with errors
are then looked at apart from the others."""

import collections
import concurrent.futures
import os
import re
import shutil
import subprocess
import tempfile

from compile_db import progress
from tree import Finding

NAME = "tidy"
ABOUT = "clang-tidy, and functions over 70 lines"
NEEDS_COMPILE_DB = True
TOOL = "clang-tidy-19"
_LINE = re.compile(r"^(/[^:\n]+):(\d+):\d+: (?:error|warning): (.*)$", re.MULTILINE)
_CONFIGURATION = ".clang-tidy"
_MOST_IN_BATCH = 24
_ERROR = "[clang-diagnostic-error]"
# What sources are allowed, or seems to be so only beside others, in a batch that includes them.
_NOT_OF_SOURCES = ("[google-build-using-namespace]", "[clang-diagnostic-shadow]")
_UNNAMED = re.compile(r"^namespace \{$(.*?)^\}  // namespace$", re.MULTILINE | re.DOTALL)
_HELPER = re.compile(
    r"^(?:(?:struct|class|enum class|enum|using) (\w+)|(?! )[\w:<>,&*\[\] ]+?[ &*](\w+)(?:\(|\[| =|\{))",
    re.MULTILINE,
)


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


def configurations(tree):
    """All configurations of the tree, each in its folder."""
    return [file for file in tree.files if os.path.basename(file) == _CONFIGURATION]


def configured_in(tree, name):
    """The folder with the nearest configuration above a source."""
    above = [os.path.dirname(file) for file in configurations(tree)]
    return max((folder for folder in above if name.startswith(folder)), key=len)


def helpers(text):
    """Names a source gives to helpers of its own, as far as a look at the lines tells."""
    return {
        one or other
        for unnamed in _UNNAMED.findall(text)
        for one, other in _HELPER.findall(unnamed)
    }


def batches(names, helpers_of):
    """The names in lists of at most two dozen with no helper twice."""
    made = []
    for name in names:
        own = helpers_of(name)
        for batch, taken in made:
            if len(batch) < _MOST_IN_BATCH and not own & taken:
                batch.append(name)
                taken |= own
                break
        else:
            made.append(([name], set(own)))
    return [batch for batch, _ in made]


def common_flags(flag_lists):
    """All flags, each once: folders that only some of the sources may include are no matter
    here, ./dev check edges looks at that."""
    pairs = {}
    for flags in flag_lists:
        rest = iter(flags)
        for flag in rest:
            pairs[(flag, next(rest)) if flag == "-isystem" else (flag,)] = None
    return [word for pair in pairs for word in pair]


def _look_at_one(db, name):
    done = subprocess.run(_command(db, name, []), capture_output=True, text=True)
    found = parse(done.stdout, db.tree.root)
    if done.returncode and not found:
        found = [Finding(name, 1, (done.stdout + done.stderr).strip()[:400])]
    return found


def _look_at_all(db, names):
    """What clang-tidy finds when it is shown one source that includes all of them, and whether it
    got through."""
    with tempfile.TemporaryDirectory() as copy:
        # Where clang-tidy finds the configuration that the sources have.
        for file in configurations(db.tree):
            os.makedirs(os.path.join(copy, os.path.dirname(file)), exist_ok=True)
            shutil.copy(db.tree.root / file, os.path.join(copy, file))
        source = os.path.join(copy, configured_in(db.tree, names[0]), "batch.cpp")
        with open(source, "w", encoding="utf-8") as file:
            file.writelines(f'#include "{db.tree.root / name}"\n' for name in names)
        command = [
            TOOL,
            "--quiet",
            f"--header-filter=^{re.escape(str(db.tree.root))}/.*",
            source,
            "--",
            *common_flags(db.flags[name] for name in names),
        ]
        done = subprocess.run(command, capture_output=True, text=True)
    found = [
        finding
        for finding in parse(done.stdout, db.tree.root)
        if not (finding.path.endswith(".cpp") and finding.message.endswith(_NOT_OF_SOURCES))
    ]
    return found, done.returncode == 0


def look_at(db, names):
    """What clang-tidy finds in a batch."""
    if len(names) == 1:
        return _look_at_one(db, names[0])
    found, got_through = _look_at_all(db, names)
    errors = {finding.path for finding in found if finding.message.endswith(_ERROR)}
    apart = [name for name in names if name in errors]
    if 0 < len(apart) < len(names):
        rest = [name for name in names if name not in errors]
        return look_at(db, rest) + look_at(db, apart)
    # Of a source counts what is found in it alone.
    suspected = {finding.path for finding in found} if got_through else names
    suspects = [name for name in names if name in suspected]
    alone = [finding for name in suspects for finding in _look_at_one(db, name)]
    return [finding for finding in found if finding.path not in names] + alone


def check(tree, scope, db):
    configuration = "".join(tree.text(file) for file in configurations(tree))
    keys = {
        name: db.key(TOOL, name, db.flags[name], configuration)
        for name in sources(tree, scope, db)
    }
    waiting = [name for name in keys if not db.is_clean(keys[name])]
    by_folder = collections.defaultdict(list)
    for name in waiting:
        by_folder[configured_in(tree, name)].append(name)
    work = [
        batch
        for together in by_folder.values()
        for batch in batches(together, lambda name: helpers(tree.text(name)))
    ]

    def numbered_batch(numbered):
        number, names = numbered
        progress(f"tidy: {number} of {len(work)} {' '.join(names)}")
        found = look_at(db, names)
        if not found:
            for name in names:
                db.remember_clean(keys[name])
        return found

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        batches_found = pool.map(numbered_batch, enumerate(work, 1))
        return sorted({f for found in batches_found for f in found})


def fix(tree, scope, db):
    """One after another: two runs could mend the same header."""
    for name in sources(tree, scope, db):
        progress(f"tidy --fix: {name}")
        subprocess.run(_command(db, name, ["--fix"]), capture_output=True, text=True)
