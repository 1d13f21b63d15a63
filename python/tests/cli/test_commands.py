"""Every command against the real gateway: its text, its JSON, its exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

import mortmain
from mortmain._cli.metrics import metrics

from .conftest import Answer

Command = Callable[..., Answer]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One gateway for the tests that only need keys of their own."""
    directory = tmp_path_factory.mktemp("cli") / "state"
    with mortmain.open(directory) as store:
        yield directory
        store.stop()


@pytest.fixture
def cli(run: Command, shared: Path) -> Command:
    return lambda *words: run("--dir", shared, *words)


def test_put_cat_and_delete_on_the_version_that_was_seen(cli: Command) -> None:
    assert cli("put", "a/k", "--create", '{"n": 1}').code == 0
    shown = cli("cat", "a/k", "--json").object
    assert (shown["value"], shown["version"]) == ({"n": 1}, 1)
    assert "a/k version 2 at revision" in cli("put", "a/k", "--base", "1", "plain words").out
    assert cli("cat", "a/k").out == "plain words\n"
    gone = cli("delete", "a/k", "--base", "2", "--json")
    assert gone.code == 0
    assert gone.object["version"] == 3
    absent = cli("cat", "a/k", "--json")
    assert (absent.code, absent.object["exists"]) == (1, False)
    assert "does not exist" in cli("cat", "a/k").err


def test_a_base_that_is_behind_is_a_conflict_and_changes_nothing(cli: Command) -> None:
    cli("put", "b", "--create", "1")
    cli("put", "b", "--base", "1", "2")
    late = cli("put", "b", "--base", "1", "3", "--json")
    assert late.code == 3
    told = late.object
    assert (told["code"], told["retry"], told["expected"], told["actual"]) == ("VERSION_CONFLICT", "reread", 1, 2)
    assert told["winner"].startswith("cli:")
    assert cli("put", "b", "--create", "4").code == 3
    assert cli("delete", "b", "--base", "1").code == 3
    assert cli("cat", "b").out == "2\n"


def test_overwrite_replaces_whatever_is_there(cli: Command) -> None:
    assert cli("put", "c", "--overwrite", "1").code == 0
    assert cli("put", "c", "--overwrite", "2").code == 0
    assert cli("delete", "c", "--overwrite").code == 0


def test_text_json_and_bytes_read_back_as_they_were_given(cli: Command) -> None:
    cli("put", "t/text", "--create", "--type", "text", "12")
    cli("put", "t/json", "--create", "12")
    cli("put", "t/bytes", "--create", "--type", "bytes", "12")
    values = [cli("cat", f"t/{name}", "--json").object["value"] for name in ("text", "json", "bytes")]
    assert values == ["12", 12, {"base64": "MTI="}]
    wrong = cli("put", "t/x", "--create", "--type", "json", "{")
    assert wrong.code == 1
    assert "not JSON" in wrong.err


def test_a_value_from_standard_input_and_bytes_to_standard_output(shared: Path) -> None:
    command = [sys.executable, "-m", "mortmain._cli.main", "--dir", str(shared)]
    content = bytes(range(256))
    done = subprocess.run([*command, "put", "s", "--create", "-"], input=content, capture_output=True, check=True)
    assert b"version 1" in done.stdout
    assert subprocess.run([*command, "cat", "s"], capture_output=True, check=True).stdout == content


def test_append_counts_and_adds_a_unique_item_once(cli: Command) -> None:
    assert cli("append", "l", "1", "--unique", "one", "--json").object["result"] == 1
    assert cli("append", "l", "1", "--unique", "one", "--json").object["version"] == 1
    assert cli("append", "l", '"two"', "--json").object["result"] == 2
    assert cli("cat", "l", "--last", "1", "--json").object["value"] == ["two"]


def test_the_same_request_id_writes_once(cli: Command) -> None:
    first = cli("append", "r", "1", "--request-id", "cli-1", "--json").object
    again = cli("append", "r", "1", "--request-id", "cli-1", "--json").object
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert cli("cat", "r").out.split() == ["[", "1", "]"]


