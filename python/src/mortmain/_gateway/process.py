"""The gateway's process: command line, environment, standard streams. It belongs to none of its clients and outlives the one that started it."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

from .._errors import GatewayUnavailable, InvalidRequest
from .archive import archive_flags
from .discover import run_directory
from .failure import open_log
from .java import Java

# The gateway outlives the agent and must not keep its API keys: only these pass.
_KEPT = ("PATH", "HOME", "LANG", "TZ", "TMPDIR", "JAVA_HOME")
_KEPT_PREFIXES = ("LC_", "MORTMAIN_")


class GatewayProcess(subprocess.Popen[bytes]):
    """A started gateway. Thread-safe as Popen is."""

    def __del__(self, *_: object) -> None:
        """Nothing: that it goes on running is what it is for, and Popen would warn."""


# Children that we started and that have not been waited for: a dead one stays a zombie until the next start looks.
_started: list[GatewayProcess] = []


def jar_path() -> Path:
    """The jar inside this package; GatewayUnavailable where a source tree has none yet."""
    jar = Path(__file__).resolve().parent.parent / "mortmain.jar"
    if not jar.is_file():
        raise GatewayUnavailable(f"{jar} is missing: in a source tree run `make jar`, otherwise install mortmain again", reason="start-failed")
    return jar


def scrubbed_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)}


def java_options() -> list[str]:
    """MORTMAIN_JAVA_OPTS, split as a shell would."""
    try:
        return shlex.split(os.environ.get("MORTMAIN_JAVA_OPTS", ""))
    except ValueError as error:
        raise InvalidRequest(f"MORTMAIN_JAVA_OPTS: {error}", field="MORTMAIN_JAVA_OPTS", reason=str(error)) from error


def jvm_flags() -> list[str]:
    """What every gateway runs with; paths are relative to the state directory, its working directory."""
    return [
        "-XX:+UseSerialGC",  # small heap, few threads: the least memory and the fastest start
        "-Xss512k",
        "-XX:-UsePerfData",  # no file under /tmp, no stall when that disk is slow
        "-XX:MaxRAMPercentage=25",
        "-XX:+ExitOnOutOfMemoryError",
        "-XX:ErrorFile=run/hs_err.log",
        "-Xshare:auto",
    ]


def gateway_command(java: Java, directory: str, arguments: list[str]) -> list[str]:
    """The whole command. MORTMAIN_JAVA_OPTS comes last of the flags, so that it wins."""
    jar = jar_path()
    flags = [*jvm_flags(), *archive_flags(java, jar, run_directory(directory)), *java_options()]
    transport = os.environ.get("MORTMAIN_TRANSPORT")
    chosen = ["--transport", transport] if transport and "--transport" not in arguments else []
    return [java.path, *flags, "-jar", str(jar), "gateway", "--dir", directory, *chosen, *arguments]


def spawn(java: Java, directory: str, arguments: list[str]) -> tuple[GatewayProcess, int]:
    """Starts the gateway; returns it and how long the log was before. Own session, so that no terminal and no process group of ours ends it."""
    reap()
    run = run_directory(directory)
    command = gateway_command(java, directory, arguments)
    log, size = open_log(run)
    try:
        process = GatewayProcess(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=directory,
            env=scrubbed_environment(),
            start_new_session=True,
            umask=0o077,
        )
    except OSError as error:
        raise GatewayUnavailable(f"{java.path} could not be run: {error}", reason="start-failed") from error
    finally:
        os.close(log)
    _started.append(process)
    return process, size


def reap() -> None:
    """Waits for those of our gateways that have ended."""
    _started[:] = [process for process in _started if process.poll() is None]
