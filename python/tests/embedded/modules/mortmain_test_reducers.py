"""Functions that the tests let run inside a gateway."""

import ctypes
import time
from datetime import datetime

__all__ = ["add", "append", "back", "fail", "forget", "hold", "sleep", "spin", "spoil", "stamp"]


def add(current, argument):
    return (current or 0) + argument


def append(current, argument):
    return [*(current or []), argument]


def back(current, argument):
    """What it was given, so that every content type makes the round trip."""
    return current


def fail(current, argument):
    raise KeyError(f"no {argument}")


def forget(current, argument):
    return None


def hold(current, argument):
    """Lets no other Python thread run meanwhile, as a long call of a C library may."""
    ctypes.PyDLL(None).usleep(int(argument * 1e6))
    return (current or 0) + 1


def sleep(current, argument):
    time.sleep(argument)
    return (current or 0) + 1


def spin(current, argument):
    while True:
        pass


def spoil(current, argument):
    """Takes away what it was given, then fails."""
    current.clear()
    raise KeyError(f"no {argument}")


def stamp(current, argument):
    return {"at": datetime.now()}


def unlisted(current, argument):
    return "must not run"
