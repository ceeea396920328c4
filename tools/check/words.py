"""Words that say something is owed: what is not done is no comment in the code."""

import re

from tree import Finding

NAME = "words"
ABOUT = "words that put work off"

# Pieces joined so that this file does not find itself.
_WORDS = re.compile(
    r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK|TB" r"D)\b"
    r"|\bnot (?:yet )?impl" r"emented\b|\bst" r"ubs?\b"
)
_SUFFIXES = (
    ".cpp", ".hpp", ".proto", ".sql", ".py", ".sh", ".cmake", ".json", ".md", ".txt", ".csv",
    ".tsv", ".yml", ".toml", ".js", ".ts", ".tsx", ".css", ".html", "dev", ".ci/run",
)  # fmt: skip


def find(text):
    """(line, word) of every such word in a text."""
    return [
        (number, match.group(0))
        for number, line in enumerate(text.splitlines(), 1)
        for match in _WORDS.finditer(line)
    ]


def check(tree, scope):
    return [
        Finding(name, line, f"'{word}': do it, or leave it out")
        for name in tree.files
        if name in scope and name.endswith(_SUFFIXES)
        for line, word in find(tree.text(name))
    ]
