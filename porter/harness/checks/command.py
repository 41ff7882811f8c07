"""Runs a command of the repository on both sides: it must end as before, print the same, and use the device."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from porter.harness.case import NO_ORIGINAL, Case, last_line
from porter.harness.child import Ended
from porter.harness.comparison import NO_CUDA
from porter.harness.doings import parted
from porter.harness.outputs import written
from porter.harness.result import Outcome, Result
from porter.harness.stage import ORIGINAL, PORT

NAME = "command"
ORDER = 70
PROVES = (
    "The command that you gave runs to its end in the port, on the device, and prints and writes what it did before."
)
CANNOT = "Lines that differ from run to run in the original itself; commands that you did not give."

_EXCEPTION = re.compile(r"^(?:\[rank\d+\]: *)?(\w[\w.]*(?:Error|Exception|Exit|Interrupt)\b.*)", re.MULTILINE)
_PLACE = re.compile(r"[^\s`]+\.py:\d+")
_FRAME = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+)')


def run(case: Case) -> Iterator[Result]:
    """One result for each command of --run and of the repository's settings."""
    if not case.commands:
        said = 'No command was given: name one of the repository\'s own with --run "python train.py …".'
        yield Result(NAME, "--run", Outcome.NOT_APPLICABLE, said)
    for command in case.commands:
        yield _compared(case, command)


def _compared(case: Case, command: str) -> Result:
    ended, traces = _started(case, command, PORT)
    tree = _place(case, PORT)
    left = [row for trace in traces for row in case.leftovers(trace)]
    fault = _fault(ended, tree)
    if case.stage.real:
        if fault:
            return _bad(case, command, ended, fault, [])
        said = "Exit code 0 on the device. What it prints was not compared: real kernels round otherwise."
        return Result(NAME, command, Outcome.PASS, said)
    if not case.stage.on_cuda:
        why = NO_ORIGINAL if case.stage.original is None else NO_CUDA
        if fault or left:
            return _bad(case, command, ended, fault or f"{left[0]}.", left)
        return Result(NAME, command, Outcome.REFERENCE, f"It ended with exit code 0. {why}")
    before, before_traces = _started(case, command, ORIGINAL)
    if before.hung or before.code != 0:
        said = f"The original does not run on simulated CUDA: {_fault(before, _place(case, ORIGINAL))}"
        return Result(NAME, command, Outcome.REFERENCE, said, tuple(filter(None, [fault])))
    if fault or left:
        return _bad(case, command, ended, fault or f"{left[0]}.", left)
    ran = sum(trace["operators_on_device"] for trace in traces)
    if not ran and any(trace["operators_on_device"] for trace in before_traces):
        said = f"No operator ran on {case.stage.device}, where the original used CUDA: the port stays on the CPU."
        return Result(NAME, command, Outcome.FAIL, said)
    missing = _missing_line(case, command, before, ended)
    if missing:
        return Result(NAME, command, Outcome.FAIL, f"The original prints `{missing[:200]}`, and the port does not.")
    apart = parted(case, before_traces, traces, lambda: _started(case, command, ORIGINAL)[1])
    if apart:
        return Result(NAME, command, Outcome.FAIL, f"It prints what it printed, but {apart}.")
    said = f"Exit code 0, {ran} operators on the device, and it prints and writes what the original does."
    variables = dict.fromkeys(said for trace in traces for said in case.open_variables(trace))
    return Result(NAME, command, Outcome.PASS, said, (*_host(traces), *variables), {"operators": ran})


def _bad(case: Case, command: str, ended: Ended, said: str, left: list[str]) -> Result:
    gap = case.gap(said)
    if gap and not left:
        return Result(NAME, command, Outcome.NEEDS_DEVICE, f"{gap}: {said}")
    asked = next(filter(None, map(case.replan.left_to_a_person, _PLACE.findall(said)[:1])), "")
    left = [*left, *filter(None, [asked and f"porter left that line to a person, {asked}"])]
    outcome = Outcome.HANG if ended.hung else Outcome.FAIL
    return Result(NAME, command, outcome, said, tuple(dict.fromkeys(left)))


