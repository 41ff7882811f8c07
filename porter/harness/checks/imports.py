"""Imports every module of the port under the simulated device, each in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from porter.harness.case import Case, told, trouble
from porter.harness.result import Outcome, Result
from porter.harness.sources import Source, imported
from porter.harness.stage import ORIGINAL, PORT

NAME = "import"
ORDER = 20
PROVES = "What runs when a module is imported finds the device's module and its names, and asks for no CUDA."
CANNOT = "What stands inside functions: it is not called."

_HEAVY = ("numpy", "transformers")  # imported once, before the processes part; never the vendor's module


def run(case: Case) -> Iterator[Result]:
    """One result for the whole port, its modules in the notes."""
    modules = [source for source in case.sources if not source.script]
    notes = [f"{source.file} was not imported: {source.script}" for source in case.sources if source.script]
    if not modules:
        yield Result(NAME, "the port", Outcome.NOT_APPLICABLE, "The port has no module to import.", tuple(notes))
        return
    answer = case.stage.probe(PORT, "imports", _order(case, modules))
    stopped = trouble(case, answer, "Importing the modules")
    if stopped:
        yield Result(NAME, "the port", *stopped, tuple(notes))
        return
    seen: Mapping[str, Mapping[str, Any]] = answer.data["modules"]
    own = {source.name.partition(".")[0] for source in case.sources}
    absent = {file: why for file, said in seen.items() if (why := _needs(said, own))}
    notes += [f"{file} was not imported: {why}" for file, why in absent.items()]
    faults, excused = _faults(case, modules, {file: said for file, said in seen.items() if file not in absent})
    yield _result(len(seen), len(absent) + len(excused), faults, (*excused, *notes))


def _result(tried: int, left_out: int, faults: list[str], notes: tuple[str, ...]) -> Result:
    if faults:
        return Result(NAME, "the port", Outcome.FAIL, faults[0], (*faults[1:], *notes))
    if left_out == tried:
        said = f"None of {tried} modules can be imported here."
        return Result(NAME, "the port", Outcome.NOT_APPLICABLE, said, notes)
    done = tried - left_out
    said = f"{done} of {tried} modules import; none of their own lines asks for CUDA."
    return Result(NAME, "the port", Outcome.PASS, said, notes, {"imported": done, "modules": tried})


def _order(case: Case, modules: list[Source]) -> dict[str, Any]:
    packages = {name for source in modules for name in imported(source)}
    return {
        "seconds": case.stage.limits.seconds * 0.8,
        "preload": [name for name in _HEAVY if name in packages],
        "modules": [{"file": source.file, "name": source.name, "path": source.path} for source in modules],
    }


def _needs(said: Mapping[str, Any], own: set[str]) -> str:
    """The package, or the version of one, that is not installed here."""
    if said.get("skipped"):
        return "the others took all the time (--timeout)"
    fault = said.get("fault", {})
    package = str(fault.get("missing", "")).partition(".")[0]
    if not package or package in own or package.startswith("torch_"):
        return ""
    if "." in fault["missing"]:
        return f"the {package} that is installed here has no {fault['missing']}"
    if fault["type"] == "ModuleNotFoundError":
        return f"{package} is not installed here"
    return f"the {package} that is installed here does not fit ({fault['message']})"


def _faults(
    case: Case, modules: list[Source], seen: Mapping[str, Mapping[str, Any]]
) -> tuple[list[str], tuple[str, ...]]:
    """What is wrong, and what is not the port's fault, for the original does the same."""
    failed = {file: said for file, said in seen.items() if "fault" in said or said.get("hang")}
    before = _original(case, [source for source in modules if source.file in failed])
    excused = {
        file: f"{file} was not imported: the original fails as well, {told(before[file]['fault'])}"
        for file, said in failed.items()
        if "fault" in before.get(file, {}) and before[file]["fault"]["type"] == said.get("fault", {}).get("type")
    }
    faults = [
        f"{file} cannot be imported: " + ("it was not done in time." if said.get("hang") else told(said["fault"]))
        for file, said in failed.items()
        if file not in excused
    ]
    rows = [row for file, said in seen.items() if file not in excused for row in said.get("leftovers", [])]
    left = sorted(
        {case.leftover(row["at"], row["what"]) + "." for row in rows if not case.excused(row["at"], row["what"])}
    )
    return left + faults, tuple(excused.values())


def _original(case: Case, modules: list[Source]) -> Mapping[str, Mapping[str, Any]]:
    if not case.stage.on_cuda or not modules:
        return {}
    answer = case.stage.probe(ORIGINAL, "imports", _order(case, modules))
    return dict(answer.data.get("modules", {}))
