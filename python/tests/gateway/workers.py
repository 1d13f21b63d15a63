"""What other processes do in the tests: `python workers.py NAME DIRECTORY ARGUMENTS`; prints a line of JSON."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import threading
from typing import Any

import mortmain


def start(name: str, store: mortmain.Store, *arguments: object, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, name, store.directory, *(str(one) for one in arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, **options)


def said(process: subprocess.Popen[str]) -> str:
    """The next line of a worker."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def tell(process: subprocess.Popen[str], line: str = "") -> None:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def result_of(process: subprocess.Popen[str]) -> Any:
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return json.loads(out.splitlines()[-1])


def say(line: object) -> None:
    print(line, flush=True)


def outcome(work: Any) -> dict[str, Any]:
    try:
        done = work()
    except mortmain.MortmainError as error:
        return {"code": error.code, "retry": error.retry, "message": str(error)}
    return {"version": getattr(done, "version", None)}


def update(store: mortmain.Store, key: str, rounds: str) -> Any:
    say("ready")
    sys.stdin.readline()
    for _ in range(int(rounds)):
        store.update(key, lambda value: value + 1, default=0, timeout=100)
    return "done"


def append(store: mortmain.Store, key: str, threads: str, each: str) -> Any:
    def run(number: int) -> None:
        for index in range(int(each)):
            store.append(key, f"{os.getpid()}-{number}-{index}", timeout=100)

    running = [threading.Thread(target=run, args=(number,)) for number in range(int(threads))]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return [f"{os.getpid()}-{number}-{index}" for number in range(int(threads)) for index in range(int(each))]


def commit_on(store: mortmain.Store, path: str) -> Any:
    """Commit on a snapshot that another process read."""
    with open(path, "rb") as file:
        snapshot = pickle.load(file)
    say("ready")
    sys.stdin.readline()
    return outcome(lambda: store.commit(snapshot.key, os.getpid(), base=snapshot))


def zombie(store: mortmain.Store, key: str, ttl: str) -> Any:
    """Claim, read, wait for a line (and perhaps be stopped meanwhile), then write as if nothing had happened."""
    claim = store.claim(key, ttl=float(ttl))
    snapshot = store.read(key)
    say("claimed")
    sys.stdin.readline()
    through_claim = outcome(lambda: claim.commit("late, through the claim"))
    on_snapshot = outcome(lambda: store.commit(key, "late, on the snapshot", base=snapshot))
    return {"claim": through_claim, "snapshot": on_snapshot, "lost": claim.lost}


def transfer(store: mortmain.Store, prefix: str, accounts: str, rounds: str, seed: str) -> Any:
    import random

    chosen = random.Random(seed)
    for _ in range(int(rounds)):
        one, two = chosen.sample(range(int(accounts)), 2)

        def move(txn: mortmain.Transaction, one: int = one, two: int = two) -> None:
            found = txn.read_many([f"{prefix}{one}", f"{prefix}{two}"])
            txn.put(f"{prefix}{one}", found[f"{prefix}{one}"].value - 1)
            txn.put(f"{prefix}{two}", found[f"{prefix}{two}"].value + 1)

        store.transact(move, timeout=100)
    return "done"


def claim_and_die(store: mortmain.Store, key: str, ttl: str) -> Any:
    store.claim(key, ttl=float(ttl))
    say("claimed")
    os._exit(0)


if __name__ == "__main__":
    work, place, *rest = sys.argv[1:]
    with mortmain.open(place, agent=f"{work}-worker") as opened:
        say(json.dumps(globals()[work](opened, *rest)))
