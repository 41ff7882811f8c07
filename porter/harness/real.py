"""A real device: whether a Python has one, and the environment in which probes run on it."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping

from porter.harness.checks import Check
from porter.sim.facts import Facts

# The driver finds itself by variables that no list knows whole, so all are passed on but those that look like secrets.
_SECRET = re.compile(r"TOKEN|SECRET|PASSW|CREDENTIAL|AUTH|PROXY|_KEY", re.IGNORECASE)

# What a pass means there, where nothing is traced and nothing is equal to the bit.
_MEANS = {
    "import": (
        "What runs when a module is imported works with the vendor's own module.",
        "What stands inside functions.",
    ),
    "half": (
        "In half precision the outputs differ from the reference's by at most 0.4 % (float16) and 3.1 % (bfloat16).",
        "Overflow; models of real size. What an earlier run recorded has no outputs in half precision.",
    ),
    "determinism": ("Ten steps once more give the same numbers, within {bound:g}.", "Races that go well twice."),
    "save-load": (
        "A checkpoint that the device saved comes back equal to the bit, on the CPU and on the device.",
        "The repository's own code that saves and loads; checkpoints of real size.",
    ),
    "known-answers": (
        "A checkpoint made by the reference answers on the device with the exact text that it was taught.",
        "What a model of real size says.",
    ),
    "command": ("The command that you gave runs to its end on the device.", "That it prints what it printed before."),
}
_COMPARED = (
    "What the port gives on the device agrees with the reference that is named above, within {bound:g}.",
    "Equality to the bit; models of real size; what the tiny model does not reach. The bound was chosen, not measured.",
)

_ASK = """
import importlib.util, sys
module, device = sys.argv[1:]
if module and importlib.util.find_spec(module) is None:
    sys.exit(f"{module} is not installed there")
try:
    import torch
    if module:
        __import__(module)
    count = getattr(torch, device).device_count()
except Exception as error:
    sys.exit(f"{type(error).__name__}: {error}"[:300])
sys.exit(0 if count else f"torch.{device}.device_count() is 0")
"""


def means(check: Check, compared: bool) -> tuple[str, str]:
    """What a pass of a check proves on a real device, and what it cannot; the reading checks are the same anywhere."""
    from porter.harness.probes.agree import BOUND

    if check.NAME in _MEANS:
        proves, cannot = _MEANS[check.NAME]
        return proves.format(bound=BOUND), cannot
    return (_COMPARED[0].format(bound=BOUND), _COMPARED[1]) if compared else (check.PROVES, check.CANNOT)


def why_none(python: str, facts: Facts) -> str:
    """Why this Python can use no such device; "" where it can."""
    try:
        command = [python, "-c", _ASK, facts.module, facts.device]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{python} could not be asked for a device ({type(error).__name__})"
    if done.returncode == 0:
        return ""
    said = [line.strip() for line in done.stderr.splitlines() if line.strip()] or ["it said nothing"]
    return f"{python} finds no {facts.device} device ({said[-1].rstrip('.')})"


def environment() -> dict[str, str]:
    """A person's own, without what looks like a secret."""
    return {name: value for name, value in os.environ.items() if not _SECRET.search(name)}


def bounded(reference: Mapping[str, object], answer: Mapping[str, object]) -> tuple[str, str, Mapping[str, object]]:
    """The judgement on a real device: its kernels round otherwise, so nothing is compared to the bit."""
    from porter.harness.probes.agree import BOUND, compared, differences

    if not compared(reference):
        return "", "", {"why": "each part of it failed."}
    found = differences(reference, answer, BOUND)
    right = f"What it gives agrees with the reference within {BOUND:g}, relative to each number or to 1."
    return (f"{found[0]}." if found else ""), ("" if found else right), {"bound": BOUND}
