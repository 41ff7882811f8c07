"""From the packs of `rules/` (and a person's own) to the one resolved pack for a target and an upstream project."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier

from porter import kinds
from porter.data import folder
from porter.errors import UsageError
from porter.model import PackUse, Target
from porter.packs.check import faults, position_faults
from porter.packs.holds import holds
from porter.packs.pack import Pack, PackFile
from porter.packs.read import convert, line_of, read_yaml
from porter.packs.rule import Rule
from porter.targets.catalog import sheet

_VARIABLE = re.compile(r"(?<!\?P)(?<!\\g)<([A-Za-z][A-Za-z0-9_]*)>")  # not a group of a regular expression
Reader = Callable[[str], PackFile]  # a pack by its name
# A line of an example that imports the vendor's module; on a target that has none, the line is not there.
_NO_IMPORT = re.compile(r"(?m)^[ \t]*import <(\w+)>\n")
_STYLE = "agnostic"  # its pack lies apart, for a style is no target and joins no project
_LITERAL = {"examples", "ignores"}  # bound too, but allowed to hold angle brackets of their own


@dataclass(frozen=True)
class Upstream:
    """The project that a checkout is, as far as it says so itself."""

    name: str = ""
    version: str = ""
    requires: Mapping[str, str] = field(default_factory=dict)  # specifiers by distribution
    known: frozenset[str] = frozenset()  # projects that it is, or has within, by the marks of their packs

    @property
    def names(self) -> frozenset[str]:
        """All that it is called, in lower case."""
        return self.known | {self.name.lower()}


@dataclass
class _Draft:
    """What a chain of packs has come to so far."""

    variables: dict[str, str] = field(default_factory=dict)
    vocabulary: list[str] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)
    positions: dict[str, Any] = field(default_factory=dict)
    rules: dict[str, tuple[dict[str, Any], Path, int, PackFile]] = field(default_factory=dict)
    uses: list[PackUse] = field(default_factory=list)


def pack_paths(extra: Iterable[Path] = ()) -> dict[str, Path]:
    """Every pack by its name: those of the project, then a person's own."""
    found: dict[str, Path] = {}
    for home in (folder("rules"), *(given for given in extra if not asked_for(given))):
        if not home.is_dir():
            known = ", ".join(optional())
            raise UsageError(f"{home}: there is no such folder of rules; the packs that one can ask for are {known}.")
        for path in sorted((*home.glob("*.yaml"), *home.glob("*.yml"), *home.glob("upstream/*.yaml"))):
            if path.stem in found:
                raise UsageError(
                    f"{path}: a pack named {path.stem!r} exists already at {found[path.stem]}; rename yours."
                )
            found[path.stem] = path
    return found


def optional() -> list[str]:
    """The packs of the project that hold only where a person asks for them: `--rules fused`."""
    paths = sorted(folder("rules").glob("*.yaml"))
    return [path.stem for path in paths if "\noptional: true" in path.read_text("utf-8") and read_pack(path).optional]


def asked_for(given: Path) -> bool:
    """Whether what a person gave with --rules is the name of an optional pack, and not a folder of theirs."""
    return len(given.parts) == 1 and not given.is_dir() and str(given) in optional()


def load(target: Target, upstream: Upstream = Upstream(), extra: Iterable[Path] = (), helper: str = "") -> Pack:
    """Resolve base ← target ← upstream ← style ← a person's own packs, and keep the rules that apply.

    `helper` is the name of the helper module, for the style that has one.
    """
    extra = tuple(extra)
    paths = pack_paths(extra)
    wanted = {str(given) for given in extra if asked_for(given)}
    if target.name not in paths:
        raise UsageError(f"There is no rule pack for the target {target.name!r}.")
    read = cache(lambda name: read_pack(paths[name]))
    chain = _chain(target.name, paths, read)
    passed_over = {name for name in paths if name not in wanted and read(name).optional}
    used = {name for name, _ in chain}
    joined = list(_extensions(upstream, paths.keys() - passed_over, paths, read, used))
    if helper:
        paths |= {_STYLE: folder("rules") / "styles" / f"{_STYLE}.yaml"}
        ours = sum(folder("rules") in paths[name].parents for name, _ in joined)
        joined.insert(ours, (_STYLE, read(_STYLE)))
    chain += joined
    short = ".".join(target.torch.split(".")[:2])
    told = {"target": target.name, "torch": short, "torch_version": target.torch}
    draft = _Draft(variables={**told, "backend_module": sheet(target.name).backend_module})
    if helper:
        draft.variables["helper"] = helper
    for name, file in chain:
        _inherit(draft, name, file, paths[name])
    pack = _resolve(draft, target, upstream)
    return replace(pack, upstreams=frozenset(name for name, _ in chain if paths[name].parent.name == "upstream"))


def _extensions(
    upstream: Upstream, candidates: set[str], paths: dict[str, Path], read: Reader, used: set[str]
) -> Iterator[tuple[str, PackFile]]:
    """The packs that join in because of the upstream project, or because a person brought them: ancestors first."""
    others = {path.stem for path in (folder("rules") / "targets").glob("*.yaml")} - used
    used = set(used)
    project = folder("rules")
    for name in sorted(candidates - others, key=lambda name: (project not in paths[name].parents, name)):
        chain = _chain(name, paths, read)
        projects = {file.upstream.lower() for _, file in chain if file.upstream is not None}
        if others.isdisjoint(ancestor for ancestor, _ in chain) and projects <= upstream.names:
            yield from ((each, file) for each, file in chain if each not in used)
            used |= {each for each, _ in chain}


