"""Reads the port without running it: it compiles, every place has a verdict, and every name exists on the target."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from itertools import chain
from pathlib import Path, PurePosixPath

from porter.harness.case import Case
from porter.harness.foreign import wrong_names
from porter.harness.launches import misfits
from porter.harness.parsed import broken
from porter.harness.result import Outcome, Result
from porter.harness.sources import Source, read
from porter.lock import digest
from porter.model import Finding, Verdict
from porter.own import repository
from porter.report.summary import number
from porter.targets.catalog import resolve

NAME = "static"
ORDER = 10
PROVES = "Every Python file compiles, a second plan finds nothing left to port, and every name of the device exists."
CANNOT = "Whether the code does the same as before."

_VENDOR_IMPORT = "DEV004"  # the rule that adds it


def run(case: Case) -> Iterator[Result]:
    """One result for the whole port."""
    found = (
        _broken(case),
        _undone(case),
        _missing_names(case),
        _without_vendor_module(case),
        _without_import(case),
        _misfits(case),
    )
    faults = sorted({*chain(*found), *wrong_names(case.handwork.changes, case.lock.target.name)})
    notes = list(_open_places(case))
    if faults:
        more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
        yield Result(NAME, "the port", Outcome.FAIL, f"{faults[0]}{more}.", (*faults[1:], *notes))
        return
    sites = sum(map(len, case.lock.edits.values()))
    said = f"{len(_python(case.stage.port))} Python files compile; each of {sites} places has a verdict."
    yield Result(NAME, "the port", Outcome.PASS, said, tuple(notes), {"places": sites})


def _python(root: Path) -> list[str]:
    return [entry.path for entry in repository(root) if entry.kind == "python" and not entry.is_symlink]


def _broken(case: Case) -> Iterator[str]:
    """Files that do not compile, but for those that came so: porter changes no file that it cannot read."""
    for path in _python(case.stage.port):
        error = _syntax_error(case.stage.port / path)
        untouched = case.lock.tree.get(path) == digest((case.stage.port / path).read_bytes())
        if error and (path in case.lock.files or not untouched):
            yield f"{path}:{error}"


def _misfits(case: Case) -> Iterator[str]:
    """What is not Python and can no longer be read, and command lines that their program does not take."""
    original = case.stage.original
    if original is not None:
        edited = {change.file for change in case.handwork.changes if not change.meant}
        yield from broken(case.stage.port, original, edited)
        sheet = resolve(f"{case.lock.target.name}@{case.lock.target.version}")[1].sheet
        names = {sheet.device: "cuda", sheet.backend: "nccl"}
        yield from misfits(case.stage.port, case.sources, original, read(original), names)


def _syntax_error(path: Path) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(path.read_bytes(), path.name, "exec", dont_inherit=True)
    except SyntaxError as error:
        return f"{error.lineno} does not compile: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return f"1 does not compile: {error}"
    return ""


def _undone(case: Case) -> Iterator[str]:
    for finding in case.replan.undone:
        yield f"{finding.file}:{finding.line} was not ported: {_spot(finding)} ({finding.rule} {finding.name})"


def _spot(finding: Finding) -> str:
    return f"`{finding.before.strip()}`" if finding.before.strip() else "something is to be inserted"


def _missing_names(case: Case) -> Iterator[str]:
    """Names below torch.<device> that this version of the target is known to lack."""
    _, surface = resolve(f"{case.lock.target.name}@{case.lock.target.version}")
    device = surface.sheet.device
    new = _new_names(case, device)
    for file, dotted, line in _device_names(case.sources, device):
        if device == "cuda":
            continue
        answer = surface.look(f"torch.cuda.{dotted.removeprefix(f'torch.{device}.')}")
        release = f"{case.lock.target.name} {case.lock.target.version}"
        if answer.status == "missing":
            yield f"{file}:{line} uses {dotted}, which {release} does not have"
        elif not answer.name and dotted in new:
            yield f"{file}:{line} uses {dotted}, which neither torch.cuda has nor, as far as is known, {release}"


def _new_names(case: Case, device: str) -> set[str]:
    """Names of the device that stand in the port and nowhere in its original; none where that is not at hand.

    A name that upstream wrote for the device is the vendor's own. Porter writes no name that it does not know.
    """
    if case.stage.original is None:
        return set()
    upstream = {name for _, name, _ in _device_names(read(case.stage.original), device)}
    _, surface = resolve(f"{case.lock.target.name}@{case.lock.target.version}")
    own = [entry.to for entry in (*surface.sheet.names.values(), *surface.sheet.modules.values()) if not entry.missing]
    new = {name for _, name, _ in _device_names(case.sources, device)} - upstream
    return {name for name in new if not any(f"{known}.".startswith(f"{name}.") for known in own)}


def _without_vendor_module(case: Case) -> Iterator[str]:
    """Files that porter ported and that use the device's names, but do not import the module that makes them."""
    _, surface = resolve(f"{case.lock.target.name}@{case.lock.target.version}")
    module = surface.sheet.module
    used: dict[str, tuple[str, int]] = {}
    for file, dotted, line in _device_names(case.sources, surface.sheet.device):
        if file in case.lock.files:
            used.setdefault(file, (dotted, line))
    for helper in case.replan.helpers:
        module = PurePosixPath(helper).stem
    for source in case.sources:
        if not module or _imports(source.tree, module):
            continue
        if source.file in used:
            dotted, line = used[source.file]
            yield f"{source.file}:{line} uses {dotted}, and the file does not import {module}"
        elif any(found.rule == _VENDOR_IMPORT for found in case.lock.edits.get(source.file, ())):
            yield f"{source.file}:1 no longer imports {module}, which porter put there"


def _without_import(case: Case) -> Iterator[str]:
    """The same in notebooks and in code within shell scripts: porter put the import there, and it is gone."""
    module = resolve(f"{case.lock.target.name}@{case.lock.target.version}")[1].sheet.module
    for file, found in sorted(case.lock.edits.items()) if not case.replan.helpers else ():
        path = case.stage.port / file
        put = any(each.rule == _VENDOR_IMPORT for each in found) and not file.endswith(".py")
        if put and path.is_file() and f"import {module}" not in path.read_text(encoding="utf-8", errors="replace"):
            yield f"{file} no longer imports {module}, which porter put there"


def _device_names(sources: list[Source], device: str) -> Iterator[tuple[str, str, int]]:
    for source in sources:
        for node in ast.walk(source.tree):
            dotted = _dotted(node) if isinstance(node, ast.Attribute) else ""
            if dotted.startswith(f"torch.{device}."):
                yield source.file, dotted, getattr(node, "lineno", 0)


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        outer = _dotted(node.value)
        return f"{outer}.{node.attr}" if outer else ""
    return node.id if isinstance(node, ast.Name) else ""


def _imports(tree: ast.Module, module: str) -> bool:
    for node in ast.walk(tree):
        named = [alias.name for alias in node.names] if isinstance(node, (ast.Import, ast.ImportFrom)) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            named += [node.module, node.module.rpartition(".")[2]]
        if any(name.partition(".")[0] == module for name in named):
            return True
    return False


def _open_places(case: Case) -> Iterator[str]:
    for verdict in (Verdict.MANUAL, Verdict.REVIEW):
        found = [f for f in case.replan.findings if f.verdict is verdict]
        if found:
            first = f"{found[0].file}:{found[0].line} {found[0].rule}"
            yield f"{number(len(found), 'place')} of the port left to a person ({verdict.value}), such as {first}"
