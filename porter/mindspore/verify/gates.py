"""The gates: how close numbers must be, and what a comparison says. Controls must not pass them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from porter.data import folder
from porter.harness.result import Outcome, Result
from porter.mindspore.weights.cast import numpy


class Gates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file `rules/mindspore/gates.yaml`."""

    logits: float
    loss: float
    gradients: float
    steps: float
    greedy_tokens: int


@cache
def gates() -> Gates:
    import yaml

    path = folder("rules") / "mindspore" / "gates.yaml"
    return msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), Gates)


def logits(subject: str, ours: Any, theirs: Any, check: str = "logits") -> Result:
    """The whole output, and the likeliest token everywhere."""
    np = numpy()
    off = relative(ours, theirs)
    agree = float((ours.argmax(-1) == theirs.argmax(-1)).mean()) if ours.shape == theirs.shape else 0.0
    good = off <= gates().logits and agree == 1.0 and bool(np.isfinite(ours).all())
    said = f"largest difference {off:.1e} of the largest logit (gate {gates().logits:.0e}), "
    return result(check, subject, good, f"{said}likeliest token {agree:.0%} equal.", {"difference": f"{off:.1e}"})


def greedy(ours: Any, theirs: Any) -> Result:
    np = numpy()
    good = bool(np.array_equal(ours, theirs))
    count = gates().greedy_tokens
    return result("greedy", f"{count} tokens", good, f"the tokens are {'equal' if good else 'different'}.", {})


def loss(ours: Any, theirs: Any) -> Result:
    off = abs(float(ours) - float(theirs)) / abs(float(theirs))
    said = f"{float(ours):.6f} where torch has {float(theirs):.6f} (gate {gates().loss:.0e} relative)."
    return result("loss", "one batch", off <= gates().loss, said, {"difference": f"{off:.1e}"})


def gradients(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Result:
    """Every weight has a gradient on both sides, and they are close."""
    if ours.keys() != theirs.keys():
        odd = sorted(ours.keys() ^ theirs.keys())
        return result("gradients", f"{len(theirs)} tensors", False, f"{odd[0]} has a gradient on one side only.", {})
    off, worst = max((relative(ours[name], theirs[name]), name) for name in theirs)
    said = f"largest relative difference {off:.1e}, of {worst} (gate {gates().gradients:.0e})."
    return result("gradients", f"{len(theirs)} tensors", off <= gates().gradients, said, {"difference": f"{off:.1e}"})


def steps(ours: Any, theirs: Any) -> Result:
    off = relative(ours, theirs)
    said = (
        f"the loss falls from {ours[0]:.4f} to {ours[-1]:.4f}, at most {off:.1e} from torch (gate {gates().steps:.0e})."
    )
    good = off <= gates().steps and float(ours[-1]) < float(ours[0])
    return result("steps", f"{len(ours)} steps of Adam", good, said, {"difference": f"{off:.1e}"})


def control(name: str, ours: Any, theirs: Any) -> Result:
    """A control swaps two weights: a gate that lets that pass would let anything pass."""
    seen = logits(name, ours, theirs)
    caught = seen.outcome is Outcome.FAIL
    said = f"with {name} swapped the logits are {relative(ours, theirs):.1e} off, which the gate "
    return result("controls", name, caught, said + ("catches." if caught else "does not catch."), {})


def result(check: str, subject: str, good: bool, detail: str, seen: Mapping[str, Any]) -> Result:
    return Result(check, subject, Outcome.PASS if good else Outcome.FAIL, detail[:1].upper() + detail[1:], (), seen)


def relative(ours: Any, theirs: Any) -> float:
    """The largest difference over the largest number; infinite where shapes differ or something is no number."""
    np = numpy()
    if ours.shape != theirs.shape or not np.isfinite(ours).all():
        return float("inf")
    return float(np.abs(ours - theirs).max() / max(float(np.abs(theirs).max()), 1e-12))
