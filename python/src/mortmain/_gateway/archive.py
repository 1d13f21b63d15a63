"""The class archive: a gateway that maps it starts in about half the time.

It is made by a separate training run at the lowest priority after the first start, never at the exit of a real gateway,
which would hold the exit up for seconds. It lies under MORTMAIN_CACHE, else XDG_CACHE_HOME/mortmain
(~/.cache/mortmain), else run/; what cannot be written is skipped silently. Its name holds what the JVM will compare:
the jar's path, size and time, and the Java version; a stale archive is never named again.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import time
from pathlib import Path

from .child import Child, spawn_child
from .java import Java

# A training run that failed is tried again after a day (seconds).
_RETRY = 86_400.0


def archive_flags(java: Java, jar: Path, run: str) -> list[str]:
    """The flags that use the archive, if there is one."""
    archive = archive_path(java, jar, run)
    if archive is None or not archive.is_file():
        return []
    return [f"-XX:AOTCache={archive}" if _is_aot(java) else f"-XX:SharedArchiveFile={archive}"]


def recording_flags(java_major: int, archive: str) -> list[str]:
    """The flags that write one at exit."""
    return [f"-XX:AOTCacheOutput={archive}" if java_major >= 25 else f"-XX:ArchiveClassesAtExit={archive}"]


def archive_path(java: Java, jar: Path, run: str) -> Path | None:
    """Where the archive of this jar and this Java lies or would lie; None where there is no way to have one."""
    if not (_is_aot(java) or _has_base_archive(java)):
        return None
    cache = cache_directory(run)
    if cache is None:
        return None
    try:
        found = jar.stat()
    except OSError:
        return None
    pair = _short(str(jar), java.path)
    content = _short(str(found.st_size), str(found.st_mtime_ns), java.version)
    return cache / f"gateway-{pair}-{content}.{'aot' if _is_aot(java) else 'jsa'}"


def cache_directory(run: str) -> Path | None:
    """An archive is code: the directory must be ours and closed to the writes of others. MORTMAIN_CACHE= (empty)
    switches archives off.
    """
    told = os.environ.get("MORTMAIN_CACHE")
    if told is not None:
        return _usable(Path(told).absolute()) if told else None
    places = [
        os.environ.get("XDG_CACHE_HOME"),
        os.path.join(os.environ["HOME"], ".cache") if os.environ.get("HOME") else None,
    ]
    for place in places:
        if place and os.path.isabs(place):
            cache = _usable(Path(place, "mortmain"))
            if cache is not None:
                return cache
    return _usable(Path(run))


def _usable(cache: Path) -> Path | None:
    try:
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = cache.stat()
    except OSError:
        return None
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022
    return cache if is_ours and os.access(cache, os.W_OK) else None


def _is_aot(java: Java) -> bool:
    return java.major >= 25


def _has_base_archive(java: Java) -> bool:
    home = os.path.dirname(os.path.dirname(os.path.realpath(java.path)))
    return os.path.isfile(os.path.join(home, "lib", "server", "classes.jsa"))


def _short(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def train_after(java: Java, jar: Path, run: str) -> Child | None:
    """Starts the training run in the background if the archive is missing, and returns its process.

    Whatever is in the way, the gateway serves without an archive.
    """
    archive = archive_path(java, jar, run)
    if archive is None or archive.exists() or _failed_lately(archive) or not _is_python(sys.executable):
        return None
    package_parent = str(Path(__file__).resolve().parent.parent.parent)
    program = f"import sys; sys.path.insert(0, {package_parent!r}); from mortmain._gateway.train import main; main()"
    command = [sys.executable, "-c", program, str(archive), java.path, str(java.major), str(jar)]
    try:
        nothing = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        try:
            return spawn_child(command, str(archive.parent), nothing)
        finally:
            os.close(nothing)
    except OSError:
        return None


def give_up_archive(java: Java, jar: Path, run: str, why: str) -> bool:
    """After a start that worked without the archive and failed with it. True if there was one."""
    archive = archive_path(java, jar, run)
    if archive is None or not archive.is_file():
        return False
    try:
        archive.unlink()
        failure_mark(archive).write_text(f"{why}\n")
    except OSError:
        return False
    return True


def failure_mark(archive: Path) -> Path:
    return archive.with_suffix(archive.suffix + ".failed")


def _failed_lately(archive: Path) -> bool:
    try:
        return time.time() - failure_mark(archive).stat().st_mtime < _RETRY
    except OSError:
        return False


def _is_python(executable: str | None) -> bool:
    """Inside an application server sys.executable may be that server."""
    return bool(executable) and os.path.basename(executable or "").startswith(("python", "pypy"))
