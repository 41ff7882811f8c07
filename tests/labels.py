"""The hand-written labels of the fixtures (`fixtures/<case>/case.yaml`), checked against a plan."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from porter.checkout.text import decode
from porter.model import Edit, FilePlan, Plan, Verdict

FIXTURES = Path(__file__).parent.parent / "fixtures"
MODULES = {"npu": "torch_npu", "mlu": "torch_mlu"}


def cases() -> list[str]:
    return sorted(path.parent.name for path in FIXTURES.glob("*/case.yaml"))


def targets(case: str) -> list[str]:
    return list(_case(case)["targets"])


def _case(case: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((FIXTURES / case / "case.yaml").read_text(encoding="utf-8"))
    return loaded


@dataclass
class Checker:
    """Checks the labels of one case against the plan for one target."""

    case: str
    target: str
    plan: Plan

    def failures(self) -> list[str]:
        """A line for each label that does not hold."""
        out: list[str] = []
        for label in _case(self.case)["expect"]:
            if self.target in label.get("only", [self.target]):
                wrong = getattr(self, f"_{label['do']}")(label)
                if wrong:
                    out.append(f"{label['file']}:{label.get('line', '')} [{label['do']}] {wrong}")
        return out

    def _file(self, label: dict[str, Any]) -> FilePlan | None:
        return next((f for f in self.plan.files if f.path == label["file"]), None)

    def _original(self, label: dict[str, Any]) -> bytes:
        return (FIXTURES / self.case / "in" / label["file"]).read_bytes()

    def _lines(self, label: dict[str, Any]) -> tuple[bytes, bytes]:
        """The labelled line before and after."""
        raw = self._original(label)
        planned = self._file(label)
        line = label["line"]
        if planned is None or not planned.changed:
            text = raw.splitlines()[line - 1]
            return text, text
        data = decode(raw, label["file"]).data
        edits = [e for f in planned.findings for e in f.edits]
        return data.splitlines()[line - 1], _line_after(data, edits, line)

    def _change(self, label: dict[str, Any]) -> str:
        before, after = self._lines(label)
        want = label[self.target].encode()
        return "" if want in after else f"{before!r} became {after!r}, not {want!r}"

    def _keep(self, label: dict[str, Any]) -> str:
        before, after = self._lines(label)
        return "" if before == after else f"{before!r} became {after!r}"

    def _verdict(self, label: dict[str, Any], verdicts: set[Verdict]) -> str:
        planned = self._file(label)
        found = [f for f in planned.findings if "line" not in label or f.line == label["line"]] if planned else []
        if any(f.verdict in verdicts for f in found):
            return ""
        return f"no such finding, only {[(f.verdict.value, f.rule) for f in found]}"

    def _manual(self, label: dict[str, Any]) -> str:
        return self._verdict(label, {Verdict.MANUAL, Verdict.REVIEW})

    def _review(self, label: dict[str, Any]) -> str:
        return self._verdict(label, {Verdict.REVIEW, Verdict.MANUAL})

    def _same(self, label: dict[str, Any]) -> str:
        planned = self._file(label)
        return "the file changed" if planned is not None and planned.changed else ""

    def _never(self, label: dict[str, Any]) -> str:
        planned = self._file(label)
        return f"{label[self.target]} was written" if planned and label[self.target].encode() in planned.ported else ""

    def _import(self, label: dict[str, Any]) -> str:
        """The vendor's module is imported, and before any import from the target."""
        planned = self._file(label)
        if planned is None:
            return "no plan for this file"
        tree = ast.parse(planned.ported)
        module = MODULES[self.target]
        imports = [
            n.lineno
            for n in ast.walk(tree)
            if isinstance(n, ast.Import) and any(a.name.split(".")[0] == module for a in n.names)
        ]
        if not imports:
            return f"does not import {module}"
        needs = [
            n.lineno
            for n in ast.walk(tree)
            if isinstance(n, ast.ImportFrom) and (n.module or "").startswith(f"torch.{self.target}")
        ]
        return "" if not needs or min(imports) <= min(needs) else f"imports {module} too late"

    def _inject(self, label: dict[str, Any]) -> str:
        planned = self._file(label)
        if planned is None:
            return "no plan for this file"
        owner, _, name = label["function"].rpartition(".")
        for node in ast.walk(ast.parse(planned.ported)):
            if isinstance(node, ast.ClassDef) and node.name == owner:
                for inner in node.body:
                    if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)) and inner.name == name:
                        return (
                            "" if f"torch.{self.target}.set_device(" in ast.unparse(inner) else "nothing was injected"
                        )
        return "no such function"


def _line_after(data: bytes, edits: list[Edit], line: int) -> bytes:
    """What became of a line: whole inserted lines before it do not count."""
    starts = [0]
    for text in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(text))
    start, end = starts[line - 1], starts[line]
    out, at = b"", start
    for edit in sorted(set(edits), key=lambda e: (e.start, e.end)):
        whole_line = (
            edit.start == edit.end and edit.start in (start, end) and edit.new.strip() and b"import" in edit.new
        )
        if edit.start < start or edit.end > end or whole_line:
            continue
        out += data[at : edit.start] + edit.new
        at = edit.end
    return (out + data[at:end]).rstrip(b"\r\n")