def test_a_write_on_a_base_that_is_asked_for_again_is_not_its_own_conflict(cli: Command) -> None:
    """Whoever asks again after a lost answer gives the same words: his own write is behind him by then."""
    cli("put", "again/k", "--create", "1")
    cli("reclaim", "again/k")
    writes = [
        ("put", "again/k", "--base", "1", "2"),
        ("delete", "again/k", "--base", "2"),
        ("restore", "again/k", "--version", "1", "--base", "3"),
        ("put", "again/new", "--base", "0", "1"),
    ]
    for number, words in enumerate(writes):
        identity = ("--request-id", f"again-{number}", "--json")
        first = cli(*words, *identity).object
        cli("reclaim", words[1])
        again = cli(*words, *identity).object
        assert (first["replayed"], again["replayed"]) == (False, True)
        assert again["revision"] == first["revision"]
        assert cli(*words, "--request-id", "another", "--json").object["code"] == "VERSION_CONFLICT"
    assert cli("put", "again/k", "--base", "1", "9", "--request-id", "again-0", "--json").object["code"] == (
        "REQUEST_ID_REUSED"
    )


def test_ls_lists_in_order_with_and_without_details(cli: Command) -> None:
    for name in ("z", "a", "m"):
        cli("put", f"ls/{name}", "--create", name)
    assert cli("ls", "ls/").out.split() == ["ls/a", "ls/m", "ls/z"]
    assert [one["key"] for one in cli("ls", "ls/", "--json", "--limit", "2").objects] == ["ls/a", "ls/m"]
    assert "value" not in cli("ls", "ls/", "--json").objects[0]
    long = cli("ls", "-l", "ls/").out.splitlines()
    assert long[0].split()[:3] == ["version", "epoch", "revision"]
    assert len(long) == 4
    assert cli("ls", "nothing/").out == ""


def test_claims_are_listed_and_reclaimed_and_their_holder_is_fenced(cli: Command, shared: Path) -> None:
    with mortmain.open(shared, agent="worker") as store, store.claim("claims/k", ttl=30.0) as claim:
        listed = cli("claims", "claims/", "--json").objects
        assert [(one["key"], one["holder"]) for one in listed] == [("claims/k", "worker")]
        assert "claims/k" in cli("claims").out
        held = cli("put", "claims/k", "--create", "1", "--json")
        assert (held.code, held.object["code"], held.object["holder"]) == (3, "CLAIM_HELD", "worker")
        taken = cli("reclaim", "claims/k", "--reason", "stalled", "--json").object
        assert taken == {"reclaimed": [{"key": "claims/k", "epoch": 1, "holder": "worker"}]}
        with pytest.raises(mortmain.Fenced, match=r"epoch"):
            claim.commit(1)
    assert cli("claims", "claims/").out == ""
    assert cli("reclaim", "claims/k", "--prefix", "claims/", "--reason", "x").code == 1
    assert cli("reclaim", "--prefix", "claims/", "--reason", "x").code == 0


def test_resolve_is_final(cli: Command) -> None:
    receipt = cli("put", "res", "--create", "1", "--request-id", "res-1", "--json").object
    settled = cli("resolve", "res-1", "--json").object
    assert settled["outcome"] == "committed"
    assert settled["receipt"]["revision"] == receipt["revision"]
    assert cli("resolve", "never-heard-of", "--json").object["outcome"] == "not_committed"
    refused = cli("put", "res2", "--create", "1", "--request-id", "never-heard-of", "--json")
    assert (refused.code, refused.object["code"]) == (1, "REQUEST_ID_REUSED")


def test_status_says_who_serves(cli: Command, shared: Path) -> None:
    told = cli("status", "--json").object
    assert told["directory"] == str(shared)
    assert told["pid"] > 0
    assert f"pid         {told['pid']}" in cli("status", "--wait", "1").out


def test_status_for_prometheus_is_read_by_its_own_parser(cli: Command, run: Command, tmp_path: Path) -> None:
    cli("put", "prom/k", "--create", "1")
    cli("put", "prom/k", "--create", "1")
    page = cli("status", "--prometheus").out
    families = {family.name: family for family in text_string_to_metric_families(page)}
    kinds = {name: family.type for name, family in families.items()}
    assert kinds["mortmain_requests"] == kinds["mortmain_commits"] == "counter"
    assert kinds["mortmain_request_seconds"] == "histogram"
    assert all(family.documentation for family in families.values())
    samples = [sample for family in families.values() for sample in family.samples]
    assert len({(one.name, tuple(sorted(one.labels.items()))) for one in samples}) == len(samples)
    assert all(one.value >= 0 for one in samples)
    told = cli("status", "--json").object
    commits = [one for one in samples if one.name == "mortmain_requests_total" and one.labels["op"] == "commit"]
    assert 2 <= commits[0].value <= told["counters"]["commit"]
    conflicts = [one for one in samples if one.labels.get("code") == "VERSION_CONFLICT"]
    assert conflicts[0].value >= 1
    histogram = [one for one in families["mortmain_request_seconds"].samples if one.labels["op"] == "commit"]
    counts = [one.value for one in histogram if one.name.endswith("_bucket")]
    assert counts == sorted(counts)
    assert counts[-1] == next(one.value for one in histogram if one.name.endswith("_count")) == commits[0].value
    assert 0 < next(one.value for one in histogram if one.name.endswith("_sum")) < 60
    nobody = run("--dir", tmp_path / "none", "status", "--prometheus")
    assert (nobody.code, nobody.out.splitlines()[-1]) == (1, "mortmain_up 0")


