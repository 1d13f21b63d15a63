"""A distribution without its Java half is not built."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

_PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def hook(tmp_path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("hatch_build", _PROJECT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.JarHook(str(tmp_path), {}, None, None, str(tmp_path / "dist"), "wheel")


def test_a_missing_jar_fails_with_one_line_that_says_what_to_run(hook: Any) -> None:
    with pytest.raises(SystemExit) as caught:
        hook.initialize("standard", {})
    message = str(caught.value)
    assert "make jar" in message
    assert "\n" not in message


def test_an_editable_install_needs_no_jar_yet(hook: Any) -> None:
    assert hook.initialize("editable", {}) is None


def test_a_jar_is_enough(hook: Any, tmp_path: Path) -> None:
    jar = tmp_path / "src" / "mortmain" / "mortmain.jar"
    jar.parent.mkdir(parents=True)
    jar.write_bytes(b"PK")
    assert hook.initialize("standard", {}) is None
