"""What is known of each vendor's device: read from data/, as YAML beside the code or as JSON in a shim folder."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import SimulationError

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class DtypeFact:
    """A dtype that the device lacks: `refused`, `narrowed` (computed narrower, silently) or `doubtful` (in part)."""

    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Facts:
    """One vendor's device as the simulator must imitate it."""

    device: str
    module: str
    distribution: str
    backend: str
    autoload: bool  # its plug-in is loaded by `import torch`
    threads: str
    autocast: str
    dtypes: dict[str, DtypeFact]
    host_fallbacks: list[str]
    doubtful_operators: list[str]
    sparse: str  # whether its plug-in has sparse tensors: "yes", "no" or "unknown"
    context_error: str  # what the vendor says of a thread without a context
    sharded_scaler: bool  # its plug-in puts a scaler of its own in the place of FSDP's, which is for CUDA alone
    hip: str  # the ROCm version that torch.version.hip tells; "" on all others
    # What a name below torch.cuda is called on the device ("CUDAGraph": "torch.npu.NPUGraph"), None: it is missing.
    # A name that is not listed is not known, and taken to exist under its own name.
    surface: dict[str, str | None] = field(default_factory=dict)
    # The same for names of torch outside torch.cuda, all in full.
    outside: dict[str, str | None] = field(default_factory=dict)

    def vendor_name(self, member: str) -> str | None:
        """The dotted name of a member of torch.cuda on this device; None where its release has no such thing."""
        return self.surface.get(member, f"torch.{self.device}.{member}")


def targets() -> list[str]:
    """The devices that can be simulated."""
    return sorted({path.stem for path in DATA.iterdir() if path.suffix in (".yaml", ".json")})


def read_raw(target: str) -> dict[str, Any]:
    """The plain data of a target, as its file has it."""
    as_json = DATA / f"{target}.json"
    if as_json.is_file():
        return dict(json.loads(as_json.read_text(encoding="utf-8")))
    as_yaml = DATA / f"{target}.yaml"
    if not as_yaml.is_file():
        raise SimulationError(f"{target!r} cannot be simulated: the simulated devices are {', '.join(targets())}.")
    import yaml  # only beside the code: a shim folder carries JSON, so that a child needs nothing but torch

    return dict(yaml.safe_load(as_yaml.read_text(encoding="utf-8")))


def load(target: str) -> Facts:
    """The facts of one target."""
    raw = read_raw(target)
    return Facts(
        device=raw["device"],
        module=raw["module"],
        distribution=raw["distribution"],
        backend=raw["backend"],
        autoload=raw["autoload"],
        threads=raw["threads"],
        autocast=raw["autocast"],
        dtypes={name: DtypeFact(**fact) for name, fact in raw["dtypes"].items()},
        host_fallbacks=raw["host_fallbacks"],
        doubtful_operators=raw["doubtful_operators"],
        sparse=raw["sparse"],
        context_error=raw.get("context_error", ""),
        sharded_scaler=raw.get("sharded_scaler", False),
        hip=raw.get("hip", ""),
        surface=raw.get("surface", {}),
        outside=raw.get("outside", {}),
    )
