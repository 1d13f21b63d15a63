"""`make sabotage` takes minutes; this takes a second: each patch still fits, and names tests that are there."""

from __future__ import annotations

from pathlib import Path

import pytest
from sabotages import PATCHES, ROOT, apply, exists, parsed, sabotages

# One patch at least for each line of the list that the table began with.
NEEDED = {
    "version-check-removed",
    "epoch-check-removed",
    "acknowledge-before-force",
    "unjournaled-reclaim",
    "torn-tail-accepted",
    "crc-not-checked",
    "request-id-not-remembered",
    "blind-mirror-write",
    "fork-shares-sockets",
    "reads-of-unforced-state",
    "rejection-before-force",
    "resolve-without-journaled-refusal",
    "restore-without-new-store-id",
    "lock-opened-twice",
    "claim-check-by-name",
    "ticket-ignored",
}


@pytest.mark.parametrize("path", sorted(PATCHES.glob("*.patch")), ids=lambda path: path.stem)
def test_a_patch_that_no_longer_fits_or_whose_test_is_gone(path: Path) -> None:
    sabotage = parsed(path)
    apply(path, ROOT, only_look=True)
    assert [str(check) for check in sabotage.checks if not exists(check)] == []
    assert sabotage.files, "it changes nothing"
    assert all("/src/main/" in name or name.startswith("python/src/") for name in sabotage.files)


def test_no_line_of_the_list_is_without_a_patch() -> None:
    assert NEEDED - {sabotage.name for sabotage in sabotages()} == set()


@pytest.mark.parametrize(
    "head",
    [
        "# breaks: it\n",
        "# test: mvn -pl java-core test -Dtest=HoldsTest#x\n",
        "# breaks: it\n# test: make test\n",
        "# breaks: it\n# test: mvn -pl java-core test -Dtest=HoldsTest\n",
        "# breaks: it\n# why: so\n# test: mvn -pl java-core test -Dtest=HoldsTest#x\n",
    ],
)
def test_a_patch_that_does_not_say_what_must_fail_is_refused(head: str, tmp_path: Path) -> None:
    path = tmp_path / "some.patch"
    path.write_text(head)
    with pytest.raises(ValueError, match=r"some\.patch"):
        parsed(path)


@pytest.mark.parametrize(
    "command",
    [
        "mvn -pl java-core test -Dtest=HoldsTest#thisIsNoTest",
        "mvn -pl java-core test -Dtest=NoSuchTest#theHoldersNameIsNotEnough",
        "cd python && python -m pytest tests/unit/test_errors.py::test_no_such",
        "cd python && python -m pytest tests/unit/no_such.py::test_no_such",
        "python repro/torture/torture.py -> no such fault",
    ],
)
def test_a_check_that_is_not_there_is_noticed(command: str, tmp_path: Path) -> None:
    path = tmp_path / "some.patch"
    path.write_text(f"# breaks: it\n# test: {command}\n")
    assert not exists(parsed(path).checks[0])


def test_a_patch_that_does_not_fit_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "some.patch"
    path.write_text("--- a/README.md\n+++ b/README.md\n@@ -1,1 +1,1 @@\n-# no such title\n+# another\n")
    with pytest.raises(ValueError, match="does not fit"):
        apply(path, ROOT, only_look=True)
