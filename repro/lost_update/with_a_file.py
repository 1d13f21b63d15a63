"""An agent that keeps a shared plan in a JSON file: read, change, write.

Arguments: its name, the file, the step to add.
"""

import json
import os
import sys

from stage import say, wait_here

_, name, path, step = sys.argv

with open(path) as file:
    plan = json.load(file)
say(f"reads  {plan}")

wait_here()  # thinks about it: this is where an agent calls its model

plan["steps"].append(step)
with open(f"{path}.{name}", "w") as file:
    json.dump(plan, file)
os.replace(f"{path}.{name}", path)  # atomic, and no help at all
say(f"writes {plan}: no error")
