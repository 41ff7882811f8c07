"""The errors of the simulator that a person can mend: each is one clear sentence."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

SAID = "porter.sim: "  # how each sentence begins on stderr


class SimulationError(Exception):
    """The simulated device cannot be had here; the sentence says why and what to do."""


@contextlib.contextmanager
def ending_in_a_sentence() -> Iterator[None]:
    """Within `import torch` there is nobody to catch the error: print the sentence and end the process."""
    try:
        yield
    except SimulationError as error:
        print(f"{SAID}{error}", file=sys.stderr)
        raise SystemExit(2) from None
