"""A worker that owns a job, works on it and writes the result on the version it read. Arguments: its name, the file."""

import sys

from versioned_file import VersionChanged, VersionedFile

from stage import say, wait_here

_, name, path = sys.argv
store = VersionedFile(path)

store.own(name)
job = store.read()
say(f"owns the job at version {job['version']} and works on it")

wait_here()  # works: a long call, a garbage collection, a laptop lid

try:
    version = store.write({"job": 42, "done_by": name}, base_version=job["version"])
    say(f"writes its result: accepted as version {version}")
except VersionChanged as error:
    say(f"writes its result: REFUSED, {error}")
