"""Takes one training step with each model on both sides and compares loss, gradient norm and every weight."""

from __future__ import annotations

from collections.abc import Iterator

from porter.harness.case import Case
from porter.harness.comparison import Seen, Trial, compare
from porter.harness.result import Result
from porter.harness.stage import Answer

NAME = "train-step"
ORDER = 40
PROVES = "Loss, gradient norm and all weights after a step of AdamW are those of the original, to the last bit."
CANNOT = "The repository's own training loop: give that with --run."


def run(case: Case) -> Iterator[Result]:
    """One result for each model."""
    yield from compare(case, Trial(NAME, "train_step", _judge))


def _judge(case: Case, before: Answer, after: Answer) -> Seen:
    del case
    one, two = before.data, after.data
    loss, norm = float.fromhex(one["loss"]), float.fromhex(one["gradient norm"])
    seen = {"loss": loss, "gradient norm": norm, "weights": len(one["weights"])}
    for name in ("loss", "gradient norm"):
        if one[name] != two[name]:
            said = f"The {name} is {float.fromhex(two[name]):.9g}, and {seen[name]:.9g} in the original."
            return Seen(said, data=seen)
    changed = [name for name in one["weights"] if one["weights"][name] != two["weights"].get(name)]
    if changed or one["weights"].keys() != two["weights"].keys():
        first = changed[0] if changed else "a weight that only the port has"
        return Seen(f"After the step {max(len(changed), 1)} weights differ, the first is {first}.", data=seen)
    said = f"Loss {loss:.6f}, gradient norm {norm:.6f} and {len(changed) or len(one['weights'])} weights are equal."
    return Seen(right=said, data=seen)
