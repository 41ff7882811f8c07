"""Writes converted weights: beside their place, in an order known before, so that a run can go on where one ended."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from porter.errors import UsageError
from porter.mindspore.weights.cast import Loss, cast
from porter.mindspore.weights.frame import Frame
from porter.mindspore.weights.mapping import Made, Mapped
from porter.mindspore.weights.stream import made_of
from porter.mindspore.weights.target import Target, shards
from porter.mindspore.weights.tensor import Weights

Progress = Callable[[int, int, str], None]
_STATE = "state.json"
_SYNC = 256 * 2**20  # bytes after which what is written is made to last


@dataclass(frozen=True, slots=True)
class Converted:
    """What was written, and what the new dtype did to it."""

    path: Path
    files: tuple[str, ...]
    tensors: int
    size: int
    resumed: int  # tensors that an earlier run had written
    vanished: int
    mapped: Mapped


def convert(weights: Weights, mapped: Mapped, target: Target, progress: Progress = lambda *_: None) -> Converted:
    """All of `mapped` at `target.path`, which must not exist: nothing is there before everything is."""
    from porter.port.swap import only_run

    out = target.path
    mapped = replace(mapped, made=tuple(_in_dtype(made, target.dtype) for made in mapped.made))
    if os.path.lexists(out):
        raise UsageError(f"{out} exists, and porter overwrites no weights; name another place, or move it.")
    if not out.parent.is_dir():
        raise UsageError(f"There is no folder {out.parent} to write into; make it, or name another place.")
    with _explained(out), only_run(out):
        return _Run(weights, mapped, target, progress).all()


class _Run:
    """One conversion on its way: which tensors are done lies beside the partial files."""

    def __init__(self, weights: Weights, mapped: Mapped, target: Target, progress: Progress) -> None:
        self.weights, self.mapped, self.target, self.progress = weights, mapped, target, progress
        self.partial = target.path.with_name(f".{target.path.name}.porter-partial")
        self.shards = shards(target, mapped.made)
        self.total = sum(frame.size for _, _, frame in self.shards)
        self.plan = _digest(weights, mapped, target)
        self.written, self.vanished = 0, 0

    def all(self) -> Converted:
        resumed, first = self._done(), 0
        if not resumed:
            shutil.rmtree(self.partial, ignore_errors=True)
            _check_space(self.partial.parent, self.total)
            self.partial.mkdir()
        try:
            for name, made, frame in self.shards:
                self._file(self.partial / name, made, frame, min(max(resumed - first, 0), len(made)), first)
                first += len(made)
        except UsageError:  # the weights themselves are at fault: going on would meet it again
            shutil.rmtree(self.partial, ignore_errors=True)
            raise
        self._publish()
        files = tuple(name for name, _, _ in self.shards)
        count = len(self.mapped.made)
        return Converted(self.target.path, files, count, self.total, resumed, self.vanished, self.mapped)

    def _file(self, path: Path, made: list[Made], frame: Frame, skip: int, first: int) -> None:
        """Writes one file from its tensor number `skip` on; `first` counts those of the files before it."""
        ends = frame.ends()
        start = ends[skip - 1] if skip else len(frame.header)
        self.written += start
        with path.open("r+b" if path.exists() else "xb", buffering=0) as file:
            if not skip:
                _write(file, frame.header)
            file.truncate(start)
            file.seek(start)
            saved, place = start, skip
            try:
                for place in range(skip, len(made)):
                    self._tensor(file, made[place], frame.pieces[place])
                    if ends[place] - saved > _SYNC or place == len(made) - 1:
                        self._save(file, first + place + 1)
                        saved = ends[place]
            except (OSError, KeyboardInterrupt):
                with suppress(OSError):  # without this a later run begins a little earlier
                    file.truncate(ends[place - 1] if place else len(frame.header))
                    self._save(file, first + place)
                raise

    def _tensor(self, file: IO[bytes], made: Made, pieces: tuple[tuple[bytes, int], ...]) -> None:
        loss = Loss()
        old = self.weights.stored[made.parts[0].source].tensor.dtype
        data = (cast(chunk, old, made.tensor.dtype, loss) for chunk in made_of(self.weights, made))
        for chunk in _framed(data, pieces):
            _write(file, chunk)
            self.written += len(chunk)
            self.progress(self.written, self.total, made.tensor.name)
        if loss.overflowed:
            raise UsageError(
                f"{made.tensor.name} has {loss.overflowed} values beyond {made.tensor.dtype} (the largest is "
                f"{loss.largest:g}); convert with --dtype bfloat16 or float32."
            )
        self.vanished += loss.vanished

    def _save(self, file: IO[bytes], done: int) -> None:
        """Makes what is written last, then says so."""
        os.fsync(file.fileno())
        unfinished = self.partial / f".{_STATE}"
        unfinished.write_text(json.dumps({"plan": self.plan, "done": done, "vanished": self.vanished}), "utf-8")
        unfinished.replace(self.partial / _STATE)

    def _done(self) -> int:
        """How many tensors an earlier run of the same conversion wrote; what it left otherwise is of no use."""
        try:
            state: dict[str, Any] = json.loads((self.partial / _STATE).read_text(encoding="utf-8"))
            done, vanished = int(state["done"]), int(state["vanished"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0
        if state.get("plan") != self.plan:
            return 0
        left = done
        for name, made, frame in self.shards:
            here = min(left, len(made))
            path = self.partial / name
            if here and (not path.is_file() or path.stat().st_size < frame.ends()[here - 1]):
                return 0
            left -= here
        self.vanished = vanished
        return done

    def _publish(self) -> None:
        """Gives the result its name, in one step, and only where nothing has that name."""
        for own in (_STATE, f".{_STATE}"):
            (self.partial / own).unlink(missing_ok=True)
        out = self.target.path
        if self.target.folder:
            self.target.finish(self.partial, self.shards)
            self.partial.rename(out)  # onto an empty folder at most
            return
        made = self.partial / self.shards[0][0]
        try:
            os.link(made, out)  # unlike a rename, this fails where a file appeared meanwhile
            made.unlink()
        except FileExistsError as error:
            raise UsageError(f"{out} appeared while porter was converting, and it overwrites no weights.") from error
        except OSError:  # a file system without links
            made.rename(out)
        self.partial.rmdir()


def _write(file: IO[bytes], data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def _framed(data: Iterator[bytes], pieces: tuple[tuple[bytes, int], ...]) -> Iterator[bytes]:
    """The bytes of a tensor with what its format puts between them."""
    held = b""
    for prefix, size in pieces:
        yield prefix
        while size:
            held = held or next(data)
            yield held[:size]
            held, size = held[size:], size - min(size, len(held))


def _in_dtype(made: Made, dtype: str) -> Made:
    return made if dtype == "keep" else replace(made, tensor=replace(made.tensor, dtype=dtype))


def _digest(weights: Weights, mapped: Mapped, target: Target) -> str:
    """What a conversion depends on: another source, another plan or another format begins anew."""
    files = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in weights.files]
    whole = (files, [repr(made) for made in mapped.made], repr(target))
    return hashlib.sha256(json.dumps(whole).encode()).hexdigest()


def _check_space(where: Path, needed: int) -> None:
    free = shutil.disk_usage(where).free
    if free < needed:
        raise UsageError(
            f"{where} has {free / 1e9:.1f} GB free and the weights need {needed / 1e9:.1f}; "
            "free some space, or write elsewhere."
        )


@contextmanager
def _explained(out: Path) -> Iterator[None]:
    """A disk that fails ends in one sentence; what is written so far stays, under another name."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        mend = "free some space and run the same command again" if full else "mend that and run the same command again"
        raise UsageError(
            f"porter could not write {out}: {error.strerror or error}; {mend}, which goes on where this one stopped."
        ) from error
