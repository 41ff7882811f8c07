"""Streams and events. Work is done when it is asked for: a stream only has its identity, an event its time."""

from __future__ import annotations

import time
from types import ModuleType
from typing import Any

import torch

from .base import Base


def members(base: Base) -> dict[str, Any]:
    """The names of torch.cuda and torch.cuda.streams that order work."""
    streams = Current(base)
    stream_class, event_class = _stream_class(base, streams), _event_class(base)
    streams.stream_class = stream_class

    class StreamContext(_StreamContext):
        """Makes a stream the current one for a scope; None does nothing."""

        current = streams

    module = ModuleType(f"torch.{base.name}.streams")
    vars(module).update(Stream=stream_class, Event=event_class)
    return {
        "Stream": stream_class,
        "Event": event_class,
        "StreamContext": StreamContext,
        "stream": StreamContext,
        "current_stream": streams.get,
        "default_stream": lambda device=None: streams.known(base.index(device), 0),
        "set_stream": streams.set,
        "streams": module,
    }


class Current:
    """The current stream of each device in this thread."""

    def __init__(self, base: Base) -> None:
        self.base = base
        self.stream_class: Any = None
        kinds = torch._C._autograd.DeviceType
        self._device_type = int((kinds.CUDA if base.name == "cuda" else kinds.PrivateUse1).value)

    def known(self, index: int, stream: int) -> Any:
        return self.stream_class(stream_id=stream, device_index=index, device_type=self._device_type)

    def get(self, device: Any = None) -> Any:
        index = self.base.index(device)
        return self.known(index, self.base.controls.current_stream(index))

    def set(self, stream: Any) -> None:
        if stream is not None:
            self.base.controls.set_stream(stream.device_index, stream.stream_id)


class _StreamContext:
    current: Current

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def __enter__(self) -> None:
        if self.stream is not None:
            self._outer = self.current.get(self.stream.device)
            self.current.set(self.stream)

    def __exit__(self, *_error: object) -> None:
        if self.stream is not None:
            self.current.set(self._outer)


def _stream_class(base: Base, current: Current) -> type:
    class Stream(torch.Stream):
        """A stream of the simulated device."""

        def __new__(cls, device: Any = None, priority: int = 0, **known: Any) -> Any:
            if known:
                return super().__new__(cls, priority=priority, **known)
            return super().__new__(cls, device=base.device(device), priority=priority)

        def __enter__(self) -> Any:
            self._outer = current.get(self.device)
            current.set(self)
            return self

        def __exit__(self, *_error: object) -> None:
            current.set(self._outer)

    return Stream


def _event_class(base: Base) -> type:
    class Event(torch.Event):
        """An event of the simulated device. torch's elapsed_time refuses subclasses: it keeps its time."""

        def __new__(cls, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False) -> Any:
            if interprocess:
                raise NotImplementedError("[porter.sim] events between processes are not simulated")
            return super().__new__(cls, device=base.device(), enable_timing=enable_timing, blocking=blocking)

        def __init__(self, enable_timing: bool = False, *_args: object, **_kwargs: object) -> None:
            self._timed = enable_timing
            self._recorded: float | None = None

        def record(self, stream: Any = None) -> None:
            self._recorded = time.perf_counter()
            super().record(*filter(None, [stream]))

        def elapsed_time(self, end_event: Any) -> float:
            if not (self._timed and end_event._timed):
                raise RuntimeError("Both events must be created with argument 'enable_timing=True'.")
            if self._recorded is None or end_event._recorded is None:
                raise RuntimeError("Both events must be recorded before calculating elapsed time.")
            return float(end_event._recorded - self._recorded) * 1e3

    return Event
