"""From the packs of `rules/` (and a person's own) to the one resolved pack for a target and an upstream project."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from porter import kinds
from porter.data import folder
from porter.errors import UsageError
from porter.model import PackUse, Target
from porter.packs.pack import Pack, PackFile
from porter.packs.read import convert, line_of, read_yaml
from porter.packs.rule import Rule

_VARIABLE = re.compile(r"<([a-z][a-z0-9_]*)>")
_LITERAL = {"examples", "ignores"}  # bound too, but allowed to hold angle brackets of their own


@dataclass(frozen=True)
class Upstream:
    """The project that a checkout is, as far as it says so itself."""

    name: str = ""
    version: str = ""


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
    for home in (folder("rules"), *extra):
        if not home.is_dir():
            raise UsageError(f"{home}: there is no such folder of rules.")
        for path in sorted((*home.glob("*.yaml"), *home.glob("*.yml"), *home.glob("upstream/*.yaml"))):
            if path.stem in found:
                raise UsageError(
                    f"{path}: a pack named {path.stem!r} exists already at {found[path.stem]}; rename yours."
                )
            found[path.stem] = path
    return found


def load(target: Target, upstream: Upstream = Upstream(), extra: Iterable[Path] = ()) -> Pack:
    """Resolve base ← target ← upstream ← a person's own packs, and keep the rules that apply."""
    paths = pack_paths(extra)
    if target.name not in paths:
        raise UsageError(f"There is no rule pack for the target {target.name!r}.")
    chain = _chain(target.name, paths)
    chain += _extensions(target, upstream, paths, {name for name, _ in chain})
    draft = _Draft(variables={"target": target.name, "torch": ".".join(target.torch.split(".")[:2])})
    for name, file in chain:
        _inherit(draft, name, file, paths[name])
    return _resolve(draft, target, upstream)


def _extensions(
    target: Target, upstream: Upstream, paths: dict[str, Path], used: set[str]
) -> Iterator[tuple[str, PackFile]]:
    """The packs that join in because of the upstream project, or because a person brought them."""
    targets = {path.stem for path in (folder("rules") / "targets").glob("*.yaml")}
    for name, path in sorted(paths.items()):
        if name in used or name in targets or name == "base":
            continue
        file = read_pack(path)
        for_target = file.extends in (None, "base", target.name)
        if for_target and (file.upstream is None or file.upstream.lower() == upstream.name.lower()):
            yield name, file


def _chain(name: str, paths: dict[str, Path]) -> list[tuple[str, PackFile]]:
    """A pack and its ancestors, the oldest first."""
    chain: list[tuple[str, PackFile]] = []
    at: str | None = name
    while at is not None:
        if any(at == seen for seen, _ in chain):
            raise UsageError(f"{paths[at]}: the pack extends itself, by way of {' → '.join(n for n, _ in chain)}.")
        if at not in paths:
            raise UsageError(f"{paths[chain[-1][0]]}: extends {at!r}, but there is no such pack.")
        file = read_pack(paths[at])
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
    draft.positions |= file.positions
    own: dict[str, int] = {}
    for index, rule in enumerate(file.rules):
        rule_id = str(rule.get("id", f"number {index + 1}"))
        if rule_id in own:
            raise UsageError(f"{path}:{line_of(path, ('rules', index))}: the id {rule_id} stands twice in this pack.")
        own[rule_id] = index
        draft.rules[rule_id] = (rule, path, index, file)
    for rule_id, reason in file.disable.items():
        if rule_id not in draft.rules:
            raise UsageError(
                f"{path}:{line_of(path, ('disable', rule_id))}: disables {rule_id}, which no inherited pack has."
            )
        if len(reason.split()) < 2:
            raise UsageError(
                f"{path}:{line_of(path, ('disable', rule_id))}: disabling {rule_id} needs a reason in words."
            )
        del draft.rules[rule_id]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    draft.uses.append(PackUse(name, digest, tuple(sorted(file.disable.items()))))


def _resolve(draft: _Draft, target: Target, upstream: Upstream) -> Pack:
    rules: list[Rule] = []
    home: dict[str, str] = {}
    for rule_id, (raw, path, index, file) in sorted(draft.rules.items()):
        bound = _bind(raw, draft.variables, path, index)
        rule: Rule = convert(bound, kinds.any_rule(), path, prefix=("rules", index), subject=f"rule {rule_id}")
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


def _bind(value: Any, variables: dict[str, str], path: Path, index: int, key: str = "") -> Any:
    """Replace `<variable>` in every text of a rule."""
    if isinstance(value, str):

        def replace(found: re.Match[str]) -> str:
            if found[1] in variables:
                return variables[found[1]]
            if key in _LITERAL:
                return found[0]
            raise UsageError(
                f"{path}:{line_of(path, ('rules', index, key))}: no pack gives the variable <{found[1]}> a value."
            )

        return _VARIABLE.sub(replace, value)
    if isinstance(value, dict):
        return {
            _bind(k, variables, path, index, key): _bind(v, variables, path, index, key or str(k))
            for k, v in value.items()
        }
    if isinstance(value, list):
        return [_bind(item, variables, path, index, key) for item in value]
    return value


def _applies(rule: Rule, target: Target, upstream: Upstream, path: Path, index: int) -> bool:
    wanted = rule.applies
    try:
        return (
            (not wanted.targets or target.name in wanted.targets)
            and _satisfies(target.version, wanted.target)
            and _satisfies(target.torch, wanted.torch)
            and (wanted.upstream is None or wanted.upstream.lower() == upstream.name.lower())
            and (wanted.versions is None or not upstream.version or _satisfies(upstream.version, wanted.versions))
        )
    except InvalidSpecifier as error:
        raise UsageError(f"{path}:{line_of(path, ('rules', index, 'applies'))}: rule {rule.id}: {error}.") from error


def _satisfies(version: str, specifier: str | None) -> bool:
    if specifier is None:
        return True
    try:
        return SpecifierSet(specifier).contains(Version(version), prereleases=True)
    except InvalidVersion:
        return True