def _started(case: Case, command: str, side: str) -> tuple[Ended, list[dict[str, Any]]]:
    """Runs it in a fresh copy, for what an earlier run wrote must not help; what it writes counts as printed."""
    import shutil

    place = _place(case, side)
    shutil.rmtree(place, ignore_errors=True)
    case.stage.copy(side, place)
    words = shlex.split(command.replace("{device}", "cuda" if side == ORIGINAL else case.stage.device))
    if words[0] in ("python", "python3"):
        words[0] = case.stage.python
    elif words[0].endswith(".py"):
        words.insert(0, case.stage.python)
    elif words[0] == "torchrun":
        words[:1] = [case.stage.python, "-m", "torch.distributed.run"]
    ended, traces = case.stage.run(side, words, place)
    source = case.stage.original if side == ORIGINAL and case.stage.original else case.stage.port
    return replace(ended, out="\n".join([ended.out, *written(place, source)])), traces


def _place(case: Case, side: str) -> Path:
    return case.stage.scratch / f"command-{side}"


def _fault(ended: Ended, tree: Path) -> str:
    """How it failed, with the innermost line of the repository; "" when it did not."""
    if ended.hung:
        return f"It was not done after {ended.seconds:.0f} s and was stopped."
    if ended.out_of_memory:
        return f"It used more memory than it may: {last_line(ended.err)}"
    if ended.code == 0:
        return ""
    inside = str(tree.resolve())
    frames = [m for m in _FRAME.finditer(ended.err) if not m["file"].startswith("<")]
    own = [m for m in frames if str((tree / m["file"]).resolve()).startswith(inside)]
    where = ""
    if own:
        where = f"{(tree / own[-1]['file']).resolve().relative_to(tree.resolve())}:{own[-1]['line']} "
    return f"Exit code {ended.code}: {where}{_message(ended.err)}"


def _message(err: str) -> str:
    """The exception of a traceback rather than what was printed after it; of torchrun, that of the rank that failed."""
    said: list[str] = _EXCEPTION.findall(err)
    own = [line for line in said if "ChildFailedError" not in line]
    return (own or said or [last_line(err)])[-1][:300]


def _missing_line(case: Case, command: str, before: Ended, after: Ended) -> str:
    """A line of the original that is not in the port's output, if the original itself prints it every time."""
    told = set(_plain(after.out, case))
    missing = [line for line in _plain(before.out, case) if line not in told]
    if not missing:
        return ""
    again = set(_plain(_started(case, command, ORIGINAL)[0].out, case))
    return next((line for line in missing if line in again), "")


def _plain(text: str, case: Case) -> list[str]:
    """Lines with the names of device and backend and the copies' folders made alike, and times left out."""
    for side in (ORIGINAL, PORT):
        text = text.replace(str(_place(case, side)), ".")
    for own, name in ((case.stage.device, "cuda"), (case.stage.backend, "nccl")):
        text = re.sub(rf"(?i)(?<![A-Za-z]){re.escape(own)}(?![A-Za-z])", name, text)
    text = re.sub(r"\d+(\.\d+)?\s*(ms|s|sec|seconds|it/s|s/it|ns|us)\b|\d+:\d\d(:\d\d)?(\.\d+)?", "(time)", text)
    return [line.strip() for line in text.splitlines() if line.strip()]


def _host(traces: list[dict[str, Any]]) -> tuple[str, ...]:
    rows = [row for trace in traces for row in trace.get("places", {}).get("host_fallbacks", [])]
    places = sorted({f"{row['at']} {row['what']}" for row in rows})
    return tuple(f"the vendor runs this on the CPU: {place}" for place in places[:10])
