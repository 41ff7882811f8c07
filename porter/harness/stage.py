"""Where checks run: copies of the port and of its original, and the simulated device of each."""

from __future__ import annotations

import json
import shutil
import socket
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

from porter.errors import UsageError
from porter.harness.child import Ended, Limits, run
from porter.harness.reference import Answers, kept, key
from porter.sim import Options, SimulationError
from porter.weights import copy_or_share

PORT, ORIGINAL = "port", "original"
_PROBES = Path(__file__).parent / "probes"
_LEFT_OUT = (".git", "__pycache__", ".venv", "venv", "node_modules")


@dataclass(frozen=True)
class Answer:
    """What a probe came back with: its data, how its process ended, and the trace of what ran where."""

    ended: Ended
    data: Mapping[str, Any]
    trace: Mapping[str, Any] = field(default_factory=dict)
    recorded: bool = False  # by an earlier run


@dataclass
class Stage:
    """The two sides of a comparison in a scratch folder. `target` is a spec such as `npu@2.6.0`."""

    scratch: Path
    port: Path
    original: Path | None
    target: str
    python: str = sys.executable
    limits: Limits = field(default_factory=Limits)
    pythonpath: str = ""  # a person's own, for packages that lie beside the interpreter's
    networks: set[str] = field(default_factory=set)
    devices: int = 1
    compiled: bool = True  # else the slower device, and no simulated CUDA
    real: bool = False  # the port runs on the vendor's own device
    recorded: Answers = field(default_factory=dict)  # of the original, by an earlier run
    answers: Answers = field(default_factory=dict)  # of the original, by this one
    totals: Counter[str] = field(default_factory=Counter)  # of the port's traces
    watched: Mapping[str, list[int]] = field(default_factory=dict)  # lines of the port, by file
    ran: dict[str, set[str]] = field(default_factory=dict)  # those of them that ran, as `file:line`, by what ran them
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def name(self) -> str:
        """The target without its version."""
        return self.target.partition("@")[0]

    @cached_property
    def device(self) -> str:
        """What the target's device is called in code."""
        from porter.sim import facts

        return facts.load(self.name).device

    @cached_property
    def backend(self) -> str:
        """What the target's collectives are called."""
        from porter.sim import facts

        return facts.load(self.name).backend

    @property
    def on_cuda(self) -> bool:
        """Whether the original can be run, on simulated CUDA."""
        return self.original is not None and self.compiled

    @property
    def reference(self) -> str:
        """What a port on a real device is compared with."""
        recorded = self.recorded and not self.on_cuda
        return "what an earlier run recorded of the original" if recorded else self.made_here

    @property
    def made_here(self) -> str:
        """The reference that can be run."""
        return "the original on simulated CUDA" if self.on_cuda else "the port itself on the CPU"

    def tree(self, side: str) -> Path:
        """The copy of a side that probes read."""
        place = self.scratch / side
        if not place.exists():
            self.copy(side, place)
        return place

    def copy(self, side: str, place: Path) -> None:
        """Copies a side, so that what runs there writes nothing into it."""
        source = self.original if side == ORIGINAL and self.original else self.port
        ignore = shutil.ignore_patterns(*_LEFT_OUT)
        try:
            shutil.copytree(source, place, symlinks=True, ignore=ignore, copy_function=copy_or_share)
        except shutil.Error as error:  # a socket, a file without permission: said by the name of the first
            where, _, why = error.args[0][0]
            raise UsageError(f"{where} cannot be copied ({why}); the harness runs in a copy.") from error

    def probe(
        self, side: str, name: str, order: Mapping[str, Any], threads: str = "", devices: int = 0, ranks: int = 0
    ) -> Answer:
        """Runs one probe in a child under the side's simulated device, or in as many as there are `ranks`."""
        known = self.recorded.get(name, {}).get(key(order)) if side == ORIGINAL and not self.on_cuda else None
        if known is not None and "folder" not in order:  # the files that a probe wrote there are gone
            return Answer(Ended(0, "", "", False, 0.0, "none"), known, recorded=True)
        tree, stem = self.tree(side), f"{next(self._numbers)}-{side}-{name}"
        asked, answered = (self.scratch / f"{stem}.{end}" for end in ("order", "answer"))
        path = [str(tree / folder) for folder in order.get("path", ())]
        whole = {**order, "probe": name, "root": str(tree), "path": path}
        asked.write_text(json.dumps(whole), encoding="utf-8")
        command = [self.python, *_launcher(ranks), "-m", "porter_probes", str(asked), str(answered)]
        ended, traces = self.run(side, command, tree, threads, devices, name)
        data = _read(answered, ranks)
        if side == ORIGINAL and self.on_cuda and data and "fault" not in data:
            self.answers.setdefault(name, {})[key(order)] = kept(data)
        return Answer(ended, data, traces[0] if traces else {})

    def run(
        self, side: str, command: list[str], cwd: Path, threads: str = "", devices: int = 0, name: str = "command"
    ) -> tuple[Ended, list[dict[str, Any]]]:
        """Runs a command under the side's simulated device; also gives the traces of its processes."""
        traces = self.scratch / f"{next(self._numbers)}-trace"
        variables = self._variables(side, cwd, traces / "trace.json", threads, devices or self.devices)
        asked = self.scratch / f"{traces.name}.lines"
        if side == PORT and self.watched and not self.real:
            asked.write_text(json.dumps(self.watched), encoding="utf-8")
            variables["PORTERSIM_LINES"] = str(asked)
        ended = run(command, cwd, variables, self.scratch, self.limits)
        self.networks.add(ended.network)
        answers = asked.with_suffix(".ran")
        if answers.is_file():
            self.ran.setdefault(name, set()).update(answers.read_text(encoding="utf-8").splitlines())
        found = sorted(traces.glob("trace*.json"))
        whole = [json.loads(path.read_text(encoding="utf-8")) for path in found]
        for trace in whole if side == PORT else ():
            self.totals.update({name: trace[name] for name in ("operators_on_device", "operators_on_host")})
        return ended, whole

    def _variables(self, side: str, root: Path, trace: Path, threads: str, devices: int) -> dict[str, str]:
        from porter.sim import facts
        from porter.sim.build import cache_folder
        from porter.sim.run import environment

        if self.real and not (side == ORIGINAL and self.on_cuda):
            return self._on_real_device(side)
        spec = self.target if side == PORT else "cuda"
        name = spec.partition("@")[0]
        options = Options(name, devices, threads=threads, root=str(root), trace=str(trace), compiler=self.compiled)
        try:
            whole = environment(spec, options, autoload=False, python=self.python)
        except SimulationError as error:
            raise UsageError(str(error)) from error
        known = facts.load(name)
        told = {name: value for name, value in whole.items() if name.startswith("PORTERSIM_")}
        shim = whole["PYTHONPATH"].split(":")[0]
        path = ":".join(filter(None, [shim, str(self.library), self.pythonpath]))
        return {
            **told,
            "PORTER_PROBE_DEVICE": known.device,
            "PORTER_PROBE_MODULE": known.module,
            "PYTHONPATH": path,
            "PATH": f"{Path(self.python).parent}:{whole.get('PATH', '')}",  # `python` in a script is this one
            "PORTERSIM_CACHE": str(cache_folder()),
            "CUDA_VISIBLE_DEVICES": "" if spec != "cuda" else "0",
            "TORCH_DEVICE_BACKEND_AUTOLOAD": "0",
        }

    def _on_real_device(self, side: str) -> dict[str, str]:
        from porter.harness import real
        from porter.sim import facts

        known, mine = facts.load(self.name), real.environment()
        return {
            **mine,
            "PORTER_PROBE_DEVICE": known.device if side == PORT else "cpu",
            "PORTER_PROBE_NAMED": known.device,
            "PORTER_PROBE_MODULE": known.module,
            "PYTHONPATH": ":".join(filter(None, [str(self.library), mine.get("PYTHONPATH", "")])),
            "PATH": f"{Path(self.python).parent}:{mine.get('PATH', '')}",
        }

    @cached_property
    def library(self) -> Path:
        """The probes as a package of their own: the child needs torch, and nothing of porter."""
        folder = self.scratch / "lib"
        shutil.copytree(_PROBES, folder / "porter_probes", ignore=shutil.ignore_patterns("__pycache__"))
        return folder


def _read(path: Path, ranks: int) -> dict[str, Any]:
    """The answer; of several processes the first one's, unless another had a fault."""
    files = [path.with_name(f"{path.name}.rank{rank}") for rank in range(ranks)] or [path]
    found = [json.loads(file.read_text(encoding="utf-8")) for file in files if file.is_file()]
    faults = [answer for answer in found if "fault" in answer]
    # where one process fails the others only lose it, and what they say of that is no cause
    own = [answer for answer in faults if answer["fault"]["at"]]
    return dict(next(iter([*own, *faults, *found]), {}))


def _launcher(ranks: int) -> list[str]:
    """torchrun for that many processes, at a port that is free now; both sides of a comparison start at once."""
    if not ranks:
        return []
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    place = ["--master_addr", "127.0.0.1", "--master_port", str(port)]
    return ["-m", "torch.distributed.run", *place, "--nproc_per_node", str(ranks)]
