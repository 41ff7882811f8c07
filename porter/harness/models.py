"""Finds models that can be built tiny: classes of the repository with a forward, and the configuration they take."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from porter.harness.builders import Builders
from porter.harness.candidates import MOST, Candidates, Model
from porter.harness.probes import tiny
from porter.harness.sources import ROOT_PACKAGE, Source, imported

_CALLED_CONFIG = ("config", "cfg", "conf", "hparams", "hps", "args", "opt", "options", "params")


def find(
    sources: list[Source], told: Mapping[str, Mapping[str, Any]], changed: Collection[str] = frozenset()
) -> Candidates:
    """The models, each with the arguments that a person told of it (by `file.py:Class`); of changed files first."""
    repository = _Repository(sources)
    classes = [model for source in sources if not source.script for model in repository.models(source)]
    built = _built(sources, repository, {model.name for model in classes if model.lacks})
    known = frozenset[str]().union(*(model.makes for model in built))
    left = [model for model in classes if model.name not in known]
    found = [given(model, told) for model in (*built, *left)]
    made = sorted((model for model in found if not model.lacks), key=lambda model: model.file not in changed)
    return Candidates(made[:MOST], made[MOST:], [model for model in found if model.lacks])


def _built(sources: list[Source], repository: _Repository, lacking: set[str]) -> list[Model]:
    """The functions that build what cannot be built by its constructor alone."""
    builders = Builders(sources, repository.model_names)
    return [
        Model(source.file, source.name, node.name, source.path, "", "", makes=makes, options=builders.settings(node))
        for source, node, makes in builders.outermost()
        if makes & lacking
    ]


def given(model: Model, told: Mapping[str, Mapping[str, Any]]) -> Model:
    """The model with what a person told of its arguments."""
    own = told.get(f"{model.file}:{model.name}", {})
    return replace(model, told=own, lacks=tuple(name for name in model.lacks if name not in own))


def named(sources: list[Source], spec: str) -> Model | None:
    """The class that `file.py:Class` names, whatever else is made of it."""
    file, _, name = spec.partition(":")
    repository = _Repository(sources)
    for source in sources:
        for node in source.tree.body if source.file == file else ():
            if isinstance(node, ast.ClassDef) and node.name == name:
                return repository.model(source, node)
    return None


def methods(sources: list[Source], models: list[Model]) -> dict[str, set[str]]:
    """By subject the names of each model's methods, its bases of the repository included."""
    repository = _Repository(sources)
    return {
        model.subject: set().union(*(repository.methods("", name) for name in model.makes))
        if model.makes
        else repository.methods(model.file, model.name)
        for model in models
    }


class _Repository:
    """All classes of the repository by name; of two with one name the file's own is meant."""

    def __init__(self, sources: list[Source]) -> None:
        self._configs: dict[str, list[str]] = {}
        self._classes: dict[str, list[tuple[Source, ast.ClassDef]]] = {}
        self._made: set[str] = set()  # what functions and scripts call
        for source in sources:
            for node in source.tree.body:
                if isinstance(node, ast.ClassDef):
                    self._classes.setdefault(node.name, []).append((source, node))
                else:
                    self._made |= {_last(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)}

    def models(self, source: Source) -> list[Model]:
        """The outermost models of a file: those that no other class is made of."""
        made = []
        for node in source.tree.body:
            if isinstance(node, ast.ClassDef) and self._is_model(node) and node.name not in self._parts:
                model = self.model(source, node)
                if model is not None:
                    made.append(model)
        return made

    def model(self, source: Source, node: ast.ClassDef) -> Model | None:
        """A class as a model, if it has what one needs."""
        start = self._method(node, "__init__")
        if start is None or self._method(node, "forward") is None:
            return None
        config = self._config(source, node, start)
        where, name = (_beside(source, config[0]), config[1].name) if config else ("", "")
        read = () if config else _read_of_config(source, start)
        lacks = () if config or read else _without_value(start)
        own = self._tokenizer(source)
        return Model(source.file, source.name, node.name, source.path, where, name, read, lacks, tokenizer=own)

    def _tokenizer(self, source: Source) -> tuple[str, str]:
        """The class beside a model that reads a SentencePiece model."""
        folder = PurePosixPath(source.file).parent
        for pairs in self._classes.values():
            for other, node in pairs:
                beside = PurePosixPath(other.file).parent == folder and "sentencepiece" in imported(other)
                if beside and "PreTrainedTokenizer" in map(_last, node.bases):
                    return _beside(source, other), node.name
        return "", ""

    def methods(self, file: str, name: str, seen: frozenset[str] = frozenset()) -> set[str]:
        """Of a class and its bases."""
        found: set[str] = set()
        for source, node in self._classes.get(name, ()):
            if file in ("", source.file) and name not in seen:
                found.update(item.name for item in node.body if isinstance(item, ast.FunctionDef))
                bases = [_last(base) for base in node.bases]
                found.update(*(self.methods("", base, seen | {name}) for base in bases))
                if "PreTrainedModel" in bases or "GenerationMixin" in bases:
                    found.add("generate")
        return found

    @cached_property
    def model_names(self) -> set[str]:
        """Of all classes that are models, parts of others included."""
        return {name for name, pairs in self._classes.items() if any(self._is_model(node) for _, node in pairs)}

    @cached_property
    def _parts(self) -> set[str]:
        """Names that other models call, or choose to be called later: `norm = RMSNorm if … else LayerNorm`.

        Names that they inherit as well, but for those that a program makes, too.
        """
        called, inherited = set[str](), set[str]()
        every = [node for pairs in self._classes.values() for _, node in pairs]
        for outer in filter(self._is_model, every):
            called |= _mentioned(outer) - {outer.name}
            inherited |= {_last(base) for base in outer.bases} - {outer.name}
        return called | (inherited - self._made)

    def _is_model(self, node: ast.ClassDef, seen: frozenset[str] = frozenset()) -> bool:
        names = {_last(base) for base in node.bases}
        if names & {"Module", "PreTrainedModel", "LightningModule"}:
            return True
        own = [self._classes[name][0][1] for name in names - seen - {node.name} if name in self._classes]
        return any(self._is_model(base, seen | {node.name}) for base in own)

    def _method(self, node: ast.ClassDef, name: str) -> ast.FunctionDef | None:
        for item in node.body:
            if isinstance(item, ast.FunctionDef) and item.name == name:
                return item
        for base in map(_last, node.bases):
            if base != node.name and base in self._classes:
                return self._method(self._classes[base][0][1], name)
        return None

    def _config(self, source: Source, node: ast.ClassDef, start: ast.FunctionDef) -> tuple[Source, ast.ClassDef] | None:
        """The class of the first argument: as annotated, as config_class says, or by its name."""
        arguments = start.args.args[1:]
        if not arguments:
            return None
        first = arguments[0]
        names = [_annotation(first.annotation), _config_class(node)]
        if first.arg in _CALLED_CONFIG:
            names += [f"{node.name}Config", *self._configs_of(source)]
        for name in filter(None, names):
            if name in self._classes:
                own = [pair for pair in self._classes[name] if pair[0] is source]
                return (own or self._classes[name])[0]
        return None

    def _configs_of(self, source: Source) -> list[str]:
        """The only configuration class of the file, or of what it imports."""
        if source.file not in self._configs:
            named = {node.name for node in source.tree.body if isinstance(node, ast.ClassDef)}
            for node in ast.walk(source.tree):
                if isinstance(node, ast.ImportFrom):
                    named.update(alias.name for alias in node.names)
            configs = sorted(name for name in named if name.endswith("Config") and name in self._classes)
            self._configs[source.file] = configs if len(configs) == 1 else []
        return self._configs[source.file]


