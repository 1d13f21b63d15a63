"""Another process that wants the same store."""

import sys

import mortmain

try:
    with mortmain.open(sys.argv[1], agent="visitor", timeout=5.0) as store:
        snap = store.read("plans/plan.json")
        transport = store.info()["transport"]
        print(f"  visitor | over {transport}: {snap.value['steps']}, version {snap.version}", flush=True)
except mortmain.GatewayUnavailable as error:
    print(f"  visitor | GatewayUnavailable, reason {error.reason}", flush=True)
