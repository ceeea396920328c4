"""How clang compiles each file, and a cache of files that were found clean.

The compile database comes from the `tidy` preset (clang, no precompiled headers). A file's
result depends on the tool, its flags, and the text of every file of the tree or the build that
it includes; the hash of all that names an empty file in the cache when the result was clean.
"""

import functools
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

from tree import includes_of

BUILD_FOLDER = "build/tidy"
CACHE_FOLDER = "build/check-cache"
COMPILER = "clang++-19"
_DROPPED = re.compile(r"^(?:-c|-o|-M\w*|-Werror)$")


class CompileDb:
    """The compile database of a tree; made or brought up to date by `prepare`."""

    def __init__(self, tree):
        self.tree = tree
        self.folder = tree.root / BUILD_FOLDER
        self.cache = tree.root / CACHE_FOLDER
        self.flags = {}
        self._known = {}

    def prepare(self):
        """Configures, generates headers, reads the database. Raises RuntimeError on failure."""
        if not (self.folder / "build.ninja").exists():
            self._run(["cmake", "--preset", "tidy"])
        self._run(["ninja", "-C", str(self.folder), "nakadachi_generated"])
        entries = json.loads((self.folder / "compile_commands.json").read_text())
        for entry in entries:
            name = os.path.relpath(entry["file"], self.tree.root)
            if not name.startswith("build/"):
                self.flags[name] = _flags_of(entry["command"])

    def _run(self, command):
        done = subprocess.run(command, cwd=self.tree.root, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{shlex.join(command)} failed:\n{done.stdout}{done.stderr}")

    def flags_for_header(self, name):
        """Flags of a source of the same room, else of any other, with the folders of the public
        headers that the room may include: a room of headers only has no source."""
        room = self.tree.room_of(name)
        same = [file for file in self.flags if room and self.tree.room_of(file) == room]
        candidates = same + [file for file in self.flags if file.startswith("tests/")]
        candidates += list(self.flags)
        if not candidates:
            return None
        return self.flags[candidates[0]] + [
            f"-I{self.tree.root / used / 'include'}" for used in sorted(self._reachable(room))
        ]

    def _reachable(self, room):
        """The room and every room its edges lead to."""
        seen, waiting = set(), [room]
        while waiting:
            current = waiting.pop()
            if current in self.tree.rooms and current not in seen:
                seen.add(current)
                waiting.extend(self.tree.rooms[current]["uses"])
        return seen

    def key(self, tool, name, flags, configuration=""):
        """The hash that names everything the result of `tool` on a file depends on."""
        digest = hashlib.sha256()
        for part in (tool, tool_version(tool), configuration, *flags):
            digest.update(part.encode() + b"\0")
        folders = [flag[2:] for flag in flags if flag.startswith("-I")]
        folders += [after for flag, after in zip(flags, flags[1:]) if flag == "-isystem"]
        for path in sorted(self._closure(self.tree.root / name, folders)):
            digest.update(self._read(path)[0])
        return digest.hexdigest()

    def _closure(self, start, folders):
        """The file and all it includes, as far as tree and build folder have them."""
        own = [f for f in folders if pathlib.Path(f).is_relative_to(self.tree.root)]
        seen, waiting = set(), [pathlib.Path(start)]
        while waiting:
            path = waiting.pop()
            if path in seen:
                continue
            seen.add(path)
            for target in self._read(path)[1]:
                for folder in (path.parent, *map(pathlib.Path, own)):
                    candidate = pathlib.Path(os.path.normpath(folder / target))
                    if candidate.is_file():
                        waiting.append(candidate)
                        break
        return seen

    def _read(self, path):
        """(hash of path and content, include targets), read once a run."""
        if path not in self._known:
            content = path.read_bytes()
            digest = hashlib.sha256(str(path).encode() + b"\0" + content).digest()
            text = content.decode(errors="replace")
            self._known[path] = (digest, [include.target for include in includes_of(text)])
        return self._known[path]

    def is_clean(self, key):
        return (self.cache / key[:2] / key).exists()

    def remember_clean(self, key):
        folder = self.cache / key[:2]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / key).touch()


@functools.lru_cache(maxsize=None)
def tool_version(tool):
    done = subprocess.run([tool, "--version"], capture_output=True, text=True)
    return done.stdout


def _flags_of(command):
    """The flags of a compile command, without compiler, file, output and -Werror."""
    words = shlex.split(command)
    while words and not os.path.basename(words[0]).startswith("clang"):
        words.pop(0)  # a launcher such as ccache
    flags, skip = [], False
    for word in words[1:]:
        if skip:
            skip = False
        elif _DROPPED.match(word):
            skip = word in ("-o", "-MF", "-MT", "-MQ")
        elif not word.endswith(".cpp"):
            flags.append(word)
    return flags


def progress(text):
    """A line that is overwritten, for people who watch."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