def test_a_label_can_hold_anything() -> None:
    page = metrics({"directory": 'a "quoted"\\path\nand a line', "uptime": 1.5})
    (info,) = (family for family in text_string_to_metric_families(page) if family.name == "mortmain_info")
    assert info.samples[0].labels["directory"] == 'a "quoted"\\path\nand a line'


def test_verify_through_the_gateway_and_without_one(run: Command, tmp_path: Path) -> None:
    state = tmp_path / "state"
    run("--dir", state, "put", "k", "--create", "1")
    live = run("--dir", state, "verify", "--json")
    assert live.object["ok"] is True
    assert run("--dir", state, "stop", "--json").object["stopped"] is True
    offline = run("--dir", state, "verify", "--json")
    assert offline.code == 0
    assert offline.object["revision"] >= live.object["revision"]
    assert "is whole" in run("--dir", state, "verify").out
    assert run("--dir", state, "status").code == 1


def test_repair_cuts_behind_a_revision_and_only_while_nobody_serves(run: Command, tmp_path: Path) -> None:
    state = tmp_path / "state"
    first = run("--dir", state, "put", "k", "--create", "1", "--json").object["revision"]
    run("--dir", state, "put", "k", "--base", "1", "2")
    refused = run("--dir", state, "repair", "--truncate-at", first)
    assert refused.code == 1
    assert "stop it first" in refused.err
    run("--dir", state, "stop")
    cut = run("--dir", state, "repair", "--truncate-at", first, "--json")
    assert cut.code == 0, cut
    assert cut.object["revision"] == first
    assert run("--dir", state, "cat", "k").out == "1\n"
    run("--dir", state, "stop")


def test_a_damaged_journal_is_named_refused_and_repaired(run: Command, tmp_path: Path) -> None:
    state = tmp_path / "state"
    run("--dir", state, "put", "a", "--create", "x" * 3000)
    kept = run("--dir", state, "put", "b", "--create", "y" * 3000, "--json").object["revision"]
    run("--dir", state, "put", "c", "--create", "z" * 3000)
    run("--dir", state, "put", "d", "--create", "-" * 3000)
    run("--dir", state, "stop")
    segment = state / "journal" / "00000001.seg"
    content = bytearray(segment.read_bytes())
    content[content.index(b"z" * 100)] ^= 0xFF
    segment.write_bytes(content)
    for _ in range(3):
        broken = run("--dir", state, "cat", "a", "--json")
        assert (broken.code, broken.object["code"]) == (1, "CORRUPT")
        assert broken.object["file"] == "journal/00000001.seg"
    assert run("--dir", state, "verify", "--json").object["code"] == "CORRUPT"
    findings = run("--dir", state, "doctor", "--json").object["findings"]
    assert [one["check"] for one in findings if one["level"] == "fail"] == ["failure"]
    assert run("--dir", state, "repair", "--truncate-at", kept).code == 0
    assert run("--dir", state, "ls").out.split() == ["a", "b"]
    run("--dir", state, "stop")


def test_stop_where_none_runs_is_no_error(run: Command, tmp_path: Path) -> None:
    answer = run("--dir", tmp_path / "state", "stop")
    assert answer.code == 0
    assert "no gateway" in answer.out


def test_looking_makes_no_store(run: Command, tmp_path: Path) -> None:
    for words in (("ls",), ("cat", "k"), ("claims",), ("status",), ("verify",)):
        assert run("--dir", tmp_path / "typo", *words).code == 1
    assert not (tmp_path / "typo").exists()


