"""`porter migrate MODEL_DIR --target mindspore`: a model's folder in, a port with report and lock out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from porter import __version__
from porter.data import folder
from porter.errors import UsageError
from porter.lock import FORMAT, LOCK_NAME, MADE_BY, Lock, LockedPack, LockedTarget, Upstream, digest, written
from porter.mindspore.accounts import Row, Tensors, files, keys, old_configurations, tensors
from porter.mindspore.checks import check
from porter.mindspore.configurations import Chosen, chosen, parameters
from porter.mindspore.environment import target
from porter.mindspore.hardware import hardware, speeds
from porter.mindspore.model_dir import Model, read_model
from porter.mindspore.write import port_files, render_report
from porter.model import Verdict
from porter.port.written import Written

OWN = "configs/own"  # where a person's configurations go


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """All that a port will be, before anything is written."""

    name: str
    root: Path
    model: Model
    tensors: Tensors
    chosen: Chosen
    rows: dict[str, list[Row]]
    files: dict[str, str]

    def count(self, verdict: Verdict) -> int:
        return sum(row.verdict is verdict for rows in self.rows.values() for row in rows)

    @property
    def needs_a_person(self) -> bool:
        return bool(self.count(Verdict.REVIEW) + self.count(Verdict.MANUAL))


def plan_model(root: Path, family: str = "") -> ModelPlan:
    """Reads a model's folder; nothing is written, and none of its code is run."""
    if not root.is_dir():
        raise UsageError(f"There is no folder {root}; name the folder of a Hugging Face model.")
    model, name = read_model(root, family), root.resolve().name
    own = old_configurations(root)
    picked = chosen(model)
    rows = {"config.json": keys(model), "files": files(root), "notes": _notes(model, picked, own)}
    found = tensors(root, model)
    if found.missing:
        rows["notes"].append(Row("weights", Verdict.REVIEW, found.missing))
    made = port_files(name, model, picked)
    return ModelPlan(
        name, root, model, found, picked, rows, made | {f"{OWN}/{file}": text for file, text in own.items()}
    )


