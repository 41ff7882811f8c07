"""Answers the device's question "where in the repository does this happen?", and keeps the answers.

The device is C++ without Python.h: it calls one ctypes function. Each kind of event is counted per source line.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from dataclasses import dataclass, field

from .sources import Sources

NO_CONTEXT, DTYPE, TOLD = 0, 5, 8
# In the order of Event in csrc/state.h. The names are those of the trace.
EVENTS = (
    "threads_without_context",
    "host_to_device",
    "device_to_host",
    "waits",
    "host_fallbacks",
    "dtypes",
    "host_compute",
    "doubtful_operators",
    "told_to_host",
)
LEFTOVERS, CALLS = "leftovers", "calls"
MORE = "more than are kept"
_MOST = 20_000  # digests that are kept of what the host was told
ELSEWHERE = "(a library)"


@dataclass(slots=True)
class Tally:
    """How often something happened at one place, and how many bytes it moved."""

    count: int = 0
    bytes: int = 0

    def add(self, amount: int) -> None:
        self.count += 1
        self.bytes += amount


@dataclass
class Witness:
    """The record of one process. `strict_dtypes`: a dtype that is silently narrowed is an error in the repository."""

    sources: Sources
    strict_dtypes: bool = True
    places: dict[str, dict[tuple[str, str], Tally]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int64)(self._asked)

    @property
    def address(self) -> int:
        """Where C++ finds the callback; the object must outlive the device."""
        return ctypes.cast(self._callback, ctypes.c_void_p).value or 0

    def record(self, kind: str, place: str, what: str, amount: int = 0) -> None:
        """Counts one event."""
        with self._lock:
            self.places.setdefault(kind, {}).setdefault((place, what), Tally()).add(amount)

    def _asked(self, event: int, what: bytes, amount: int) -> int:
        try:
            frame = sys._getframe(1)
        except ValueError:  # no Python on this thread's stack: one of torch's own threads
            frame = None
        nearest = self.sources.nearest(frame)
        place = self.sources.place(nearest) if nearest is not None else ELSEWHERE
        said = what.decode()
        if event == TOLD and len(self.places.get(EVENTS[TOLD], ())) >= _MOST:
            place, said = ELSEWHERE, MORE
        self.record(EVENTS[event], place, said, amount)
        if event == NO_CONTEXT:
            # Libraries load weights in thread pools of their own; today's plug-ins allow that (they start on device 0).
            return int(nearest is not None)
        if event == DTYPE:
            return int(self.strict_dtypes and self.sources.is_direct(frame))
        return 0

    def clear(self) -> None:
        """Forgets what was seen so far."""
        with self._lock:
            self.places.clear()

    def table(self) -> dict[str, list[dict[str, object]]]:
        """All that was seen, per kind, sorted by place: the same run gives the same table."""
        with self._lock:
            return {
                kind: [
                    {"at": place, "what": what, "count": t.count, **({"bytes": t.bytes} if t.bytes else {})}
                    for (place, what), t in sorted(seen.items())
                ]
                for kind, seen in sorted(self.places.items())
            }
