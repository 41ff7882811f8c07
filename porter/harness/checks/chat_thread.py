"""Calls chat and stream_chat from a worker thread, where a device like old CANN wants to be chosen anew."""

from __future__ import annotations

from collections.abc import Iterator

from porter.harness.case import Case, told
from porter.harness.comparison import Seen, Trial, compare
from porter.harness.result import Result
from porter.harness.stage import Answer
from porter.sim import facts

NAME = "chat-thread"
ORDER = 60
PROVES = (
    "chat may be called from a web page's worker thread, with the model on device 0 and on device 1: "
    "the device is set there (else 107002, or the wrong one of two devices), and the text is the same."
)
CANNOT = "Threads that the repository's other scripts start; the real runtime's answer."


def run(case: Case) -> Iterator[Result]:
    """One result for each model that can chat."""
    # Only a vendor some of whose releases refuse such a thread has a sentence for it; the others start on device 0.
    strict = "strict" if facts.load(case.stage.name).context_error else "device0"
    yield from compare(case, Trial(NAME, "chat_thread", _judge, ("chat", "stream_chat"), strict, devices=2))


def _judge(case: Case, before: Answer, after: Answer) -> Seen:
    del case
    one, two = before.data["said"], after.data["said"]
    usable = [name for name in one if "fault" not in one[name]]
    seen = {"calls": usable}
    for name in usable:
        if "fault" in two[name]:
            return Seen(f"{name} in a worker thread: {told(two[name]['fault'])}", data=seen)
        if one[name] != two[name]:
            said = f"{name} says {two[name]['text'][:80]}, and {one[name]['text'][:80]} in the original."
            return Seen(said, data=seen)
    if not usable:
        return Seen(why=" ".join(told(said["fault"]) for said in one.values()))
    notes = tuple(f"{name} was left out, for the original fails as well" for name in one if name not in usable)
    return Seen(right=f"In a worker thread {', '.join(usable)} say what the original says.", data=seen, notes=notes)
