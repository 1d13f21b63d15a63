"""What embedded.py lets run in the gateway."""

import time


def count(value, writer):
    by = value["by"]
    return {"n": value["n"] + 1, "by": {**by, writer: by.get(writer, 0) + 1}}


def wait(value, seconds):
    time.sleep(seconds)
    return (value or 0) + 1


def burn(value, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    return (value or 0) + 1
