"""Seeds and generator states of the devices."""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any

from .base import Base


def members(base: Base) -> dict[str, Any]:
    """The names of torch.cuda and torch.cuda.random that seed."""
    generators = tuple(base.controls.default_generator(i) for i in range(base.controls.device_count()))

    def current() -> Any:
        return generators[base.controls.current_device()]

    def manual_seed_all(seed: int) -> None:
        for generator in generators:
            generator.manual_seed(int(seed))

    def get_rng_state(device: Any = None) -> Any:
        return generators[base.index(device)].get_state()

    def set_rng_state(state: Any, device: Any = None) -> None:
        generators[base.index(device)].set_state(state.cpu())

    def set_rng_state_all(states: Any) -> None:
        for index, state in enumerate(states):
            set_rng_state(state, index)

    functions: dict[str, Any] = {
        "manual_seed": lambda seed: current().manual_seed(int(seed)) and None,
        "manual_seed_all": manual_seed_all,
        "seed": lambda: current().seed() and None,
        "seed_all": lambda: manual_seed_all(int.from_bytes(os.urandom(8), "little") >> 1),
        "initial_seed": lambda: current().initial_seed(),
        "get_rng_state": get_rng_state,
        "set_rng_state": set_rng_state,
        "get_rng_state_all": lambda: [get_rng_state(i) for i in range(len(generators))],
        "set_rng_state_all": set_rng_state_all,
    }
    module = ModuleType(f"torch.{base.name}.random")
    vars(module).update(functions)
    return {**functions, "random": module, "default_generators": generators}
