"""Pure rooms and pure files run the same from the same events: no clock, no random device, no
sleep, no thread, and no order that depends on hash values."""

import fnmatch
import os
import re

from tree import Finding, blank_out, line_of

NAME = "purity"
ABOUT = "clocks, randomness, threads and hash order in pure rooms"

_FORBIDDEN = (
    (r"\b(?:system|steady|high_resolution|utc|tai|gps|file)_clock\b", "a clock"),
    (r"(?<![\w.>])(?:std::)?(?:time|clock|clock_gettime|gettimeofday|timespec_get)\s*\(", "a clock"),
    (r"\blocaltime(?:_r)?\s*\(|\bgmtime(?:_r)?\s*\(", "a clock's helper"),
    (r"\brandom_device\b|(?<![\w.>])(?:std::)?s?rand(?:om)?\s*\(|\bgetrandom\b", "randomness"),
    (r"\b(?:u|nano)?sleep\s*\(|\bsleep_(?:for|until)\b|\bthis_thread\b", "sleeping"),
    (r"\bstd::(?:jthread|thread|async|mutex|shared_mutex|recursive_mutex|condition_variable\w*)\b",
     "threads"),
    (r"#\s*include\s*<(?:thread|mutex|shared_mutex|condition_variable|future|random|ctime"
     r"|sys/time\.h|time\.h)>", "a header of clocks, randomness or threads"),
)  # fmt: skip
_UNORDERED = re.compile(r"\bunordered_(?:multi)?(?:map|set)\s*<")
_ALIAS = re.compile(r"\busing\s+(\w+)\s*=\s*(?:std::)?unordered_(?:multi)?(?:map|set)\s*<")


def _after_template(text, start):
    """Offset behind the `>` that closes the `<` at `start`."""
    depth = 0
    for offset in range(start, len(text)):
        if text[offset] == "<":
            depth += 1
        elif text[offset] == ">":
            depth -= 1
            if depth == 0:
                return offset + 1
    return len(text)


def unordered_names(text):
    """Names of variables and members declared with an unordered container, or an alias of one."""
    names = set()
    for match in _UNORDERED.finditer(text):
        end = _after_template(text, match.end() - 1)
        declared = re.match(r"(?:\s|&|const\b)*(\w+)\s*(?:[;={(,)]|$)", text[end:end + 200])
        if declared:
            names.add(declared.group(1))
    for alias in _ALIAS.findall(text):
        for match in re.finditer(rf"\b{alias}\b(?:\s|&|const\b)+(\w+)\s*[;={{(,)]", text):
            names.add(match.group(1))
    return names


def find(text, names=frozenset()):
    """(line, message) of everything impure in a text; `names` are unordered containers that
    other files of the room declare."""
    plain = blank_out(text)
    found = []
    for pattern, what in _FORBIDDEN:
        for match in re.finditer(pattern, plain):
            found.append((line_of(plain, match.start()), f"{what} in a pure room: hand it in"))
    for name in sorted(names | unordered_names(plain)):
        loops = rf"\bfor\s*\([^;{{}}]*:\s*[\w.>\-()*]*\b{name}\s*\)|\b{name}\s*\.\s*c?begin\s*\("
        for match in re.finditer(loops, plain):
            line = line_of(plain, match.start())
            found.append((line, f"iteration over the unordered container {name}"))
    return sorted(found)


def pure_files(tree):
    """Every C++ file that rooms.json calls pure."""
    for name in tree.cpp_files():
        entry = tree.rooms.get(tree.room_of(name), {})
        base = os.path.basename(name)
        patterns = entry.get("pure_files", ())
        if entry.get("pure") or any(fnmatch.fnmatch(base, pattern) for pattern in patterns):
            yield name


def check(tree, scope):
    by_room = {}
    for name in pure_files(tree):
        by_room.setdefault(tree.room_of(name), []).append(name)
    findings = []
    for names in by_room.values():
        # A member is declared in a header and iterated in a source.
        declared = set()
        for name in names:
            if name.endswith(".hpp"):
                declared |= unordered_names(blank_out(tree.text(name)))
        for name in names:
            if name in scope:
                for line, message in find(tree.text(name), declared):
                    findings.append(Finding(name, line, message))
    return findings