def write_model(plan: ModelPlan, out: Path, force: bool = False) -> Written:
    """The port at `out`, whole or not at all."""
    from porter.port.sibling import check_place, write_tree

    out = out.parent.resolve() / out.name
    check_place(plan.root.resolve(), out)
    content = {path: text.encode("utf-8", "surrogateescape") for path, text in plan.files.items()}
    facts = report_facts(plan)
    content["report.md"] = render_report(facts).encode("utf-8", "backslashreplace")
    content["report.json"] = (json.dumps(facts["json"], indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode(
        "utf-8", "backslashreplace"
    )
    content["model/config.json"] = (json.dumps(plan.model.config, indent=1, sort_keys=True) + "\n").encode("ascii")

    def build(new: Path) -> None:
        for path, data in content.items():
            (new / path).parent.mkdir(parents=True, exist_ok=True)
            (new / path).write_bytes(data)
            if path.endswith(".sh"):
                (new / path).chmod(0o755)
        (new / LOCK_NAME).write_bytes(written(_lock(plan, {path: digest(data) for path, data in content.items()})))

    return Written(out, backup=write_tree(out, build, force))


def report_facts(plan: ModelPlan) -> dict[str, Any]:
    """What the report says, as data; `json` is the part that report.json has."""
    mapped = plan.tensors.mapped
    dropped = list(mapped.dropped) if mapped else []
    counts = {verdict.value: plan.count(verdict) for verdict in Verdict}
    whole = {
        "format": 1,
        "made_by": f"porter {__version__}",
        "model": plan.name,
        "family": plan.model.family.name,
        "target": {"name": "mindspore", "mindspore": target().mindspore, "mindformers": target().mindformers},
        "parameters": parameters(plan.model),
        "summary": counts,
        "tensors": {
            "found": plan.tensors.found,
            "bytes": plan.tensors.size,
            "made": len(mapped.made) if mapped else 0,
            "left_out": [{"tensor": name, "why": why} for name, why in dropped],
            "missing": plan.tensors.missing,
        },
        "rows": {
            kind: [{"subject": row.subject, "verdict": row.verdict.value, "why": row.why} for row in rows]
            for kind, rows in plan.rows.items()
        },
        "configurations": [run.name for run in plan.chosen.runs],
        "not_checked": not_checked(),
    }
    kinds = Counter(run.hardware for run in plan.chosen.runs)
    return {
        "json": whole,
        "plan": plan,
        "counts": counts,
        "dropped": dropped,
        "target": target(),
        "parameters": parameters(plan.model),
        "hardware": {name: hardware()[name] for name in kinds},
        "speeds": [speed for speed in speeds() if speed.family == plan.model.family.name],
        "not_checked": not_checked(),
        "verdicts": Verdict,
    }


@cache
def not_checked() -> list[str]:
    """What only hardware can tell."""
    import yaml

    found: list[str] = yaml.safe_load((folder("rules") / "mindspore" / "not_checked.yaml").read_text(encoding="utf-8"))
    return found


def _notes(model: Model, picked: Chosen, own: dict[str, str]) -> list[Row]:
    import yaml

    notes = [Row("configurations", Verdict.REVIEW, note) for note in picked.notes]
    if model.family.position == "alibi":
        why = "ALiBi goes through the mask, so flash attention and incremental inference cannot be used."
        notes.append(Row("model/mindformers_model.py", Verdict.REVIEW, why))
    if model.tied:
        why = "The head is the embedding. The converted weights have it once, as this MindFormers expects."
        notes.append(Row("lm_head.weight", Verdict.KEPT, why))
    for name, text in own.items():
        try:
            complaints = check(yaml.safe_load(text), model)
        except yaml.YAMLError:
            notes.append(Row(f"{OWN}/{name}", Verdict.MANUAL, "This is no YAML; mend it."))
            continue
        for complaint in complaints:
            notes.append(Row(f"{OWN}/{name}", (Verdict.REVIEW, Verdict.MANUAL)[complaint.error], complaint.text))
    return notes


def _lock(plan: ModelPlan, tree: dict[str, str]) -> Lock:
    family = folder("rules") / "mindspore" / "families" / f"{plan.model.family.name}.yaml"
    return Lock(
        format=FORMAT,
        porter=__version__,
        made_by=MADE_BY,
        upstream=Upstream(plan.name, "", "", ()),
        target=LockedTarget("mindspore", target().mindspore, ""),
        packs=(LockedPack(f"mindspore/{plan.model.family.name}", digest(family.read_bytes())),),
        options={"family": plan.model.family.name},
        tree=tree,
    )


Said = Callable[[str], None]


def run(root: Path, family: str, out: Path | None, force: bool, say: Said) -> bool:
    """The verb: whether a person is needed afterwards."""
    plan = plan_model(root, family)
    to = out or root.resolve().parent / f"{plan.name}_mindspore"
    done = write_model(plan, to, force)
    model, mapped = plan.model, plan.tensors.mapped
    say(f"{plan.name} is {model.family.title} with {parameters(model) / 1e9:.2f} billion parameters.")
    if mapped:
        made = f"{plan.tensors.found} tensors become {len(mapped.made)}, {len(mapped.dropped)} are left out"
        say(f"{made}; convert them with {done.path / 'prepare.sh'}.")
    found = sum(len(rows) for rows in plan.rows.values())
    counts = " + ".join(f"{plan.count(verdict)} {verdict.value}" for verdict in Verdict)
    say(f"Accounted for: {found} = {counts}")
    for rows in plan.rows.values():
        for row in rows:
            if row.verdict in (Verdict.REVIEW, Verdict.MANUAL):
                say(f"  {row.verdict.value}: {row.subject}: {row.why}")
    say(f"\nPort:   {done.path}\nReport: {done.path / 'report.md'}")
    if done.backup is not None:
        say(f"Backup of what you had changed: {done.backup}")
    return plan.needs_a_person
