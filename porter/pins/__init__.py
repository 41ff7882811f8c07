"""Versions: what the target's software needs of torch and its companions, and how a requirement is brought to it."""

from __future__ import annotations

from porter.pins.judge import Pin, judge_pin, judge_version
from porter.pins.relax import Change, admits, relax

__all__ = ["Change", "Pin", "admits", "judge_pin", "judge_version", "relax"]
