"""Python inside a JVM: the store is opened there, and no socket is used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.slow
def test_the_shared_tests_pass_without_a_socket(run_inside):
    ran = run_inside(HERE / "inside.py")
    assert ran.returncode == 0, ran.stdout[-8000:]
    assert " passed" in ran.stdout


def test_the_store_of_a_jvm_is_locked_for_others_until_it_is_served(tmp_path):
    """The claim of repro/embedded_agents, with a Java program around two Python agents."""
    runner = HERE.parent.parent.parent / "repro" / "run.py"
    ran = subprocess.run(
        [sys.executable, str(runner), "embedded_agents"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert ran.returncode == 0, ran.stdout


def test_stop_ends_what_python_opened_and_the_next_call_opens_it_again(run_inside, tmp_path):
    ran = run_inside(HERE / "stop_and_go.py", str(tmp_path / "state"))
    assert ran.returncode == 0, ran.stdout
    assert ran.stdout.splitlines()[-1] == "all well"


def test_a_socket_is_used_where_one_is_asked_for(run_inside, tmp_path):
    ran = run_inside(HERE / "over_a_socket.py", str(tmp_path / "state"), MORTMAIN_TRANSPORT="unix")
    assert ran.returncode == 0, ran.stdout
    assert ran.stdout.splitlines()[-1] == "unix"
