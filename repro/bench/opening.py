"""From open() to the first commit in a fresh process, after the import. Arguments: the directory; stop or stay."""

import json
import sys
import time

import mortmain

began = time.perf_counter()
store = mortmain.open(sys.argv[1], agent="opening")
store.commit("first", "commit", overwrite=True)
ended = time.perf_counter()
if sys.argv[2] == "stop":
    store.stop()
print(json.dumps({"ms": 1e3 * (ended - began)}))
