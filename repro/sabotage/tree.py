"""A copy of the tree that may be broken: built once by Maven, then javac compiles the files of a patch alone."""

from __future__ import annotations

import json
import os
import re
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
# A check that takes longer hangs, all of them together take longer; seconds.
_PATIENCE = 420
_PATIENCE_WITH_ALL = 3600


class Broken(Exception):
    """The copy cannot be built, or a check could not be run: neither caught nor missed."""


class Tree:
    """For one thread. The user's checkout is read when the copy is made, and not after that."""

    def __init__(self, place: Path) -> None:
        """A place that has a copy from before, whole or sabotaged, goes on with it."""
        self.place = place / "tree"
        self._sound = place / "sound"
        if not (place / "built").exists():
            for old in (self.place, self._sound):
                shutil.rmtree(old, ignore_errors=True)
            self._copy()
            self._build()
            (place / "built").touch()
        self.mend()

    def _copy(self) -> None:
        listed = subprocess.run(
            ["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        for name in filter(None, listed.stdout.split("\0")):
            source = ROOT / name
            if source.is_file():
                (self.place / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, self.place / name)

    def _build(self) -> None:
        self._run([*MVN, "-pl", "java-core", "package", "-DskipTests"], "the build")
        shutil.copy2(self.place / _JAR, self.place / _INSTALLED)
        shutil.copytree(self.place / _CLASSES, self._sound / _CLASSES)
        shutil.copy2(self.place / _JAR, self._sound / "jar")

    def sabotage(self, one: Sabotage) -> None:
        """Everything is broken by one patch at a time: what it changes is put aside before."""
        for name in one.files:
            (self._sound / "sources" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self.place / name, self._sound / "sources" / name)
        try:
            apply(self.place / one.patch.relative_to(ROOT), self.place)
        except ValueError as error:
            raise Broken(str(error)) from None
        java = [name for name in one.files if name.startswith("java-core/")]
        if java:
            self._compile(one, java)

    def mend(self) -> None:
        broken = self._sound / "sources"
        if not broken.exists():
            return
        shutil.copytree(broken, self.place, dirs_exist_ok=True)
        shutil.rmtree(self.place / _CLASSES)
        shutil.copytree(self._sound / _CLASSES, self.place / _CLASSES)
        self._install(self._sound / "jar")
        shutil.rmtree(broken)

    def _compile(self, one: Sabotage, files: list[str]) -> None:
        """Lint and Error Prone have no say."""
        # javac puts the value of a constant into the classes that use it, which are not compiled again.
        if re.search(r"^\+(?!.*\bprivate\b).*\bstatic final\b", one.patch.read_text(), re.MULTILINE):
            raise Broken("a constant that other classes may use: change a method instead")
        classes = self.place / _CLASSES
        command = ["javac", "-nowarn", "-proc:none", "--release", "17", "-parameters", "-g", "-d", str(classes)]
        self._run([*command, "-cp", os.pathsep.join([str(classes), str(self.place / _JAR)]), *files], "javac")
        jar = self._sound / "sabotaged"
        shutil.copy2(self._sound / "jar", jar)
        self._run(["jar", "uf", str(jar), "-C", str(classes), "mortmain"], "jar")
        self._install(jar)

    def _install(self, jar: Path) -> None:
        """Renamed into place: a gateway that is still about has the old file mapped."""
        new = self.place / (_INSTALLED + ".new")
        shutil.copy2(jar, new)
        new.rename(self.place / _INSTALLED)

    def failed_java(self, checks: Iterable[Java]) -> dict[Java, str]:
        """Those of the checks that failed, and how; each of them ran."""
        wanted = sorted(set(checks), key=str)
        reports = self.place / _REPORTS
        shutil.rmtree(reports, ignore_errors=True)
        tests = ",".join(str(one) for one in wanted)
        command = [*MVN, "-pl", "java-core", "surefire:test", "-DexcludedGroups=none", f"-Dtest={tests}"]
        patience = _PATIENCE if len(wanted) < 10 else _PATIENCE_WITH_ALL
        self._run(command, "surefire", may_fail=True, patience=patience)
        ran: dict[Java, str | None] = {}
        for path in reports.glob("TEST-*.xml"):
            for case in ElementTree.parse(path).iter("testcase"):
                one = Java(case.get("classname", "").rpartition(".")[2], case.get("name", "").partition("(")[0])
                if case.find("skipped") is not None:
                    continue
                found = [bad for bad in (case.find("failure"), case.find("error")) if bad is not None]
                ran[one] = _first(found[0].text or found[0].get("type", "")) if found else ran.get(one)
        for one in wanted:
            if one not in ran:
                raise Broken(f"{one} was not run")
        return {one: how for one in wanted if (how := ran[one]) is not None}

    def failed_python(self, checks: Iterable[Python]) -> dict[Python, str]:
        failed = {}
        for one in sorted(set(checks), key=str):
            command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", f"{one.path}::{one.name}"]
            code = self._run(command, str(one), folder="python", may_fail=True)
            if code not in (0, 1):
                raise Broken(f"{one} could not be run (pytest ended with {code})")
            said = (self.place.parent / "output").read_text(errors="replace")
            if code:
                failed[one] = _first("\n".join(re.findall(r"^E +(.*)", said, re.MULTILINE)) or said)
            elif not re.search(r"\b\d+ passed\b", said):
                raise Broken(f"{one} was not run: {said[-300:]}")
        return failed

    def reported(self, check: Torture) -> set[str]:
        """What the black-box checker finds wrong in a run with the gateway of this tree."""
        out = self.place / "target/torture"
        shutil.rmtree(out, ignore_errors=True)
        command = [sys.executable, "repro/torture/torture.py", "--json", "--out", str(out), *check.options]
        self._run(command, "torture", may_fail=True)
        if not (out / "summary.json").exists():
            raise Broken("torture came to no judgement: " + _tail(self.place.parent / "output"))
        return set(json.loads((out / "summary.json").read_text())["faults"])

    def _run(
        self, command: list[str], what: str, *, folder: str = ".", may_fail: bool = False, patience: float = _PATIENCE
    ) -> int:
        """Its output is kept for the last command only. It is killed with all its children when it hangs."""
        environment = {**os.environ, "PYTHONPATH": str(self.place / "python/src"), "PYTHONDONTWRITEBYTECODE": "1"}
        with (self.place.parent / "output").open("wb") as output:
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
                code = child.wait(patience)
            except BaseException as error:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
                if isinstance(error, subprocess.TimeoutExpired):
                    raise Broken(f"{what} hangs: " + _tail(self.place.parent / "output")) from None
                raise
        if code and not may_fail:
            raise Broken(f"{what} failed: " + _tail(self.place.parent / "output"))
        return code


def _tail(path: Path) -> str:
    return path.read_text(errors="replace")[-1500:].strip()


def _first(text: str) -> str:
    """What a failure says, without the stack, at a table's length."""
    return " ".join(text.partition("\n\tat ")[0].split())[:160].replace("|", "/")
