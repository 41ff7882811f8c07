"""Weights that a model would download when it is built: there is no network, and they are left as they were made."""

from __future__ import annotations

from typing import Any

import torch

_NOTE = "weights that it downloads when it is built were left as they were made"


class _Absent(dict[str, Any]):
    """Stands for downloaded weights, and for each part of them."""

    def __missing__(self, key: str) -> _Absent:
        return self


def do_without(notes: list[str]) -> None:
    """From now on in this process. The repository's modules come later: they may take torch's function by name."""
    load = torch.nn.Module.load_state_dict

    def absent(*_: Any, **__: Any) -> _Absent:
        return _Absent()

    def kept(model: Any, state: Any, *more: Any, **named: Any) -> Any:
        if not isinstance(state, _Absent):
            return load(model, state, *more, **named)
        if _NOTE not in notes:
            notes.append(_NOTE)
        return "nothing was loaded"

    torch.hub.load_state_dict_from_url = absent
    torch.nn.Module.load_state_dict = kept