def _chain(name: str, paths: dict[str, Path], read: Reader) -> list[tuple[str, PackFile]]:
    """A pack and its ancestors, the oldest first."""
    chain: list[tuple[str, PackFile]] = []
    at: str | None = name
    while at is not None:
        if any(at == seen for seen, _ in chain):
            way = " → ".join([*(name for name, _ in chain), at])
            raise UsageError(f"{paths[at]}:{line_of(paths[at], ('extends',))}: the pack extends itself ({way}).")
        if at not in paths:
            child = paths[chain[-1][0]]
            raise UsageError(
                f"{child}:{line_of(child, ('extends',))}: extends {at!r}, but there is no such pack; "
                f"the known ones are {', '.join(sorted(paths))}."
            )
        file = read(at)
        chain.append((at, file))
        at = file.extends
    return list(reversed(chain))


def read_pack(path: Path) -> PackFile:
    """A pack as it stands in its file."""
    file = convert(read_yaml(path), PackFile, path)
    if file.pack != path.stem:
        line = line_of(path, ("pack",))
        raise UsageError(f"{path}:{line}: the pack is named {file.pack!r}, its file {path.stem!r}; they must agree.")
    return file


def _inherit(draft: _Draft, name: str, file: PackFile, path: Path) -> None:
    draft.variables |= file.vars
    draft.vocabulary += [word for word in file.vocabulary if word not in draft.vocabulary]
    draft.assumed += file.assumed
    for where, position in file.positions.items():
        for key, reason in position_faults(position):
            line = line_of(path, ("positions", where, key))
            raise UsageError(f"{path}:{line}: position {where}: {reason} (at {key}).")
    draft.positions |= file.positions
    own: dict[str, int] = {}
    for index, rule in enumerate(file.rules):
        rule_id = str(rule.get("id", f"number {index + 1}"))
        if rule_id in own:
            raise UsageError(f"{path}:{line_of(path, ('rules', index))}: the id {rule_id} stands twice in this pack.")
        own[rule_id] = index
        elsewhere = rule.get("applies") or {}
        targets = elsewhere.get("targets") if isinstance(elsewhere, dict) else None
        if isinstance(targets, list) and draft.variables["target"] not in targets and rule_id in draft.rules:
            continue  # what does not hold here replaces nothing
        draft.rules[rule_id] = (rule, path, index, file)
    for rule_id, reason in file.disable.items():
        if rule_id not in draft.rules and name != _STYLE:  # a style speaks of the rules of any target
            raise UsageError(
                f"{path}:{line_of(path, ('disable', rule_id))}: disables {rule_id}, which no inherited pack has."
            )
        if len(reason.split()) < 2:
            raise UsageError(
                f"{path}:{line_of(path, ('disable', rule_id))}: disabling {rule_id} needs a reason in words."
            )
        draft.rules.pop(rule_id, None)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    draft.uses.append(PackUse(name, digest, tuple(sorted(file.disable.items()))))


def _resolve(draft: _Draft, target: Target, upstream: Upstream) -> Pack:
    rules: list[Rule] = []
    home: dict[str, str] = {}
    for rule_id, (raw, path, index, file) in sorted(draft.rules.items()):
        bound = _bind(raw, draft.variables, rule_id, path, index)
        rule = _rule(bound, rule_id, path, index)
        for key, reason in faults(rule, draft.positions):
            line = line_of(path, ("rules", index, key))
            raise UsageError(f"{path}:{line}: rule {rule_id}: {reason} (at {key}).")
        if _applies(rule, target, upstream, path, index):
            rules.append(rule)
            home[rule_id] = file.pack
    return Pack(
        name=draft.uses[-1].name if draft.uses else "",
        variables=draft.variables,
        vocabulary=tuple(draft.vocabulary),
        assumed=frozenset(draft.assumed),
        positions=draft.positions,
        rules=tuple(rules),
        uses=tuple(draft.uses),
        home=home,
    )


def _rule(bound: dict[str, Any], rule_id: str, path: Path, index: int) -> Rule:
    kind, known = bound.get("kind"), sorted(kinds.modules())
    if kind not in known:
        given = f"there is no kind {kind!r} of rules" if "kind" in bound else "its kind is missing"
        line = line_of(path, ("rules", index, "kind"))
        raise UsageError(f"{path}:{line}: rule {rule_id}: {given}; the known ones are {', '.join(known)}.")
    rule: Rule = convert(bound, kinds.any_rule(), path, prefix=("rules", index), subject=f"rule {rule_id}")
    return rule


def _bind(value: Any, variables: dict[str, str], rule_id: str, path: Path, index: int, key: str = "") -> Any:
    """Replace `<variable>` in every text of a rule."""
    if isinstance(value, str):

        def replace(found: re.Match[str]) -> str:
            if found[1] in variables:
                return variables[found[1]]
            if key in _LITERAL:
                return found[0]
            raise UsageError(
                f"{path}:{line_of(path, ('rules', index, key))}: rule {rule_id}: "
                f"no pack gives the variable <{found[1]}> a value (at {key})."
            )

        if key in _LITERAL:
            value = _NO_IMPORT.sub(lambda found: found[0] if variables.get(found[1], found[1]) else "", value)
        return _VARIABLE.sub(replace, value)
    if isinstance(value, dict):
        return {
            _bind(k, variables, rule_id, path, index, key): _bind(v, variables, rule_id, path, index, key or str(k))
            for k, v in value.items()
        }
    if isinstance(value, list):
        return [_bind(item, variables, rule_id, path, index, key) for item in value]
    return value


def _applies(rule: Rule, target: Target, upstream: Upstream, path: Path, index: int) -> bool:
    try:
        return holds(rule.applies, target, upstream)
    except InvalidSpecifier as error:
        raise UsageError(f"{path}:{line_of(path, ('rules', index, 'applies'))}: rule {rule.id}: {error}.") from error
