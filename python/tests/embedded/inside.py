"""The shared tests of the client, run by the Python inside a JVM: there `mortmain.open` uses no socket.

What starts another process or kills a gateway skips: the store of this JVM is this JVM's.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
# Not of use here: what kills gateways, loses answers on a socket, or looks at transports and files.
FILES = ("commits", "values", "aio", "transactions", "claims", "history", "watch", "contention", "retention")

# Of those files: what looks at the gateway's process or log, or is interrupted by a signal.
ELSEWHERE = (
    "test_aio.py::test_stop_and_the_next_call_starts_it_again",
    "test_claims.py::test_a_claim_outlives_the_gateway_that_granted_it",
    "test_claims.py::test_wait_without_end_is_interruptible_and_leaves_no_claim_behind",
    "test_contention.py::test_a_fight_is_a_warning_in_the_log_once",
    "test_watch.py::test_kill_nine_during_a_watch_leaves_no_gap_and_no_double",
)


def _skip(*_: object, **__: object) -> None:
    pytest.skip("it needs another process, which this JVM does not serve")


def main() -> int:
    os.chdir(TESTS.parent)
    sys.path.append(str(TESTS))  # not first: folders there are named like libraries
    os.fork = os.kill = _skip  # type: ignore[assignment]
    subprocess.Popen.__init__ = _skip  # type: ignore[method-assign]
    multiprocessing.get_context = _skip  # type: ignore[assignment]
    import unit.frame_server

    unit.frame_server.FrameServer.__init__ = _skip  # type: ignore[method-assign]
    chosen = sys.argv[1:] or [str(TESTS / "gateway" / f"test_{name}.py") for name in FILES]
    chosen += [f"--deselect=tests/gateway/{name}" for name in ELSEWHERE]
    # Java uses the signal that faulthandler would catch.
    return pytest.main(["-q", "--tb=short", "-p", "no:faulthandler", "-p", "no:cacheprovider", *chosen])


if __name__ == "__main__":
    sys.exit(int(main()))
