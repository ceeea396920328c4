#!/usr/bin/env python3
"""Runs the checks: `./dev check [--all] [--fix] [NAME...]`.

Each check is a module with NAME, ABOUT and `check(tree, scope[, db])`, which returns findings;
a module with `fix(tree, scope[, db])` can mend some of what it finds. `scope` is the set of
files asked for. Checks of how files hang together look at the whole tree in any case.
"""

import argparse
import pathlib
import subprocess
import sys
import time

import cycles
import dead_files
import edges
import format as formatting
import headers
import proto
import purity
import tidy
import units
import words
from compile_db import CompileDb, progress
from tree import ROOMS_FILE, Tree

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHECKS = (words, proto, edges, cycles, purity, dead_files, units, formatting, headers, tidy)


def changed_files(root):
    """Files that differ from HEAD or are new; those of the last commit when there are none.
    None when the tree has no commit to compare with."""

    def git(*arguments):
        command = ["git", "-C", str(root), *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        return done.stdout.split("\0") if done.returncode == 0 else None

    tracked = git("diff", "--name-only", "-z", "HEAD")
    if tracked is None:
        return None
    new = git("ls-files", "-o", "--exclude-standard", "-z") or []
    changed = {name for name in tracked + new if name}
    if changed:
        return changed
    last = git("diff", "--name-only", "-z", "HEAD~1", "HEAD")
    return None if last is None else {name for name in last if name}


def own_tests():
    """Runs the checks' own tests; whether they passed."""
    folder = ROOT / "tools/check/tests"
    command = [sys.executable, "-B", "-m", "unittest", "discover", "-q", "-s", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        print(done.stderr)
    return done.returncode == 0


def report(name, count, seconds, about):
    result = "ok" if count == 0 else f"{count} found"
    print(f"{name:<10} {result:<10} {seconds:6.1f} s  {about}", flush=True)


def run_check(module, arguments):
    """Runs one check and prints its line; its findings."""
    started = time.monotonic()
    findings = sorted(set(module.check(*arguments)))
    progress("")
    report(module.NAME, len(findings), time.monotonic() - started, module.ABOUT)
    return findings


def parse_arguments(argv):
    parser = argparse.ArgumentParser(prog="./dev check", description=__doc__.split("\n\n")[1])
    parser.add_argument("--all", action="store_true", help="the whole tree, and own tests")
    parser.add_argument("--fix", action="store_true", help="mend what can be mended first")
    names = [module.NAME for module in CHECKS]
    parser.add_argument("names", nargs="*", metavar="NAME", help="only: " + ", ".join(names))
    arguments = parser.parse_args(argv)
    unknown = set(arguments.names) - set(names)
    if unknown:
        parser.error(f"no check {', '.join(sorted(unknown))}; there are: {', '.join(names)}")
    return arguments


def main(argv):
    options = parse_arguments(argv)
    try:
        tree = Tree(ROOT)
    except ValueError as error:
        print(f"{ROOMS_FILE}: {error}")
        return 1
    changed = None if options.all else changed_files(ROOT)
    scope = set(tree.files) if changed is None else set(tree.files) & changed
    modules = [module for module in CHECKS if not options.names or module.NAME in options.names]
    print(f"Checking {len(scope)} of {len(tree.files)} files", flush=True)

    db = CompileDb(tree)
    if any(getattr(module, "NEEDS_COMPILE_DB", False) for module in modules):
        try:
            db.prepare()
        except RuntimeError as error:
            print(error)
            return 1

    def arguments_of(module):
        return (tree, scope, db) if getattr(module, "NEEDS_COMPILE_DB", False) else (tree, scope)

    if options.fix:
        # Last mended first: clang-format tidies up after clang-tidy.
        for module in reversed([m for m in modules if hasattr(m, "fix")]):
            module.fix(*arguments_of(module))
        tree.forget_contents()
    findings = [f for module in modules for f in run_check(module, arguments_of(module))]
    passed = not findings
    if options.all and not options.names:
        started = time.monotonic()
        tests_passed = own_tests()
        seconds = time.monotonic() - started
        report("own tests", 0 if tests_passed else 1, seconds, "the checks catch what they should")
        passed = passed and tests_passed
    for finding in findings:
        print(finding)
    print("All checks passed." if passed else f"{len(findings)} findings.")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
