"""What the harness finds in a checkout by reading it: what it will run, and what a person has to tell it."""

from __future__ import annotations

import ast
import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from porter.harness import told
from porter.harness.candidates import Candidates, Model
from porter.harness.models import methods
from porter.harness.probes import tiny
from porter.harness.sources import Source, imported, read
from porter.harness.written.pages import commands
from porter.own import repository
from porter.settings import Verify

TALK = ("chat", "stream_chat")
_MANY = 400  # Python files that are read for this at most: a library has more, and nobody waits for it
_PREPARED = ("numpy", "transformers")
_TRAINERS = {"Trainer", "Seq2SeqTrainer", "SFTTrainer", "Accelerator"}


@dataclass(frozen=True)
class Untold:
    """Something that is not run, why, and the line of [tool.porter.verify] that changes it."""

    what: str
    why: str
    line: str


@dataclass(frozen=True)
class Found:
    """All that a checkout offers."""

    modules: list[Source]
    preload: list[str]  # of the packages that they import: those that take long
    models: list[Model]
    generators: list[Model]
    talkers: list[Model]
    commands: tuple[str, ...]  # that a person told
    suggested: list[str]  # that the pages of the repository show: they are not run
    auto_map: list[str]
    untold: list[Untold]
    any: bool = True

    def orders(self, which: str) -> list[dict[str, object]]:
        """What probes are told of these models."""
        return [model.order for model in getattr(self, which)]

    @property
    def speakers(self) -> list[Model]:
        """The models that may say something."""
        return [model for model in self.models if model in self.generators or model in self.talkers]

    def files(self, which: str) -> dict[str, str]:
        """Where the modules of these models and of their configurations stand."""
        wanted = {name for model in getattr(self, which) for name in (model.module, model.config_module)}
        return {source.name: source.file for source in self.modules if source.name in wanted}

    @property
    def module_orders(self) -> list[dict[str, object]]:
        return [{"file": source.file, "name": source.name, "path": list(source.path)} for source in self.modules]


def find(root: Path, settings: Verify, changed: Collection[str] = frozenset()) -> Found:
    """Reads the checkout; runs nothing of it."""
    many = sum(entry.kind == "python" for entry in repository(root))
    sources = read(root) if many <= _MANY or settings.models else []
    candidates = told.models(sources, settings, changed)
    models = candidates.tried
    having = methods(sources, models)
    modules = [source for source in sources if not source.script]
    packages = set().union(*map(imported, modules))
    scripts = _scripts(sources)
    return Found(
        modules=modules,
        preload=[name for name in _PREPARED if name in packages],
        models=models,
        generators=[model for model in models if "generate" in having[model.subject]],
        talkers=[model for model in models if having[model.subject] & set(TALK)],
        commands=settings.commands,
        suggested=[c for c in commands(root, [s.file for s in sources]) if c not in settings.commands],
        auto_map=_auto_map(root),
        untold=[*_models_untold(sources, candidates), *_scripts_untold(scripts, settings)]
        if sources or not many
        else [_too_many(many)],
    )


def _scripts(sources: list[Source]) -> list[tuple[str, str]]:
    found = []
    for source in sources:
        calls = {_last(node.func) for node in ast.walk(source.tree) if isinstance(node, ast.Call)}
        said = ["takes arguments"] if calls & {"ArgumentParser", "HfArgumentParser", "parse_args"} else []
        said += ["trains with " + " and ".join(sorted(calls & _TRAINERS))] if calls & _TRAINERS else []
        if source.script:
            said.append(source.script)
        if _is_script(source):
            found.append((source.file, ", ".join(said) or "started as a script"))
    return found


def _is_script(source: Source) -> bool:
    return bool(source.script) or any(
        isinstance(node, ast.If) and "__main__" in ast.unparse(node.test) for node in source.tree.body
    )


def _too_many(files: int) -> Untold:
    why = f"it has {files:,} Python files, too many to be read for checks; models that are told are tried all the same"
    return Untold("the repository", why, 'models = ["file.py:Class"]')


def _scripts_untold(scripts: list[tuple[str, str]], settings: Verify) -> list[Untold]:
    words = " ".join(settings.commands)
    return [
        Untold(file, f"Nobody knows what this script needs ({said}).", _command(file))
        for file, said in scripts
        if file not in words and Path(file).name != "setup.py"
    ]


def _command(file: str) -> str:
    return f"commands = [{json.dumps(f'python {file}', ensure_ascii=False)}]"


def _models_untold(sources: list[Source], candidates: Candidates) -> list[Untold]:
    unknown = [(model, name) for model in candidates.tried for name in _unknown_sizes(sources, model)]
    unknown += [(model, name) for model in candidates.lacking for name in model.lacks]
    found = [
        Untold(model.subject, f"it needs {name!r}, for which there is no tiny value", _size(model, name))
        for model, name in unknown
    ]
    for model in candidates.beyond:
        line = f'models = ["{model.file}:{model.name}"]'
        found.append(Untold(model.subject, "not tried: there are more models than the harness takes", line))
    if not any((candidates.tried, candidates.beyond, candidates.lacking)):
        why = "no class with a forward was found that is derived from a module of torch or transformers"
        found.append(Untold("a model", why, 'models = ["file.py:Class"]'))
    return found


def _size(model: Model, name: str) -> str:
    return f"config = {{ {json.dumps(f'{model.file}:{model.name}')} = {{ {name} = 1 }} }}"


def _unknown_sizes(sources: list[Source], model: Model) -> list[str]:
    """The required arguments of what is built first for which nobody knows a small number."""
    wanted = model.config or model.name
    for source in sources:
        for node in source.tree.body:
            if isinstance(node, ast.ClassDef) and node.name == wanted:
                return [name for name in _required(node) if name not in model.told and tiny.size(name) is None]
    return []


def _required(node: ast.ClassDef) -> list[str]:
    start = next((n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"), None)
    if start is None:
        return []
    plain = [argument.arg for argument in start.args.args[1:]]
    with_default = len(start.args.defaults)
    needed = plain[: len(plain) - with_default] if with_default else plain
    keywords = zip(start.args.kwonlyargs, start.args.kw_defaults, strict=True)
    return [*needed, *(argument.arg for argument, default in keywords if default is None)]


def _auto_map(root: Path) -> list[str]:
    """The classes that a config.json at the root names for transformers' remote code."""
    try:
        named = json.loads((root / "config.json").read_text(encoding="utf-8"))["auto_map"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return sorted(f"{key}: {value}" for key, value in named.items()) if isinstance(named, dict) else []


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
