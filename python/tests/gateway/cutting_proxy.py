"""A relay in front of a gateway that can lose answers: the request passes, its reply does not. For tests only."""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
from pathlib import Path

import mortmain
from mortmain._gateway import find_gateway

# COMMIT, CLAIM, RECLAIM: only what changes something is cut.
_CHANGING = {3, 4, 7}


class CuttingProxy:
    """`directory` looks like the state directory of the same gateway.

    cut: how many of the next answers are lost, with their connection. away_after_cut: then nobody listens any more.
    """

    def __init__(self, store: mortmain.Store, place: Path) -> None:
        info = find_gateway(store.directory)
        assert info is not None
        self._target = str(info.socket_path)
        self.directory = place
        self.cut = 0
        self.away_after_cut = False
        run = place / "run"
        run.mkdir(mode=0o700, parents=True)
        told = json.loads(Path(store.directory, "run", "gateway.json").read_text())
        (run / "gateway.json").write_text(json.dumps({**told, "socket": "gateway.sock"}))
        self._path = run / "gateway.sock"
        self._listener: socket.socket | None = None
        self._lock = threading.Lock()
        self.come_back()

    def come_back(self) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._path))
        self._listener.listen(16)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def go_away(self) -> None:
        with self._lock:
            listener, self._listener = self._listener, None
        if listener is not None:
            os.unlink(self._path)
            try:
                listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            listener.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as gateway:
            gateway.connect(self._target)
            with client.makefile("rb") as asked, gateway.makefile("rb") as answered:
                try:
                    gateway.sendall(b"".join(asked.readline() for _ in range(3)))
                    client.sendall(answered.readline())
                    while True:
                        frame = _frame(asked)
                        gateway.sendall(frame)
                        reply = _frame(answered)
                        if frame[5] in _CHANGING and self.cut > 0:
                            self.cut -= 1
                            if self.away_after_cut:
                                self.go_away()
                            return
                        client.sendall(reply)
                except (OSError, EOFError):
                    return


def _frame(stream) -> bytes:
    head = stream.read(4)
    if len(head) < 4:
        raise EOFError
    return head + stream.read(struct.unpack(">I", head)[0])
