"""A copy of the tree that may be broken: built once by Maven, then by javac alone after each patch."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from pathlib import Path

from sabotages import ROOT, Java, Python, Sabotage, Torture, apply

MVN = [*os.environ.get("MVN", "mvn -B -ntp").split(), "-q"]
_CLASSES = "java-core/target/classes"
_JAR = "java-core/target/mortmain.jar"
_INSTALLED = "python/src/mortmain/mortmain.jar"
_REPORTS = "java-core/target/surefire-reports"
# A check that takes longer hangs; seconds.
_PATIENCE = 420


class Broken(Exception):
    """The copy cannot be built, or a check could not be run: neither caught nor missed."""


class Tree:
    """For one thread. The user's checkout is only read."""

    def __init__(self, place: Path) -> None:
        self.place = place
        listed = subprocess.run(
            ["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        for name in filter(None, listed.stdout.split("\0")):
            source = ROOT / name
            if source.is_file():
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, place / name)

    def build(self) -> None:
        self._run([*MVN, "-pl", "java-core", "package", "-DskipTests"], "the build")
        shutil.copy2(self.place / _JAR, self.place / _INSTALLED)

    def sabotage(self, one: Sabotage) -> None:
        try:
            apply(one.patch, self.place)
        except ValueError as error:
            raise Broken(str(error)) from None
        self._compile(one.files)

    def mend(self, one: Sabotage) -> None:
        for name in one.files:
            shutil.copy2(ROOT / name, self.place / name)
        self._compile(one.files)

    def _compile(self, files: Iterable[str]) -> None:
        """All of the main classes: javac has put constants of one into others. Lint and Error Prone have no say."""
        if not any(name.startswith("java-core/") for name in files):
            return
        classes = self.place / _CLASSES
        for old in classes.rglob("*.class"):
            old.unlink()
        sources = [str(path) for path in (self.place / "java-core/src/main/java").rglob("*.java")]
        (self.place / "sources").write_text("\n".join(sources))
        command = ["javac", "-nowarn", "-proc:none", "--release", "17", "-parameters", "-g"]
        self._run([*command, "-cp", str(self.place / _JAR), "-d", str(classes), f"@{self.place / 'sources'}"], "javac")
        jar = self.place / (_INSTALLED + ".new")
        shutil.copy2(self.place / _JAR, jar)
        self._run(["jar", "uf", str(jar), "-C", str(classes), "mortmain"], "jar")
        jar.rename(self.place / _INSTALLED)

    def failed_java(self, checks: Iterable[Java]) -> set[Java]:
        """Those of the checks that failed; each of them ran."""
        wanted = sorted(set(checks), key=str)
        reports = self.place / _REPORTS
        shutil.rmtree(reports, ignore_errors=True)
        tests = ",".join(str(one) for one in wanted)
        command = [*MVN, "-pl", "java-core", "surefire:test", "-DexcludedGroups=none", f"-Dtest={tests}"]
        self._run(command, "surefire", may_fail=True)
        ran: dict[Java, bool] = {}
        for path in reports.glob("TEST-*.xml"):
            for case in ElementTree.parse(path).iter("testcase"):
                one = Java(case.get("classname", "").rpartition(".")[2], case.get("name", "").partition("(")[0])
                bad = case.find("failure") is not None or case.find("error") is not None
                ran[one] = ran.get(one, False) or bad
        for one in wanted:
            if one not in ran:
                raise Broken(f"{one} was not run")
        return {one for one in wanted if ran[one]}

    def failed_python(self, checks: Iterable[Python]) -> set[Python]:
        failed = set()
        for one in sorted(set(checks), key=str):
            command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", f"{one.path}::{one.name}"]
            code = self._run(command, str(one), folder="python", may_fail=True)
            if code not in (0, 1):
                raise Broken(f"{one} could not be run (pytest ended with {code})")
            if code:
                failed.add(one)
        return failed

    def reported(self, check: Torture) -> set[str]:
        """What the black-box checker finds wrong in a run with the gateway of this tree."""
        out = self.place / "target/torture"
        shutil.rmtree(out, ignore_errors=True)
        command = [sys.executable, "repro/torture/torture.py", "--json", "--out", str(out), *check.options]
        self._run(command, "torture", may_fail=True)
        if not (out / "summary.json").exists():
            raise Broken("torture came to no judgement: " + _tail(self.place / "output"))
        return set(json.loads((out / "summary.json").read_text())["faults"])

    def _run(self, command: list[str], what: str, *, folder: str = ".", may_fail: bool = False) -> int:
        """Its output is kept for the last command only. It is killed with all its children when it hangs."""
        environment = {**os.environ, "PYTHONPATH": str(self.place / "python/src"), "PYTHONDONTWRITEBYTECODE": "1"}
        with (self.place / "output").open("wb") as output:
            child = subprocess.Popen(
                command,
                cwd=self.place / folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
            try:
                code = child.wait(_PATIENCE)
            except BaseException as error:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
                if isinstance(error, subprocess.TimeoutExpired):
                    raise Broken(f"{what} hangs: " + _tail(self.place / "output")) from None
                raise
        if code and not may_fail:
            raise Broken(f"{what} failed: " + _tail(self.place / "output"))
        return code


def _tail(path: Path) -> str:
    return path.read_text(errors="replace")[-1500:].strip()
