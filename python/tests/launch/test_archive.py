"""Where the class archive lies, and when it is left alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mortmain import GatewayUnavailable
from mortmain._gateway import ensure_gateway
from mortmain._gateway.archive import archive_flags, archive_path, cache_directory, failure_mark, train_after
from mortmain._gateway.java import Java, find_java
from mortmain._gateway.process import jar_path

from .simulation import SimulatedJava


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("MORTMAIN_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "run").mkdir(mode=0o700)
    (tmp_path / "mortmain.jar").write_bytes(b"PK one")
    return tmp_path


def make_java(home: Path, major: int, base_archive: bool = True) -> Java:
    launcher = home / f"jdk-{major}" / "bin" / "java"
    launcher.parent.mkdir(parents=True, exist_ok=True)
    launcher.touch()
    if base_archive:
        server = home / f"jdk-{major}" / "lib" / "server"
        server.mkdir(parents=True, exist_ok=True)
        (server / "classes.jsa").touch()
    return Java(str(launcher), major, f"{major}.0.1", "test")


def test_the_order_of_the_caches(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = str(places / "run")
    assert cache_directory(run) == places / "run"
    monkeypatch.setenv("HOME", str(places / "home"))
    assert cache_directory(run) == places / "home" / ".cache" / "mortmain"
    monkeypatch.setenv("XDG_CACHE_HOME", str(places / "xdg"))
    assert cache_directory(run) == places / "xdg" / "mortmain"
    monkeypatch.setenv("MORTMAIN_CACHE", str(places / "mine"))
    assert cache_directory(run) == places / "mine"
    monkeypatch.setenv("MORTMAIN_CACHE", "")
    assert cache_directory(run) is None


def test_a_cache_that_others_can_write_is_not_trusted(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = places / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    monkeypatch.setenv("MORTMAIN_CACHE", str(shared))
    assert cache_directory(str(places / "run")) is None


def test_a_cache_that_cannot_be_made_is_skipped_silently(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (places / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(places / "file"))
    assert cache_directory(str(places / "run")) == places / "run"


def test_another_jar_or_another_java_is_another_archive(places: Path) -> None:
    jar, run = places / "mortmain.jar", str(places / "run")
    seen = {archive_path(make_java(places, 17), jar, run), archive_path(make_java(places, 21), jar, run)}
    os.utime(jar, ns=(1, 1))
    seen.add(archive_path(make_java(places, 17), jar, run))
    jar.write_bytes(b"PK three")
    os.utime(jar, ns=(1, 1))
    seen.add(archive_path(make_java(places, 17), jar, run))
    assert None not in seen
    assert len(seen) == 4


def test_the_flag_of_each_java_and_none_without_an_archive(places: Path) -> None:
    jar, run = places / "mortmain.jar", str(places / "run")
    for major, flag in ((17, "-XX:SharedArchiveFile="), (25, "-XX:AOTCache=")):
        one = make_java(places, major, base_archive=major < 25)
        assert archive_flags(one, jar, run) == []
        path = archive_path(one, jar, run)
        assert path is not None
        path.touch()
        assert archive_flags(one, jar, run) == [f"{flag}{path}"]


def test_an_old_java_without_a_base_archive_has_none(places: Path) -> None:
    assert archive_path(make_java(places, 17, base_archive=False), places / "mortmain.jar", str(places / "run")) is None


def test_a_training_run_that_failed_is_not_repeated_at_every_start(
    places: Path, java: SimulatedJava, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MORTMAIN_CACHE", str(places / "run"))
    java.behave("throw")
    aot, jar, run = Java(str(java.path), 25, "25.0.1", "test"), places / "mortmain.jar", str(places / "run")
    path = archive_path(aot, jar, run)
    assert path is not None
    trainer = train_after(aot, jar, run)
    assert trainer is not None
    assert trainer.wait(60) == 0
    assert failure_mark(path).exists()
    assert train_after(aot, jar, run) is None


def test_an_archive_that_breaks_the_start_is_thrown_away(
    places: Path, java: SimulatedJava, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MORTMAIN_CACHE", str(places / "run"))
    java.is_version("25.0.1").behave("hates archives")
    archive = archive_path(find_java(), jar_path(), str(places / "run"))
    assert archive is not None
    archive.write_bytes(b"no archive at all")
    assert ensure_gateway(places / "state").version == "simulated"
    assert not archive.exists()
    assert failure_mark(archive).exists()


def test_an_archive_is_kept_when_the_start_fails_without_it_too(
    places: Path, java: SimulatedJava, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one wrong option would slow down every start of a day."""
    monkeypatch.setenv("MORTMAIN_CACHE", str(places / "run"))
    java.is_version("25.0.1").behave("throw")
    archive = archive_path(find_java(), jar_path(), str(places / "run"))
    assert archive is not None
    archive.write_bytes(b"an archive")
    with pytest.raises(GatewayUnavailable):
        ensure_gateway(places / "state")
    assert archive.exists()
    assert not failure_mark(archive).exists()
