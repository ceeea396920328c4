"""Every message, field, value and call of the contract in proto/ says what it is: beside it, or in
lines of comment right above it. One declaration a line."""

import re

from tree import Finding

NAME = "proto"
ABOUT = "what stands in .proto files without a comment"

_BLOCK = re.compile(r"^(?:message|enum|service|oneof)\s+(\w+)")
_RPC = re.compile(r"^rpc\s+(\w+)")
_MEMBER = re.compile(r"^(?!option\b|syntax\b|reserved\b|extensions\b).*?\b(\w+)\s*=\s*-?\w+\s*[;\[]")
_STRING = re.compile(r'"(?:\\.|[^"\\\n])*"')


def find(text):
    """(line, name) of everything that is declared without a comment."""
    found = []
    explained = False  # the line above is a comment, or the end of a lot of them
    open_since = None  # a declaration whose `;` or `{` is still to come: (line, name, explained)
    for number, line in enumerate(text.splitlines(), 1):
        plain, mark, said = _STRING.sub('""', line).strip().partition("//")
        beside = bool(mark and said.strip())
        if not plain:
            explained = beside
            continue
        if len(re.findall(r";|\{(?!\s*\})", plain)) > 1:
            found.append((number, f"more than one in a line: {plain}"))
        if open_since is None:
            name = _declaration(plain)
            if name:
                open_since = (number, name, explained)
        if open_since is not None:
            since, name, is_explained = open_since
            open_since = (since, name, is_explained or beside)
            if re.search(r"[;{}]\s*$", plain):
                if not open_since[2]:
                    found.append((since, name))
                open_since = None
        explained = False
    return found


def _declaration(plain):
    """The name that a line declares, or None."""
    for pattern in (_BLOCK, _RPC, _MEMBER):
        match = pattern.match(plain)
        if match:
            return match.group(1)
    return None


def check(tree, scope):
    return [
        Finding(name, line, f"no comment says what this is: {what}")
        for name in tree.files
        if name in scope and name.endswith(".proto")
        for line, what in find(tree.text(name))
    ]
