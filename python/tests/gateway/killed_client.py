"""One client of the kill test: works until it is told to stop, and writes down what was acknowledged."""

from __future__ import annotations

import json
import sys
import threading

import mortmain


def main(directory: str, name: str) -> None:
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    acknowledged: dict[str, int] = {"update": 0, "append": 0, "own": 0, "increment": 0}
    unconfirmed: list[tuple[str, str]] = []
    with mortmain.open(directory, agent=name, timeout=60.0) as store:
        base: mortmain.Snapshot[object] | mortmain.Receipt = store.read(f"own/{name}")
        print("ready", flush=True)
        number = 0
        while not stop.is_set():
            number += 1
            for kind in acknowledged:
                request_id = f"{name}-{kind}-{number}"
                try:
                    if kind == "update":
                        store.update("counter", lambda value: value + 1, default=0, request_id=request_id)
                    elif kind == "append":
                        store.append("list", f"{name}-{number}", request_id=request_id)
                    elif kind == "increment":
                        store.increment("sum", 1, request_id=request_id)
                    else:
                        base = store.commit(f"own/{name}", number, base=base, request_id=request_id)
                    acknowledged[kind] += 1
                except mortmain.CommitUnconfirmed as error:
                    unconfirmed.append((kind, error.request_id))
    print(json.dumps({"name": name, "acknowledged": acknowledged, "unconfirmed": unconfirmed}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
