"""Trains each model in two processes on both sides: DDP, and sharded, over the vendor's own collectives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from porter.harness.case import Case
from porter.harness.checks.ten_steps import judge_ways
from porter.harness.comparison import Seen, Trial, compare
from porter.harness.result import Result
from porter.harness.stage import ORIGINAL, PORT, Answer
from porter.sim import facts

NAME = "distributed"
ORDER = 65
PROVES = "Two processes that torchrun starts train alike with DDP and FSDP, over the vendor's backend instead of nccl."
CANNOT = "The vendor's collectives themselves (gloo is behind them here); the repository's own launch: use --run."

RANKS = 2


def run(case: Case) -> Iterator[Result]:
    """One result for each model."""
    yield from compare(case, Trial(NAME, "distributed", _judge, ask=_ask))


def _ask(case: Case, probe: str, order: dict[str, Any]) -> tuple[Answer, Answer]:
    backends = {ORIGINAL: "nccl" if case.stage.on_cuda else "gloo", PORT: facts.load(case.stage.name).backend}
    before, after = (
        case.stage.probe(side, probe, {**order, "backend": backend}, devices=RANKS, ranks=RANKS)
        for side, backend in backends.items()
    )
    return before, after


def _judge(case: Case, before: Answer, after: Answer) -> Seen:
    return judge_ways(case, before.data["trained"], after.data["trained"])