def _beside(source: Source, other: Source) -> str:
    """The other file's module name as seen from the folder that the first file's name starts in."""
    top = PurePosixPath(source.path[0] or ".")
    file = PurePosixPath(other.file)
    if source.name.startswith(f"{ROOT_PACKAGE}.") and str(file.parent) == ".":
        return f"{ROOT_PACKAGE}.{file.stem}"
    if other.name.count(".") or not file.is_relative_to(top):
        return other.name
    return ".".join(file.relative_to(top).with_suffix("").parts)


def _mentioned(outer: ast.ClassDef) -> set[str]:
    """The names that stand in a class's code as what they name; not those that a value is only held against."""
    asides: list[ast.expr | None] = [*outer.bases]
    asides += [node.annotation for node in ast.walk(outer) if isinstance(node, (ast.arg, ast.AnnAssign))]
    asides += [node.returns for node in ast.walk(outer) if isinstance(node, ast.FunctionDef)]
    calls = [node for node in ast.walk(outer) if isinstance(node, ast.Call)]
    asides += [second for call in calls if _last(call.func) in ("isinstance", "issubclass") for second in call.args[1:]]
    aside = {id(inner) for node in asides if node is not None for inner in ast.walk(node)}
    owners = {id(node.value) for node in ast.walk(outer) if isinstance(node, ast.Attribute)}
    names = [node for node in ast.walk(outer) if isinstance(node, ast.Name) and id(node) not in aside | owners]
    return {node.id for node in names} | {_last(call.func) for call in calls}


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _annotation(node: ast.expr | None) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.rpartition(".")[2]
    return _last(node) if node is not None else ""


def _config_class(node: ast.ClassDef) -> str:
    for item in node.body:
        if isinstance(item, ast.Assign) and any(_last(t) == "config_class" for t in item.targets):
            return _last(item.value)
    return ""


def _read_of_config(source: Source, start: ast.FunctionDef) -> tuple[str, ...]:
    """The settings that the file's classes read of the first argument, if it is called as a configuration is."""
    first = start.args.args[1].arg if len(start.args.args) > 1 else ""
    if first not in _CALLED_CONFIG:
        return ()
    called = {id(node.func) for node in ast.walk(source.tree) if isinstance(node, ast.Call)}
    classes = [node for node in source.tree.body if isinstance(node, ast.ClassDef)]
    read = [node for outer in classes for node in ast.walk(outer) if isinstance(node, ast.Attribute)]
    return tuple(sorted({node.attr for node in read if _last(node.value) == first and id(node) not in called}))


def _without_value(start: ast.FunctionDef) -> tuple[str, ...]:
    """The arguments that must be given and that no tiny value is known for."""
    arguments = start.args.args[1:]
    needed = arguments[: len(arguments) - len(start.args.defaults)]
    needed += [a for a, default in zip(start.args.kwonlyargs, start.args.kw_defaults, strict=True) if default is None]
    return tuple(a.arg for a in needed if tiny.value(a.arg, _annotation(a.annotation)) is None)
