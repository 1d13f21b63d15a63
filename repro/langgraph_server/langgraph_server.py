"""LangGraph's own server (`langgraph dev`) on MortmainSaver and MortmainStore, and a run of it that is overtaken."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from langgraph_sdk import get_sync_client
from mortmain.testing import temporary_store

HERE = Path(__file__).resolve().parent
# Far above what the server needs (10 s) on a busy machine; seconds.
_PATIENCE = 120.0


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def server(state: str) -> Iterator[str]:
    """The server on a free port; its address. It reaches nothing outside of this machine."""
    port = free_port()
    environment = {
        **os.environ,
        "MORTMAIN_DIR": state,
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "LANGSMITH_TRACING": "false",
        "LANGGRAPH_CLI_NO_ANALYTICS": "1",
    }
    command = [str(Path(sys.executable).with_name("langgraph")), "dev", "--no-browser", "--no-reload"]
    with (
        tempfile.TemporaryFile("w+") as log,
        tempfile.TemporaryDirectory() as place,
    ):
        for name in ("app.py", "langgraph.json"):
            Path(place, name).write_text((HERE / name).read_text())
        with subprocess.Popen(
            [*command, "--port", str(port)], cwd=place, env=environment, stdout=log, stderr=log, text=True
        ) as child:
            try:
                address = f"http://127.0.0.1:{port}"
                until_it_serves(address, child, log)
                yield address
            finally:
                child.terminate()
                child.wait(_PATIENCE)


def until_it_serves(address: str, child: subprocess.Popen[str], log: Any) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and child.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/ok", timeout=5.0):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    log.seek(0)
    raise SystemExit(f"the server did not start:\n{log.read()}")


def story(client: Any, app: Any) -> None:
    thread = client.threads.create()["thread_id"]
    config: Any = {"configurable": {"thread_id": thread}}
    print("a run:", client.runs.wait(thread, "notes", input={"notes": ["a question"]})["notes"])
    client.threads.update_state(thread, {"notes": ["a correction"]}, as_node="answer")
    print("after update_state:", client.threads.get_state(thread)["values"]["notes"])
    copy = client.threads.copy(thread)["thread_id"]
    print("a copy:", client.threads.get_state(copy)["values"]["notes"])
    client.store.put_item(("docs",), "k", {"n": 1})
    print("an item:", client.store.get_item(("docs",), "k")["value"], app.memory.get(("docs",), "k").value)

    with app.memory.watch(app.STAGE, timeout=_PATIENCE) as events:
        slow = client.runs.create(thread, "notes", input={"notes": ["a slow question"]})
        assert next(events).key == "waits"
    graph = app.builder.compile(checkpointer=app.saver)
    asyncio.run(graph.ainvoke({"notes": ["a question from elsewhere"]}, config))
    print("another process: acknowledged")
    app.memory.put(app.STAGE, "go", {})
    told = client.runs.join(thread, slow["run_id"])
    print("the slow run:", client.runs.get(thread, slow["run_id"])["status"], told["__error__"]["error"])
    print("the thread:", client.threads.get_state(thread)["values"]["notes"][-2:])

    client.threads.delete(copy)
    print("threads in the store:", [one.thread_id == thread for one in app.saver.threads()])


def main() -> None:
    with temporary_store() as store:
        os.environ["MORTMAIN_DIR"] = store.directory
        sys.path.insert(0, str(HERE))
        import app

        with server(store.directory) as address:
            story(get_sync_client(url=address), app)
        app.saver.close()
        app.memory.close()


if __name__ == "__main__":
    main()
