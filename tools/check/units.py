"""systemd's own judgement of the units in deploy/systemd: nothing that it does not understand,
and an exposure that does not grow. Each unit has an example of a site's own settings, which names
who may come by either family: what is not named is cut off."""

import contextlib
import ipaddress
import pathlib
import re
import shutil
import subprocess
import tempfile

from tree import Finding

NAME = "units"
ABOUT = "systemd units: understood, and walled off"
TOOL = "systemd-analyze"
FOLDER = "deploy/systemd/"
# In tenths, from 0 (nothing is exposed) to 100; docs/hardening.md says what it is made of.
MOST_EXPOSED = 11
# Loads rules into the kernel: root in the host's own network, with the right to change it.
MOST_EXPOSED_OF = {"nakadachi-walls.service": 14}
_PROGRAM = "/usr/bin/nakadachi"
_SCORE = re.compile(r"Overall exposure level for [^:]+: ([\d.]+)")
_LINE = re.compile(r"^[^:]*?(?P<file>[\w.-]+):(?P<line>\d+): (?P<message>.*)$")


def _complaints(copy, unit):
    """What `verify` says, each with the file of ours and the line it is about."""
    command = [TOOL, "verify", "--man=no", "--recursive-errors=no", str(copy / unit)]
    done = subprocess.run(command, capture_output=True, text=True)
    found = []
    for text in (done.stdout + done.stderr).splitlines():
        match = _LINE.match(text)
        if match:
            found.append((match["file"], int(match["line"]), match["message"]))
        else:
            found.append((unit, 1, text))
    if done.returncode and not found:
        found.append((unit, 1, f"{TOOL} verify ends with {done.returncode}"))
    return found


def _exposure(copy, unit):
    """A complaint when the unit is exposed to more than it was."""
    command = [TOOL, "security", "--offline=true", "--no-pager", str(copy / unit)]
    done = subprocess.run(command, capture_output=True, text=True)
    score = _SCORE.search(done.stdout)
    if done.returncode or not score:
        return [(unit, 1, f"{TOOL} security: {done.stderr.strip() or 'no score'}")]
    tenths = round(float(score[1]) * 10)
    most = MOST_EXPOSED_OF.get(unit, MOST_EXPOSED)
    if tenths <= most:
        return []
    return [(unit, 1, f"exposure {score[1]}, at most {most / 10} is allowed")]


def _example_of(unit):
    """site-node.conf of nakadachi-node.service."""
    return unit.replace("nakadachi-", "site-").replace(".service", ".conf")


def _families(text):
    """4 and 6, of the addresses that a site's settings allow. What is no address is no matter of
    ours: systemd has words like `localhost`, and complains itself about what is misspelt."""
    found = set()
    for line in text.splitlines():
        key, _, value = line.partition("=")
        for one in value.split() if key.strip() == "IPAddressAllow" else []:
            with contextlib.suppress(ValueError):
                found.add(ipaddress.ip_network(one, strict=False).version)
    return found


def _lacks_of_example(copy, unit):
    """What the example of a unit's drop-in does not say. Nobody comes to what is over before
    there is a network."""
    if "\nBefore=network-pre.target" in (copy / unit).read_text():
        return []
    example = copy / _example_of(unit)
    if not example.exists():
        return [(unit, 1, f"there is no {example.name}, an example of its site's own settings")]
    missing = {4, 6} - _families(example.read_text())
    return [(example.name, 1, f"allows no address of IPv{family}") for family in sorted(missing)]


def check(tree, scope):
    names = [name for name in tree.files if name.startswith(FOLDER)]
    if not scope.intersection(names):
        return []
    if shutil.which(TOOL) is None:
        return [Finding(FOLDER, 1, f"{TOOL} is not installed (./dev setup --check)")]
    units = [name[len(FOLDER):] for name in names if name.endswith(".service")]
    findings = []
    with tempfile.TemporaryDirectory(prefix="nakadachi-units-") as folder:
        copy = pathlib.Path(folder)
        for name in names:
            # The program itself need not be installed where its units are judged.
            text = tree.text(name).replace(_PROGRAM, "/usr/bin/env")
            (copy / name[len(FOLDER):]).write_text(text)
        for unit in units:
            found = _exposure(copy, unit)
            dropped_in = copy / f"{unit}.d"
            dropped_in.mkdir()
            found += _lacks_of_example(copy, unit)
            if (copy / _example_of(unit)).exists():
                shutil.copy(copy / _example_of(unit), dropped_in)
            found += _complaints(copy, unit)
            findings += [Finding(FOLDER + name, line, message) for name, line, message in found]
    return findings
