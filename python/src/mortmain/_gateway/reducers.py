"""Python functions that may run inside the gateway (`reduce`): which modules, by which Python, with which jep.

The modules are those of `mortmain serve --reducers`, else of the file `reducers` in the state directory, one per line.
Running them needs jep in this very environment; without it a gateway serves everything else.
"""

from __future__ import annotations

import importlib.util
import os
import stat
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from mortmain._errors import GatewayUnavailable, InvalidRequest

FILE = "reducers"


def named_modules(directory: str) -> list[str]:
    """What the state directory names. GatewayUnavailable (insecure-directory) where others could write it: it says
    which code runs.
    """
    path = os.path.join(directory, FILE)
    try:
        with open(path, encoding="utf-8") as file:
            found = os.fstat(file.fileno())
            text = file.read()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{path} cannot be read: {error}", field=FILE, reason=str(error)) from error
    by_others = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if hasattr(os, "geteuid") and (found.st_uid not in (os.geteuid(), 0) or by_others):
        raise GatewayUnavailable(
            f"{path} names code that the gateway runs, and others can write it: run `chmod go-w {path}` as its owner",
            reason="insecure-directory",
        )
    return checked_modules(line.partition("#")[0] for line in text.splitlines())


def checked_modules(names: Iterable[str]) -> list[str]:
    """Names of modules without the empty ones; InvalidRequest for what cannot be one."""
    found = [name.strip() for name in names if name.strip()]
    for name in found:
        if not all(part.isidentifier() for part in name.split(".")):
            raise InvalidRequest(f"reducers: {name!r} is no module", field="reducers", reason="package.module")
    return found


def jep_jar() -> Path | None:
    """The jar beside jep's native library, or None."""
    try:
        spec = importlib.util.find_spec("jep")
    except (ImportError, ValueError):
        return None
    places = [] if spec is None else list(spec.submodule_search_locations or ())
    return next((jar for place in places for jar in sorted(Path(place).glob("jep-*.jar"))), None)


def what_is_missing() -> str | None:
    """Why this Python cannot run functions inside a JVM, in one line with what to do; None if it can."""
    if jep_jar() is not None:
        return None
    if not sysconfig.get_config_var("Py_ENABLE_SHARED"):
        return "jep cannot be installed: this Python has no shared libpython (build it with --enable-shared)"
    return 'jep is not installed: `pip install "mortmain[jep]"` builds it, with a JDK (JAVA_HOME) and a C compiler'


def reducer_arguments(modules: list[str]) -> list[str]:
    """For the gateway's command line."""
    return ["--reducers", ",".join(modules), "--python", sys.executable] if modules else []
