"""The same agent on mortmain: the commit says which version it was made from.

Arguments: its name, the store, the step to add.
"""

import sys

import mortmain

from stage import say, wait_here

_, name, directory, step = sys.argv
KEY = "plans/plan.json"


def with_step(plan):
    return {"steps": [*plan["steps"], step]}


with mortmain.open(directory, agent=name) as store:
    snap = store.read(KEY)
    say(f"reads  {snap.value}, version {snap.version}")

    wait_here()  # thinks about it: this is where an agent calls its model

    try:
        receipt = store.commit(KEY, with_step(snap.value), base=snap)
    except mortmain.VersionConflict as conflict:
        say(f"VersionConflict: {conflict}")
        say(f"  expected={conflict.expected} actual={conflict.actual} winner={conflict.winner} retry={conflict.retry}")
        say(f"  current={conflict.current.value}")
        receipt = store.update(KEY, with_step)  # reads again, recomputes, commits
    say(f"commits {step!r} as version {receipt.version}")
