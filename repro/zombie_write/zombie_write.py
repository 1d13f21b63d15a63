"""A frozen worker whose job was given to another one wakes up and writes: with a version check, and with mortmain."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from mortmain.testing import temporary_store  # noqa: E402
from versioned_file import VersionedFile  # noqa: E402

from stage import Process, say  # noqa: E402

JOB = {"job": 42, "done_by": None}


def two_workers(program: Path, place: str, take_away: Callable[[], None]) -> None:
    """worker-7 freezes over its work, worker-8 gets the job, worker-7 wakes up before worker-8 is done."""
    with Process("worker-7", program, place) as zombie:
        zombie.until_it_waits()
        zombie.freeze()
        take_away()
        with Process("worker-8", program, place) as successor:
            successor.until_it_waits()
            zombie.go_on().thaw()
            zombie.until_it_ends()
            successor.go_on().until_it_ends()


def with_a_version() -> None:
    say("A job in a file with a version check:")
    with tempfile.TemporaryDirectory() as scratch:
        store = VersionedFile(str(Path(scratch, "job.json")))
        store.create(JOB)
        two_workers(
            HERE / "with_a_version.py",
            str(Path(scratch, "job.json")),
            lambda: say("recovery gives the job to worker-8"),
        )
        record = store.read()
        won = record["value"]["done_by"]
        say(f"The owner is {record['owner']}, the result is by {won}. {'The ZOMBIE WON.' if won == 'worker-7' else ''}")


def with_mortmain() -> None:
    say("The same job in mortmain:")
    with temporary_store(agent="recovery") as store:
        store.create("jobs/42", JOB)

        def take_away() -> None:
            [(key, epoch, holder)] = store.reclaim("jobs/42", reason="worker-7 does not answer")
            say(f"recovery reclaims {key} from {holder}: epoch {epoch}")

        two_workers(HERE / "with_a_claim.py", store.directory, take_away)
        snap = store.read("jobs/42")
        won = snap.value["done_by"]
        say(f"The result is by {won}, version {snap.version}. {'The OWNER WON.' if won == 'worker-8' else ''}")


if __name__ == "__main__":
    with_a_version()
    say("")
    with_mortmain()
