"""What needs neither torch nor MindSpore: the mapping, the configurations and the scripts."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator

from porter.errors import UsageError
from porter.harness.result import Outcome, Result
from porter.mindspore.accounts import tensors
from porter.mindspore.checks import check
from porter.mindspore.configurations import chosen
from porter.mindspore.model_dir import Model
from porter.mindspore.verify.levels import Place
from porter.mindspore.weights.mapping import HUGGINGFACE, MINDSPORE, expected, mapping
from porter.mindspore.weights.tensor import Tensor


def static(place: Place) -> list[Result]:
    """One result for the mapping, one for each configuration and script."""
    return [_mapping(place), *_configurations(place), *_scripts(place)]


def _mapping(place: Place) -> Result:
    """On the original's own names where it is at hand, else on those that its configuration asks for."""
    source = {row.huggingface: Tensor(row.huggingface, "float32", row.shape) for row in expected(place.model)}
    subject = "names and shapes from config.json"
    try:
        if place.original is not None:
            found = tensors(place.original, place.model)
            if found.mapped is None:
                return Result("mapping", str(place.original.name), Outcome.REFERENCE, found.missing)
            subject = f"{found.found} tensors of {place.original.name}"
        problem = there_and_back(place.model, source)
    except UsageError as error:
        return Result("mapping", subject, Outcome.FAIL, str(error))
    if problem:
        return Result("mapping", subject, Outcome.FAIL, problem)
    said = f"{len(source)} tensors become {sum(len(row.mindspore) for row in expected(place.model))}, and come back."
    return Result("mapping", subject, Outcome.PASS, said)


def there_and_back(model: Model, source: dict[str, Tensor]) -> str:
    """What is wrong with the mapping, if anything: no name twice, and the way back ends where it began."""
    there = mapping(model, source, MINDSPORE)
    names = [made.tensor.name for made in there.made]
    if len(set(names)) != len(names):
        return f"{next(name for name in names if names.count(name) > 1)} is made twice."
    back = mapping(model, {made.tensor.name: made.tensor for made in there.made}, HUGGINGFACE)
    again = {made.tensor.name: made.tensor for made in back.made}
    odd = sorted(name for name in again.keys() | source.keys() if again.get(name) != source.get(name))
    return f"{odd[0]} does not come back as it was." if odd else ""


def _configurations(place: Place) -> Iterator[Result]:
    import yaml

    cards = {f"{run.name}.yaml": run.cards for run in chosen(place.model).runs}
    paths = sorted((place.port / "configs").rglob("*.yaml"))
    if not paths:
        yield Result("configurations", "configs", Outcome.FAIL, "The port has no configurations.")
    for path in paths:
        name = path.relative_to(place.port).as_posix()
        try:
            config = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            yield Result("configurations", name, Outcome.FAIL, f"It is no YAML: {' '.join(str(error).split())}.")
            continue
        found = check(config, place.model, cards.get(path.name) if path.parent.name == "configs" else None)
        errors = [complaint.text for complaint in found if complaint.error]
        notes = tuple(complaint.text for complaint in found if not complaint.error)
        said = " ".join(errors) or "Cards, heads, layers, micro batches, memory and names fit."
        yield Result("configurations", name, Outcome.FAIL if errors else Outcome.PASS, said, notes)


def _scripts(place: Place) -> Iterator[Result]:
    for path in sorted((*place.port.glob("*/*.py"), *place.port.glob("*.sh"), *place.port.glob("launch/*.sh"))):
        name, problem = path.relative_to(place.port).as_posix(), ""
        if path.suffix == ".py":
            try:
                compile(path.read_bytes(), name, "exec", dont_inherit=True)
            except (SyntaxError, ValueError) as error:
                problem = f"It is no Python: {error}."
        elif bash := shutil.which("bash"):
            done = subprocess.run([bash, "-n", str(path)], capture_output=True, text=True, check=False)
            problem = " ".join(done.stderr.split()) if done.returncode else ""
        else:
            yield Result("scripts", name, Outcome.NOT_APPLICABLE, "There is no bash here that could read it.")
            continue
        yield Result("scripts", name, Outcome.FAIL if problem else Outcome.PASS, problem or "It is whole.")
