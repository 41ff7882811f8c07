"""Calls chat and stream_chat from a worker thread, where a device like old CANN wants to be chosen anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from porter.harness.case import Case, told
from porter.harness.comparison import compare
from porter.harness.result import Result
from porter.harness.stage import Answer
from porter.sim import facts

NAME = "chat-thread"
ORDER = 60
PROVES = (
    "chat may be called from a web page's worker thread: the device is set there (else 107002), the text is the same."
)
CANNOT = "Threads that the repository's other scripts start; the real runtime's answer."


def run(case: Case) -> Iterator[Result]:
    """One result for each model that can chat."""
    # Only a vendor some of whose releases refuse such a thread has a sentence for it; the others start on device 0.
    strict = "strict" if facts.load(case.stage.name).context_error else ""
    yield from compare(case, NAME, "chat_thread", _judge, needs=("chat", "stream_chat"), threads=strict)


def _judge(case: Case, before: Answer, after: Answer) -> tuple[str, str, Mapping[str, Any]]:
    del case
    one, two = before.data["said"], after.data["said"]
    usable = [name for name in one if "fault" not in one[name]]
    seen = {"methods": usable}
    for name in usable:
        if "fault" in two[name]:
            return f"{name} in a worker thread: {told(two[name]['fault'])}", "", seen
        if one[name] != two[name]:
            return f"{name} says {two[name]['text'][:80]}, and {one[name]['text'][:80]} in the original.", "", seen
    if not usable:
        return "", "", {"why": " ".join(told(said["fault"]) for said in one.values())}
    return "", f"{' and '.join(usable)} in a worker thread say what the original says.", seen
