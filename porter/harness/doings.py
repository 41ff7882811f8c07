"""What two runs of a command did, by their traces: where original and port part although they print the same."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from porter.harness.case import Case
from porter.harness.stage import ORIGINAL, PORT
from porter.spans import replay
from porter.targets.catalog import resolve

Traces = list[dict[str, Any]]  # one of each process

_COPIES = "copies within the device"
_SHOWN = 5
_NUMBER = 16  # bytes of a copy that may be one number's
_SLOW = ("refused", "narrowed")  # what a vendor makes of a dtype that it does not have
_DTYPE = re.compile(r"\b(?:b?float\d*|double|half|complex\d+|u?int\d+|long|dtype)\b")
_PINNED = "copy from pinned memory"
_TOO_MANY = "more than are kept"
_DTYPES = {"Double": "float64", "Half": "float16", "BFloat16": "bfloat16", "ComplexDouble": "complex128"}


def parted(case: Case, before: Traces, after: Traces, again: Callable[[], Traces]) -> str:
    """What the port does not do that the original does every time; `again` gives another run of the original."""
    once_more = cache(again)
    for told, count in ((_less_work, _operators), (_other_numbers, _numbers), (_fewer_calls, _calls)):
        first, second = count(case, ORIGINAL, before), count(case, PORT, after)
        if first - second:
            third = count(case, ORIGINAL, once_more())
            lost = [key for key in sorted(first - second) if third[key] == first[key]]
            if lost:
                return told(case, lost, first, second, before)
    return ""


def _operators(case: Case, side: str, traces: Traces) -> Counter[str]:
    """Operators by name and card; copies within the device are what a change of dtype is, as in mixed precision.

    Overloads count as one: for `x[...] = number` torch takes another one on CUDA than on the other devices, and
    copies the number to the device on CUDA alone.
    """
    device = "cuda" if side == ORIGINAL else case.stage.device
    found: Counter[str] = Counter()
    for trace in traces:
        for place, counts in trace.get("operators", {}).items():
            kind, _, index = place.partition(":")
            for name, count in counts.items() if kind == device else ():
                found[name.partition(".")[0] + (f" on card {index}" if index != "0" else "")] += count
        found[_COPIES] += trace["copies"]["on_device"]["count"]
    found["copies to the device"] = sum(
        row["count"] for row in _rows(traces, "host_to_device") if row.get("bytes", 0) > _NUMBER * row["count"]
    )
    return found


def _less_work(case: Case, lost: list[str], first: Counter[str], second: Counter[str], before: Traces) -> str:
    del before
    return f"less of the work is done on {case.stage.device}: {_shown(lost, first, second)}"


def _numbers(case: Case, side: str, traces: Traces) -> Counter[str]:
    """What the device told the host, by dtype, shape and digest.

    Of a dtype that the target lacks nothing is counted; where a person was asked to look and chose another, no digest.
    """
    del side
    lacking = _lacking(case)
    mended = any(
        change.said and set(_DTYPE.findall(change.before)) != set(_DTYPE.findall(change.after))
        for change in case.handwork.changes
    )
    rows = [row for row in _rows(traces, "told_to_host") if row["what"].partition("[")[0] not in lacking]
    if any(row["what"] == _TOO_MANY for row in rows):
        return Counter()
    return _counted((row["what"].partition("] ")[0] if mended else row["what"], row) for row in rows)


def _other_numbers(case: Case, lost: list[str], first: Counter[str], second: Counter[str], before: Traces) -> str:
    del second
    row = next(row for row in _rows(before, "told_to_host") if row["what"].startswith(lost[0]))
    number = row["what"].partition(" = ")[2]
    what = f"the number {number}" if number else f"a tensor ({row['what'].partition(' ')[0]})"
    gone = f"{len(lost)} of {len(first)} values that the original gives the host"
    return f"{case.stage.device} computes something else: {gone} do not come, such as {what} at its {row['at']}"


def _calls(case: Case, side: str, traces: Traces) -> Counter[str]:
    """The functions of the device's module that the repository's lines call, where porter wrote such a call, too.

    Pinned memory is asked for in other ways; it shows in the copies to the device.
    """
    rows = [row for row in _rows(traces, "calls") if side == PORT or _kept(case, row["at"], row["what"])]
    pinned = [row for row in _rows(traces, "host_to_device") if row["what"] == _PINNED]
    return _counted((_name(row), row) for row in (*rows, *pinned))


def _fewer_calls(case: Case, lost: list[str], first: Counter[str], second: Counter[str], before: Traces) -> str:
    rows = (*_rows(before, "calls"), *_rows(before, "host_to_device"))
    at = next(row["at"] for row in rows if _name(row) == lost[0])
    return f"it asks {case.stage.device} for less: {_shown(lost, first, second)}; the original does so at its {at}"


def _name(row: Mapping[str, Any]) -> str:
    return str(row["what"]).rpartition(".")[2]  # torch.cuda.random.manual_seed is torch.cuda.manual_seed


def _kept(case: Case, place: str, name: str) -> bool:
    """Whether porter wrote the device's own name for it into the file; a rule may have put something else there."""
    file, dotted = place.rpartition(":")[0], _vendor_name(case, name)
    original = (case.stage.original or case.stage.port) / file
    if not dotted or not original.is_file():
        return False
    wrote = replay(original.read_bytes(), case.lock.spans.get(file, ())).decode("utf-8", "replace")
    return re.search(rf"\b{re.escape(dotted.removeprefix('torch.'))}\b", wrote) is not None


def _vendor_name(case: Case, name: str) -> str:
    answer = resolve(case.stage.target)[1].look(f"torch.cuda.{name}")
    return "" if answer.status == "missing" else answer.name or f"torch.{case.stage.device}.{name}"


def _lacking(case: Case) -> set[str]:
    from porter.sim import facts

    rules = facts.load(case.stage.name).dtypes
    return {told for told, name in _DTYPES.items() if name in rules and rules[name].rule in _SLOW}


def _rows(traces: Traces, kind: str) -> list[Mapping[str, Any]]:
    return [row for trace in traces for row in trace.get("places", {}).get(kind, [])]


def _counted(pairs: Iterable[tuple[str, Mapping[str, Any]]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for key, row in pairs:
        found[key] += row["count"]
    return found


def _shown(lost: list[str], first: Counter[str], second: Counter[str]) -> str:
    told = [f"{name} {first[name]} → {second[name]}" for name in lost]
    return ", ".join(told[:_SHOWN]) + (f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else "")
