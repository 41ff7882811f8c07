"""What a port was made with, chosen again: its target, its rules, and what the checkout's own settings name."""

from __future__ import annotations

from pathlib import Path

from porter.bump.port import Port
from porter.checkout.source import Checkout
from porter.plan import Choice
from porter.settings import read


def choice_for(port: Port, checkout: Checkout, target: str, rules: tuple[Path, ...]) -> Choice:
    """The choice for a checkout; another target or a person's packs may be named."""
    only, skip = (tuple(map(str, port.lock.options.get(name, ()))) for name in ("only", "skip"))
    settings = read(checkout.root)
    own = tuple(checkout.root / folder for folder in settings.rules)
    patches = tuple(checkout.root / folder for folder in settings.patches)
    return Choice(target or f"{port.lock.target.name}@{port.lock.target.version}", only, skip, (*own, *rules), patches)
