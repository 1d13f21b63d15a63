"""The gateway's process: its command line and its log."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from mortmain._errors import GatewayUnavailable, InvalidRequest, invalid

from .archive import archive_flags
from .child import Child, scrubbed_environment, spawn_child
from .discover import run_directory
from .failure import open_log
from .java import Java
from .reducers import jep_jar, named_modules, reducer_arguments

_MAIN = "mortmain.gateway.Main"

# What every gateway runs with; paths are relative to the state directory, its working directory. No -Xshare: it is
# auto anyway, and said aloud it forbids the AOT cache of Java 25.
JVM_FLAGS = (
    "-XX:+UseSerialGC",  # small heap, few threads: the least memory and the fastest start
    "-Xss512k",
    "-Xmn16m",  # garbage is small and young: without it a quiet gateway keeps 150 MB of it
    "-XX:SurvivorRatio=4",  # what one large commit brings survives here, and is not garbage of the old generation
    # Less inlining: the compiler takes 1.1 s of processor over the first 100,000 commits instead of 4.4 s, which they
    # would have to wait for; the code that it makes is as fast.
    "-XX:MaxInlineLevel=7",
    "-XX:FreqInlineSize=60",
    "-XX:-UsePerfData",  # no file under /tmp, no stall when that disk is slow
    "-XX:MaxRAMPercentage=25",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:ErrorFile=run/hs_err.log",
)


def jar_path() -> Path:
    """The jar inside this package; GatewayUnavailable where a source tree has none yet."""
    jar = Path(__file__).resolve().parent.parent / "mortmain.jar"
    if not jar.is_file():
        raise GatewayUnavailable(
            f"{jar} is missing: in a source tree run `make jar`, otherwise install mortmain again",
            reason="start-failed",
        )
    return jar


def java_options() -> list[str]:
    """MORTMAIN_JAVA_OPTS, split as a shell would."""
    try:
        return shlex.split(os.environ.get("MORTMAIN_JAVA_OPTS", ""))
    except ValueError as error:
        raise InvalidRequest(f"MORTMAIN_JAVA_OPTS: {error}", field="MORTMAIN_JAVA_OPTS", reason=str(error)) from error


def java_command(
    java: Java, directory: str, command: str, arguments: list[str], beside: Path | None = None, archive: bool = True
) -> list[str]:
    """The whole command line of one of the jar's commands. MORTMAIN_JAVA_OPTS comes last of the flags, so that it
    wins. beside: another jar for the class path. archive: use the class archive, if there is one.
    """
    jar = jar_path()
    told = java_options()
    # Java refuses two collectors, so ours gives way to the operator's.
    ours = [flag for flag in JVM_FLAGS if not _is_collector(flag) or not any(map(_is_collector, told))]
    mapped = archive_flags(java, jar, run_directory(directory)) if archive else []
    flags = [*ours, *mapped, *told]
    program = ["-jar", str(jar)] if beside is None else ["-cp", f"{jar}{os.pathsep}{beside}", _MAIN]
    return [java.path, *flags, *program, command, "--dir", directory, *arguments]


def _is_collector(flag: str) -> bool:
    return flag.startswith("-XX:+Use") and flag.endswith("GC")


# jep, inside a JVM, needs no gateway of its own; elsewhere it says nothing.
TRANSPORTS = ("unix", "tcp", "jep")


def gateway_command(
    java: Java, directory: str, arguments: list[str], modules: list[str] | None = None, archive: bool = True
) -> tuple[list[str], dict[str, str]]:
    """Command line and environment. modules: whose functions may run in it; None as the state directory says."""
    transport = os.environ.get("MORTMAIN_TRANSPORT") or "jep"
    if transport not in TRANSPORTS:
        raise invalid("MORTMAIN_TRANSPORT", f"it is {transport}, not unix or tcp")
    chosen = ["--transport", transport] if transport != "jep" and "--transport" not in arguments else []
    if modules is None:
        modules = named_modules(directory)
    chosen += reducer_arguments(modules)
    beside = jep_jar() if modules else None
    command = java_command(java, directory, "gateway", [*chosen, *arguments], beside, archive)
    environment = scrubbed_environment()
    if modules and os.environ.get("PYTHONPATH"):
        places = os.environ["PYTHONPATH"].split(os.pathsep)
        environment["PYTHONPATH"] = os.pathsep.join(os.path.abspath(place) for place in places)
    return command, environment


def spawn_gateway(java: Java, directory: str, arguments: list[str], archive: bool = True) -> tuple[Child, int]:
    """Starts the gateway; returns it and how long its log was before."""
    command, environment = gateway_command(java, directory, arguments, archive=archive)
    log, size = open_log(run_directory(directory))
    try:
        return spawn_child(command, directory, log, environment), size
    except OSError as error:
        raise GatewayUnavailable(f"{java.path} could not be run: {error}", reason="start-failed") from error
    finally:
        os.close(log)