def test_serve_is_java_itself_and_ends_well_on_sigterm(run: Command, tmp_path: Path) -> None:
    state = tmp_path / "state"
    served = subprocess.Popen(
        [sys.executable, "-m", "mortmain._cli.main", "--dir", str(state), "serve"], stderr=subprocess.PIPE, text=True
    )
    try:
        told = run("--dir", state, "status", "--wait", "30", "--json").object
        assert told["pid"] == served.pid
        assert os.readlink(f"/proc/{served.pid}/exe").endswith("java")
        second = run("--dir", state, "serve")
        assert second.code == 1
        assert f"already served by process {served.pid}" in second.err
        run("--dir", state, "put", "k", "--create", "1")
        served.send_signal(signal.SIGTERM)
        _, log = served.communicate(timeout=6)
        assert served.returncode == 0
        assert log
        assert not (state / "run" / "gateway.log").exists()
    finally:
        served.kill()
        served.communicate()


def test_serve_on_tcp(run: Command, tmp_path: Path) -> None:
    state = tmp_path / "state"
    served: Any = subprocess.Popen(
        [sys.executable, "-m", "mortmain._cli.main", "--dir", str(state), "serve", "--tcp"], stderr=subprocess.DEVNULL
    )
    try:
        assert run("--dir", state, "status", "--wait", "30", "--json").object["transport"] == "tcp"
        assert run("--dir", state, "stop").code == 0
        assert served.wait(10) == 0
    finally:
        served.kill()
        served.wait()


def test_the_agent_is_the_user(cli: Command) -> None:
    cli("put", "who", "--create", "1")
    assert cli("cat", "who", "--json").object["writer"].startswith("cli:")


def test_backup_and_restore_backup_make_another_store(cli: Command, run: Command, tmp_path: Path) -> None:
    cli("put", "back/k", "--create", "1")
    taken = cli("backup", tmp_path / "backup", "--json")
    assert taken.code == 0
    assert taken.object["directory"] == str(tmp_path / "backup")
    assert cli("backup", tmp_path / "backup").code == 1
    assert run("--dir", tmp_path / "backup", "verify", "--json").object["revision"] == taken.object["revision"]
    made = run("restore-backup", tmp_path / "backup", "--dir", tmp_path / "again", "--json")
    assert made.code == 0
    assert made.object["restored_from"] == taken.object["store_id"] != made.object["store_id"]
    assert run("--dir", tmp_path / "again", "restore-backup", tmp_path / "backup").code == 1
    assert run("--dir", tmp_path / "again", "cat", "back/k").out == "1\n"
    run("--dir", tmp_path / "again", "stop")
    text = run("--dir", tmp_path / "third", "restore-backup", tmp_path / "backup").out
    assert "no claim, ticket or snapshot of the old one is valid in it" in text


def test_contention_names_keys_agents_and_reasons(cli: Command) -> None:
    cli("put", "fight/k", "--create", "0")
    for _ in range(2):
        assert cli("put", "fight/k", "--create", "1").code == 3
    lines = cli("contention", "--window", "30").out.splitlines()
    assert lines[0].split()[:3] == ["conflicts", "overwrites", "key"]
    assert any("fight/k" in line and "VERSION_CONFLICT 2" in line for line in lines)
    objects = cli("contention", "--json").objects
    assert next(one for one in objects if one["key"] == "fight/k")["conflicts"] == {"VERSION_CONFLICT": 2}


def test_retain_and_config_show_what_holds(cli: Command) -> None:
    shown = cli("retain", "logs/", "--versions", "10", "--days", "2")
    assert shown.code == 0
    assert "logs/   10        2.0" in shown.out
    assert cli("config", "history_bytes=1G", "--json").object["history_bytes"] == 1 << 30
    assert "history_bytes = 1073741824" in cli("config").out
    assert cli("config", "history_bytes=much").code == 1
    set_now = cli("config", "value_bytes=1M", "horizon_seconds=2h", "horizon_ids=5000", "--json").object
    assert (set_now["value_bytes"], set_now["horizon_seconds"], set_now["horizon_ids"]) == (1 << 20, 7200, 5000)
    assert "horizon_seconds = 7200" in cli("config", "horizon_seconds=7200s").out
    assert cli("config", "horizon_ids=5K", "--json").object["message"] == "horizon_ids: '5K' is not a number"
    refused = cli("config", "horizon_seconds=30", "--json")
    assert (refused.code, refused.object["field"]) == (1, "horizon_seconds")
    assert "60 to 31536000" in refused.object["message"]
    assert cli("config", "colour=1").code == 1
    assert "logs/" not in cli("retain", "logs/").out
    assert cli("retain", "logs", "--versions", "1").code == 1


def test_compact_says_what_it_saved(cli: Command) -> None:
    told = cli("compact", "--json").object
    assert set(told) == {"bytes", "bytes_before", "records_dropped", "segments", "segments_before"}
    assert "records dropped" in cli("compact").out
