"""What a port was made with, chosen again: its target, its rules, and what the checkout's own settings name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from porter.bump.port import Port
from porter.checkout.source import Checkout
from porter.lock import Lock
from porter.plan import Choice
from porter.settings import read
from porter.styles.style import NATIVE


def choice_for(port: Port, checkout: Checkout, target: str, rules: tuple[Path, ...]) -> Choice:
    """The choice for a checkout; another target or a person's packs may be named."""
    settings = read(checkout.root)
    own = tuple(checkout.root / folder for folder in settings.rules)
    patches = tuple(checkout.root / folder for folder in settings.patches)
    again = replace(choice_of(port.lock), rules=(*own, *rules), patches=patches)
    return replace(again, target=target, beside=()) if target else again


def choice_of(lock: Lock) -> Choice:
    """Targets, style and rules as a lock has them."""
    only, skip, beside = (tuple(map(str, lock.options.get(name, ()))) for name in ("only", "skip", "beside"))
    style = str(lock.options.get("style", NATIVE))
    docs = bool(lock.options.get("docs", False))
    return Choice(f"{lock.target.name}@{lock.target.version}", only, skip, style=style, beside=beside, docs=docs)
