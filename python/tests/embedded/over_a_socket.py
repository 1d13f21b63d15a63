"""Run inside a JVM by test_inside.py, with MORTMAIN_TRANSPORT set."""

import sys

import mortmain

with mortmain.open(sys.argv[1], agent="inside") as store:
    store.create("k", 1)
    told = store.info()["transport"]
    store.stop()
print(told)
