"""Correct ports raise no alarm, and what can be shown of them is shown."""

from __future__ import annotations

import pytest

from porter.harness.result import Outcome

from .conftest import Port, Verify, original

READ = {"static", "edits", "import"}
COMPUTED = {"forward", "half", "train-step", "ten-steps", "determinism", "save-load", "distributed"}
SPOKEN = {"generate", "known-answers"}
SHOWN = {
    "baichuan-7b": READ | COMPUTED | SPOKEN,
    "chatglm2-6b": READ | COMPUTED | SPOKEN,
    "detector": READ | {"forward", "train-step", "command"},
    "minimal-gpt": READ | COMPUTED | SPOKEN | {"command"},
}
COMMANDS = {"minimal-gpt": "python train.py --max_iters=3", "detector": "python main.py --device {device}"}


# Each takes a minute. Of minimal-gpt all checks run in the folder verify/ that is written for it (test_written.py).
FULLY = {"baichuan-7b": "mlu", "chatglm2-6b": "npu", "detector": "npu"}
BESIDES = {("minimal-gpt", "mlu"): ("command", "lines")}


@pytest.mark.parametrize("target", ["npu", "mlu"])
@pytest.mark.parametrize("case", sorted(SHOWN))
def test_a_correct_port(case: str, target: str, port: Port, verify: Verify) -> None:
    """Every check on one of the targets, on the other those that read and the simplest that computes."""
    besides = BESIDES.get((case, target), ())
    only = () if FULLY.get(case) == target else (*sorted(READ), "forward", *besides)
    command = COMMANDS.get(case, "") if not only or "command" in only else ""
    results = verify(port(case, target), original(case), *only, command=command)
    bad = [(r.check, r.detail) for r in results if r.outcome in (Outcome.FAIL, Outcome.HANG)]
    assert bad == []
    unsimulated = {
        r.check for r in results if r.outcome is Outcome.NEEDS_DEVICE and "simulated device lacks" in r.detail
    }
    wanted = SHOWN[case] & set(only or SHOWN[case])
    assert {r.check for r in results if r.outcome is Outcome.PASS} >= wanted - unsimulated


@pytest.mark.parametrize("case", ["nasty", "transformers-slice"])
@pytest.mark.parametrize("target", ["npu", "mlu"])
def test_static_is_calm(case: str, target: str, port: Port, verify: Verify) -> None:
    (result,) = verify(port(case, target), None, "static")
    assert (result.outcome, result.detail) == (Outcome.PASS, result.detail)


def test_nothing_is_green_without_the_original(port: Port, verify: Verify) -> None:
    compared = ("forward", "train-step", "generate", "command")
    results = verify(port("minimal-gpt", "npu"), None, *compared, command="python bench.py")
    assert {r.check: r.outcome for r in results} == dict.fromkeys(compared, Outcome.REFERENCE)
    assert all("--original" in r.detail for r in results)
