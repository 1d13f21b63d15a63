"""Appends items to a list that it shares with others, and says how many were acknowledged.

Arguments: its name, the store, how many.
"""

import sys

import mortmain

from stage import say

_, name, directory, items = sys.argv

with mortmain.open(directory, agent=name, timeout=60.0) as store:
    for number in range(1, int(items) + 1):
        store.append("log", f"{name}/{number}")  # returns once it is on disk, however often the gateway dies meanwhile
        if number % 100 == 0:
            say(f"{number} acknowledged")
