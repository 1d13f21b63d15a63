"""Run inside a JVM by test_inside.py."""

import sys
import threading

import pytest

import mortmain

place = sys.argv[1]
with mortmain.open(place, agent="inside") as store:
    assert store.info()["transport"] == "jep"
    store.create("k", 1)
    with mortmain.open(place, agent="other", start=False) as other:
        assert other.read("k").value == 1
    waiting = threading.Thread(target=lambda: [None for _ in store.watch("", timeout=0.3)])
    waiting.start()
    waiting.join()
    store.stop()
    with pytest.raises(mortmain.GatewayUnavailable) as caught:
        mortmain.open(place, start=False)
    assert caught.value.reason == "unreachable"
    store.stop()
    assert store.update("k", lambda value: value + 1).version == 2
    with pytest.raises(mortmain.Unsupported):
        store.reduce("k", "os:system", "true")
    with pytest.raises(mortmain.InvalidRequest):
        mortmain.open(place + "/missing", create=False)
print("all well")
