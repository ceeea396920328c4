"""Who may include what: cmake/rooms.json is the only word on it.

A room includes public headers of the rooms it uses and third-party headers of the externals it
lists. Externals that are not public appear in sources only, neither included nor named in a
public header. Tests and benches may include everything; nothing includes them.
"""

import re

from tree import FREE_FOLDERS, ROOMS_FILE, Finding, blank_out, line_of

NAME = "edges"
ABOUT = "includes against cmake/rooms.json"

# The C library's and the system's own headers; the C++ library's have neither dot nor slash.
_SYSTEM_HEADERS = re.compile(
    r"^(?:sys/|arpa/|net/|netinet/|linux/|asm/)"
    r"|^(?:aio|dirent|dlfcn|elf|endian|errno|execinfo|fcntl|fnmatch|ftw|getopt|glob|grp|langinfo"
    r"|limits|link|malloc|netdb|poll|pthread|pwd|sched|semaphore|signal|spawn|stdint|stdio|stdlib"
    r"|string|strings|sysexits|syslog|termios|time|ucontext|unistd|utime|wait|wordexp)\.h$"
)


def external_of(tree, target):
    """The external in rooms.json that a header belongs to, or None."""
    for name, entry in tree.externals.items():
        for prefix in entry["includes"]:
            if target == prefix or (prefix.endswith("/") and target.startswith(prefix)):
                return name
    return None


def _check_external(tree, name, include, room):
    external = external_of(tree, include.target)
    if external is None:
        if re.fullmatch(r"[a-z_0-9]+", include.target) or _SYSTEM_HEADERS.match(include.target):
            return None
        return f"<{include.target}>: no external in {ROOMS_FILE} has this header"
    if room is None:
        return None
    if external not in tree.rooms[room]["external"]:
        return f"<{include.target}>: {room} does not list {external} in {ROOMS_FILE}"
    if tree.is_public_header(name) and not tree.externals[external]["public"]:
        return f"<{include.target}>: {external} stays out of public headers"
    return None


def _check_include(tree, name, include, room):
    target = include.target
    used = tree.room_of_include(target)
    if used:
        if tree.public_header(target) is None:
            return f'"{target}": no such header'
        allowed = room is None or used == room or {used, "*"} & set(tree.rooms[room]["uses"])
        return None if allowed else f"{room} may not use {used} ({ROOMS_FILE})"
    if external_of(tree, target) or include.angled:
        return _check_external(tree, name, include, room)
    file = tree.resolve(name, include)
    if file is None:
        return f'"{target}": no such file'
    owner = tree.room_of(file)
    if room and owner and owner != room:
        return f'"{target}": private to {owner}'
    if room and file.startswith(tuple(folder + "/" for folder in FREE_FOLDERS)):
        return f'"{target}": nothing depends on tests and benches'
    return None


def _named_externals(tree, name):
    """Mentions of namespaces of private externals in a public header."""
    text = blank_out(tree.text(name))
    for external, entry in tree.externals.items():
        for namespace in entry.get("namespaces", ()):
            for match in re.finditer(rf"(?<![\w:]){namespace}::|namespace {namespace}\b", text):
                message = f"{namespace}: {external} stays out of public headers"
                yield Finding(name, line_of(text, match.start()), message)


def check(tree, scope):
    findings = []
    for room, entry in tree.rooms.items():
        for used in entry["uses"]:
            if used != "*" and used not in tree.rooms:
                findings.append(Finding(ROOMS_FILE, 1, f"{room} uses {used}, which is no room"))
        for external in entry["external"]:
            if external not in tree.externals:
                findings.append(Finding(ROOMS_FILE, 1, f"{room}: unknown external {external}"))
    for name in tree.cpp_files():
        if name not in scope:
            continue
        room = tree.room_of(name)
        for include in tree.includes(name):
            message = _check_include(tree, name, include, room)
            if message:
                findings.append(Finding(name, include.line, message))
        if tree.is_public_header(name):
            findings.extend(_named_externals(tree, name))
    return findings
