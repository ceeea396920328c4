"""What the checks look at: the files of the tree, the rooms, includes and text without comments."""

import dataclasses
import json
import os
import pathlib
import re
import subprocess

ROOMS_FILE = "cmake/rooms.json"
CPP_SUFFIXES = (".cpp", ".hpp")
# Folders that may use every room and that no room may use.
FREE_FOLDERS = ("tests", "bench")

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^<>"\n]+)[>"]', re.MULTILINE)
_COMMENT_OR_STRING = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)"'
    r'|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])+\'',
    re.DOTALL,
)


@dataclasses.dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong, in the form compilers use so that editors can jump to it."""

    path: str
    line: int
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.message}"


@dataclasses.dataclass(frozen=True)
class Include:
    line: int
    angled: bool
    target: str


def blank_out(text, keep_strings=False):
    """Replaces comments (and contents of strings) by blanks; lines stay where they are."""

    def replace(match):
        piece = match.group(0)
        if piece.startswith("/"):
            return re.sub(r"[^\n]", " ", piece)
        if keep_strings:
            return piece
        return '"' + re.sub(r"[^\n]", " ", piece[1:-1]) + '"'

    return _COMMENT_OR_STRING.sub(replace, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def includes_of(text):
    """The include directives of a C++ text, comments left out."""
    plain = blank_out(text, keep_strings=True)
    return [
        Include(line_of(plain, match.start()), match.group(1) == "<", match.group(2))
        for match in _INCLUDE.finditer(plain)
    ]


def read_json(text):
    """Reads JSON and refuses a key given twice, which readers would silently drop."""

    def unique(pairs):
        names = [name for name, _ in pairs]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"given twice: {', '.join(sorted(twice))}")
        return dict(pairs)

    return json.loads(text, object_pairs_hook=unique)


class Tree:
    """The files under `root` that belong to the project, with rooms.json read."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.files = self._list_files()
        rooms_path = self.root / ROOMS_FILE
        data = read_json(rooms_path.read_text()) if rooms_path.exists() else {}
        self.rooms = data.get("rooms", {})
        self.externals = data.get("externals", {})
        self._texts = {}
        self._includes = {}

    def _list_files(self):
        """Tracked files and new ones that are not ignored; every file outside git."""
        git = ["git", "-C", str(self.root), "ls-files", "-co", "--exclude-standard", "-z"]
        if (self.root / ".git").exists():
            output = subprocess.run(git, check=True, capture_output=True, text=True).stdout
            names = [name for name in output.split("\0") if name]
        else:
            names = [
                os.path.relpath(os.path.join(folder, name), self.root)
                for folder, _, files in os.walk(self.root)
                for name in files
                if not os.path.relpath(folder, self.root).startswith("build")
            ]
        return sorted(name for name in set(names) if (self.root / name).is_file())

    def text(self, name):
        if name not in self._texts:
            path = self.root / name
            self._texts[name] = path.read_text(encoding="utf-8", errors="replace")
        return self._texts[name]

    def forget_contents(self):
        """Reads files anew from here on; for after they were mended."""
        self._texts.clear()
        self._includes.clear()

    def includes(self, name):
        if name not in self._includes:
            self._includes[name] = includes_of(self.text(name))
        return self._includes[name]

    def cpp_files(self):
        return [name for name in self.files if name.endswith(CPP_SUFFIXES)]

    def room_of(self, name):
        """The room a file lies in, or None."""
        best = None
        for room in self.rooms:
            if name.startswith(room + "/") and (best is None or len(room) > len(best)):
                best = room
        return best

    def is_public_header(self, name):
        room = self.room_of(name)
        return bool(room) and name.startswith(room + "/include/") and name.endswith(".hpp")

    def public_header(self, target):
        """The file that `#include "nakadachi/…"` means, or None."""
        parts = target.split("/")
        if len(parts) < 3 or parts[0] != "nakadachi":
            return None
        for room in self.rooms:
            name = f"{room}/include/{target}"
            if room.split("/")[-1] == parts[1] and (self.root / name).is_file():
                return name
        return None

    def room_of_include(self, target):
        """The room whose public header `target` names by its spelling, or None."""
        parts = target.split("/")
        if len(parts) < 3 or parts[0] != "nakadachi":
            return None
        for room in self.rooms:
            if room.split("/")[-1] == parts[1]:
                return room
        return None

    def resolve(self, name, include):
        """The file of the tree that an include in file `name` means, or None."""
        public = self.public_header(include.target)
        if public or include.angled:
            return public
        beside = os.path.normpath(os.path.join(os.path.dirname(name), include.target))
        for candidate in (beside, include.target, "tests/" + include.target):
            if (self.root / candidate).is_file():
                return candidate
        return None
