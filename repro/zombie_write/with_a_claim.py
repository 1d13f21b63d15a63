"""The same worker on mortmain: it claims the key, and commits through the claim. Arguments: its name, the store."""

import sys

import mortmain

from stage import say, wait_here

_, name, directory = sys.argv

with mortmain.open(directory, agent=name) as store, store.claim("jobs/42", ttl=60.0) as claim:
    say(f"claims the job at version {claim.version}, epoch {claim.epoch}, and works on it")

    wait_here()  # works: a long call, a garbage collection, a laptop lid

    try:
        receipt = claim.commit({"job": 42, "done_by": name})
        say(f"commits its result: accepted as version {receipt.version}")
    except mortmain.Fenced as fenced:
        now = store.read("jobs/42")
        say(f"Fenced: {fenced}")
        say(f"  reclaimed_by={fenced.reclaimed_by} reason={fenced.reclaimed_reason!r} retry={fenced.retry}")
        epochs = f"epoch {fenced.epoch} -> {now.epoch}"
        say(f"  the version did not move: worked on {claim.version}, it is {now.version}; {epochs}")
