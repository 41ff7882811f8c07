"""A recipe that `porter run` started, as a person has it in a terminal: its lines, its ports, and one Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import psutil

from porter.marked import marked

PROJECT = Path(__file__).parents[2]
_MARK = "PORTER_E2E"


class Started:
    """A running `porter run`, its output as it comes."""

    def __init__(self, *words: object) -> None:
        self.mark = uuid.uuid4().hex
        self.lines: list[str] = []
        own = {"PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", _MARK: self.mark}
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "porter", "run", *map(str, words)],
            env={**os.environ, **own},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def says(self, what: str, seconds: int = 300) -> None:
        """Waits until a line holds the text."""
        until = time.monotonic() + seconds
        while what not in self.text:
            assert self.process.poll() is None, self.text
            assert time.monotonic() < until, self.text
            time.sleep(0.2)

    def ends(self, typed: str = "", seconds: int = 400) -> int:
        """Types the text and waits for the end."""
        assert self.process.stdin is not None
        self.process.stdin.write(typed)
        self.process.stdin.close()
        code = self.process.wait(seconds)
        self._reading.join(30)
        assert not marked(_MARK, self.mark), "something was left running"
        return code

    def stops(self) -> None:
        """One Ctrl-C; afterwards nothing of it is left running."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(60) == 130, self.text
        self._reading.join(30)
        assert not marked(_MARK, self.mark), "something was left running"

    def give_up(self) -> None:
        """Whatever a test left."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def listens(self) -> set[str]:
        """The addresses that its processes listen on."""
        mine = set(marked(_MARK, self.mark))
        found = psutil.net_connections("inet")
        return {one.laddr.ip for one in found if one.status == psutil.CONN_LISTEN and one.pid in mine}
