"""Stands in for `java`: obeys the launcher's contract with the JVM, or breaks it in the way that `behaviour` beside
it names.

Run as a program only. It writes down what it was given (start-N.json beside it), one file per start.
"""

import fcntl
import json
import os
import signal
import socket
import struct
import sys
import time
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))


def told(name, default=""):
    try:
        with open(os.path.join(HERE, name), encoding="utf-8") as file:
            return file.read().strip()
    except FileNotFoundError:
        return default


def write_down():
    umask = os.umask(0)
    os.umask(umask)
    seen = {
        "argv": sys.argv[1:],
        "environment": dict(os.environ),
        "cwd": os.getcwd(),
        "umask": umask,
        "session": os.getsid(0) == os.getpid(),
        "stdin": os.readlink("/proc/self/fd/0") if os.path.exists("/proc/self/fd/0") else None,
        "pid": os.getpid(),
    }
    number = 1
    while True:
        try:
            descriptor = os.open(os.path.join(HERE, f"start-{number}.json"), os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        except FileExistsError:
            number += 1
            continue
        with os.fdopen(descriptor, "w") as file:
            json.dump(seen, file)
        return number


def put(path, content):
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(content, file)
    os.replace(path + ".new", path)


def serve(protocol=1, silent=False, delay=0.0):
    lock = os.open("LOCK", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        sys.exit(75)
    open("FORMAT", "w").close()
    time.sleep(delay)
    instance = uuid.uuid4().hex
    path = "run/gateway.sock"
    if os.path.exists(path):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(64)
    put(
        "run/gateway.json",
        {"protocol": 1, "instance": instance, "pid": os.getpid(), "transport": "unix", "socket": "gateway.sock",
         "address": None, "port": None, "token": "", "version": "simulated", "started": 0},
    )  # fmt: skip
    while not silent:
        connection, _ = listener.accept()
        if os.fork() == 0:
            answer(connection, instance, protocol)
            os._exit(0)
        connection.close()
        reap()
    while True:
        signal.pause()


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def exactly(connection, size):
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            os._exit(0)
        data += part
    return data


def answer(connection, instance, protocol):
    assert exactly(connection, 6) == b"B\n1\ne\n"
    connection.sendall(b"!yv\n")
    while True:
        (length,) = struct.unpack(">I", exactly(connection, 4))
        exactly(connection, length)
        fields = {"protocol": protocol, "instance": instance, "version": "simulated", "store_id": "s", "clock": 0}
        fields.update(json.loads(told("info", "{}")))
        status = 0
        if protocol > 1:
            status, fields = 1, {"code": "UNAVAILABLE", "message": "no common protocol", "min": 7, "max": 9}
        body = json.dumps(fields).encode()
        reply = struct.pack(">BBHqI", 1, status, 0, 1, len(body)) + body
        connection.sendall(struct.pack(">I", len(reply)) + reply)


def main():
    version = told("version", "17.0.99")
    if sys.argv[1:] == ["-version"]:
        print(f'openjdk version "{version}" 2026-01-01', file=sys.stderr)
        return
    number = write_down()
    behaviour = told("behaviour", "serve")
    if behaviour == "serve":
        serve()
    elif behaviour == "slow":
        serve(delay=0.7)
    elif behaviour == "silent":
        serve(silent=True)
    elif behaviour == "newer protocol":
        serve(protocol=9)
    elif behaviour == "throw":
        print("Exception in thread main: the disk is made of cheese", flush=True)
        sys.exit(1)
    elif behaviour == "hates archives":
        if any(word.startswith(("-XX:AOTCache=", "-XX:SharedArchiveFile=")) for word in sys.argv):
            sys.exit(1)
        serve()
    elif behaviour == "corrupt":
        failure = {"code": "CORRUPT", "message": "journal/00000001.seg is damaged", "file": "journal/00000001.seg"}
        put("run/failure.json", {**failure, "offset": 4096, "first_revision": 7, "last_revision": 9})
        sys.exit(1)
    elif behaviour == "poisoned":
        put("run/failure.json", {"code": "UNAVAILABLE", "message": "the force failed: EIO"})
        print("the force failed: EIO", flush=True)
        sys.exit(1)
    elif behaviour == "killed once" and number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    elif behaviour == "killed once":
        serve()
    elif behaviour == "hang":
        print("still replaying", flush=True)
        signal.pause()


main()
