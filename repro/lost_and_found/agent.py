"""An agent that says overwrite=True: it reads, thinks, and writes what it made of what it read, whatever came between.

Arguments: its name, the store, the step to add, the section that it owns.
"""

import sys

import mortmain

from stage import say, wait_here

_, name, directory, step, section = sys.argv
KEY = "plans/plan"

with mortmain.open(directory, agent=name) as store:
    plan = store.read(KEY).value
    say(f"reads  {plan}")

    wait_here()  # thinks about it

    plan["steps"].append(step)
    plan["owners"][section] = name
    store.commit(KEY, plan, overwrite=True)
    say(f"writes {plan}: no error")
