"""Kind `flag`: places that no rule can port. Reported with advice, never changed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from porter.kinds import guard, version
from porter.model import Safety, Verdict
from porter.packs.packages import Packages
from porter.packs.requirement import judge
from porter.packs.rule import BESIDE, NOT
from porter.packs.rule import Rule as Head
from porter.proposal import Proposal
from porter.python import kernels
from porter.python.dotted import last_name
from porter.python.imports import import_sites
from porter.python.patterns import Pattern, match
from porter.python.scene import Scene


class Rule(Head, tag_field="kind", tag="flag", frozen=True, kw_only=True):
    """Qualified `names` (and all below them), expression `match` patterns, whole-string `strings`, or the `packages`
    that are tied to CUDA."""

    names: tuple[str, ...] = ()
    match: tuple[str, ...] = ()
    words: tuple[str, ...] = ()  # one of these stands wherever the rule matches: needed for `strings`
    strings: tuple[str, ...] = ()  # regular expressions for the whole text of a string that is no prose
    keywords: tuple[str, ...] = ()  # names of keyword arguments
    without: tuple[str, ...] = ()  # keyword arguments of which none may be given where `match` matches
    inside: tuple[str, ...] = ()  # names of functions: `match` counts only in these
    compared: tuple[str, ...] = ()  # qualified functions whose results are compared with something
    extensions: str = ""  # a regular expression for imported modules that no Python file of the repo is
    packages: bool = False


def triggers(rule: Rule) -> set[str]:
    from porter.kinds.call import pattern

    if rule.words:
        return {BESIDE.join([word, *(NOT + each for each in rule.without * word.endswith("("))]) for word in rule.words}
    words = {name.strip("*") for name in rule.names} | {pattern(text).trigger for text in rule.match}
    words |= {*rule.keywords, *rule.compared}
    return words | (_package_triggers() if rule.packages else set())


# Functions that take the name of a package.
_LOOKUPS = ("find_spec", "import_module", "require_version")


def _package_triggers() -> set[str]:
    names = Packages.shared().triggers()
    return {f"import {name}" for name in names} | {f"{call}({BESIDE}{name}" for call in _LOOKUPS for name in names}


def find(scene: Scene, rules: list[Rule]) -> Iterator[Proposal]:
    for rule in rules:
        if rule.packages:
            yield from _packages(scene, rule)
        if rule.strings:
            yield from _strings(scene, rule)
        if rule.keywords:
            yield from _keywords(scene, rule)
        if rule.extensions:
            yield from _extensions(scene, rule)
        if rule.compared:
            yield from _comparisons(scene, rule)
    yield from _patterns(scene, rules)
    yield from _names(scene, rules)


class _Names:
    """Flagged names: a listed name and all below it, or a glob. A rule that renames a longer name goes before."""

    def __init__(self, scene: Scene, rules: list[Rule]) -> None:
        from porter.kinds import api

        self._renamed = {source for rule in scene.pack.of(api.Rule) for source in api.sources(rule)}
        self._plain = {name: rule for rule in rules for name in rule.names if "*" not in name}
        self._globs = [(re.compile(re.escape(n).replace(r"\*", ".*")), r) for r in rules for n in r.names if "*" in n]

    def find(self, segments: tuple[str, ...]) -> tuple[Rule, bool] | None:
        """The rule that flags a name, and whether it is only a glob that does."""
        for length in range(len(segments), 0, -1):
            prefix = ".".join(segments[:length])
            if prefix in self._renamed:
                return None
            if prefix in self._plain:
                return self._plain[prefix], False
        whole = ".".join(segments)
        return next(((rule, True) for regex, rule in self._globs if regex.fullmatch(whole)), None)


def _names(scene: Scene, rules: list[Rule]) -> Iterator[Proposal]:
    known = _Names(scene, rules)
    source = scene.module.source
    for site in import_sites(scene.module):
        for alias in site.statement.names:
            found = known.find(site.qualified(alias))
            if found is not None:
                start, end = site.span(alias)
                yield Proposal(found[0], start, end, _verdict(found[0]), fallback=found[1])
    for chain in scene.module.chains:
        for meaning in scene.names.meanings(chain):
            found = known.find(meaning.segments)
            if found is not None:
                span = source.start(chain.node), source.end(chain.node)
                because = kernels.of_load_inline(scene, chain.node)
                yield Proposal(found[0], *span, _verdict(found[0]), because=because, fallback=found[1])
                break


def _verdict(rule: Rule) -> Verdict:
    """A flag that is safe says that the place may stay."""
    return Verdict.KEPT if rule.safety is Safety.SAFE else Verdict.MANUAL


def _patterns(scene: Scene, rules: list[Rule]) -> Iterator[Proposal]:
    from porter.kinds.call import pattern

    wanted: dict[str, list[tuple[Rule, Pattern]]] = {}
    for rule in rules:
        for text in rule.match:
            wanted.setdefault(pattern(text).key, []).append((rule, pattern(text)))
    source = scene.module.source
    nodes: list[ast.expr] = [*scene.module.calls, *(c.node for c in scene.module.chains), *scene.module.attributes]
    for node in nodes:
        for rule, one in wanted.get(last_name(node), ()):
            found = match(one, node, scene.names) is not None and not _given(node, rule.without)
            if found and (not rule.inside or _home(scene, node) in rule.inside):
                yield Proposal(rule, source.start(node), source.end(node), _verdict(rule))


def _home(scene: Scene, node: ast.AST | None) -> str:
    """The name of the function that a node stands in."""
    while node is not None and not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        node = scene.module.parents.get(node)
    return node.name if node is not None else ""


def _given(node: ast.expr, keywords: tuple[str, ...]) -> bool:
    """Whether a call has one of these arguments, or hands on keywords that nobody can see."""
    return bool(keywords) and isinstance(node, ast.Call) and any(k.arg in {None, *keywords} for k in node.keywords)


def _strings(scene: Scene, rule: Rule) -> Iterator[Proposal]:
    wanted = [re.compile(text) for text in rule.strings]
    source = scene.module.source
    for node in scene.module.strings:
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and not isinstance(scene.module.parents.get(node), ast.Expr)
        ):
            text = node.value
            if any(regex.fullmatch(text) for regex in wanted):
                yield Proposal(rule, source.start(node), source.end(node), Verdict.MANUAL, fallback=True)


def _keywords(scene: Scene, rule: Rule) -> Iterator[Proposal]:
    source = scene.module.source
    for node, name in scene.module.named:
        if isinstance(node, ast.keyword) and name in rule.keywords:
            yield Proposal(rule, source.start(node), source.start(node) + len(name.encode()), Verdict.MANUAL)


def _comparisons(scene: Scene, rule: Rule) -> Iterator[Proposal]:
    """`major >= 8`, where major came from one of the functions."""
    source = scene.module.source
    for compare in scene.module.compares:
        for side in (compare.left, *compare.comparators):
            call = _behind(scene, side)
            meaning = scene.names.expression(call.func) if isinstance(call, ast.Call) else None
            if meaning is not None and meaning.qualified in rule.compared:
                yield Proposal(rule, source.start(compare), source.end(compare), Verdict.MANUAL)
                break


def _extensions(scene: Scene, rule: Rule) -> Iterator[Proposal]:
    """Imports of compiled modules, by their names."""
    source = scene.module.source
    for statement in scene.module.imports:
        for alias in statement.names if isinstance(statement, ast.Import) else ():
            if re.fullmatch(rule.extensions, alias.name) and not scene.is_own(alias.name):
                yield Proposal(rule, source.start(alias), source.end(alias), Verdict.MANUAL, fallback=True)
    for call in scene.module.calls:
        first = call.args[0] if call.args else None
        if last_name(call) == "import_module" and isinstance(first, ast.Constant):
            name = str(first.value)
            if re.fullmatch(rule.extensions, name) and not scene.is_own(name):
                yield Proposal(rule, source.start(call), source.end(call), Verdict.MANUAL, fallback=True)


def _behind(scene: Scene, node: ast.expr) -> ast.expr:
    """The call that a value comes from: through an attribute, an index, and one assignment."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    if isinstance(node, ast.Name):
        bindings = scene.module.scope(node).lookup(node.id) or []
        values = [binding.value for binding in bindings if binding.value is not None]
        if len(values) == 1:
            node = values[0]
            while isinstance(node, (ast.Attribute, ast.Subscript)):
                node = node.value
    return node


def _declared(scene: Scene, rule: Rule) -> Iterator[Proposal]:
    """Requirements in setup.py whose version is not what needs to change."""
    source = scene.module.source
    pins = [each for each in scene.pack.of(version.Rule) if each.pins]
    for node in scene.declared:
        text = str(node.value)
        found = judge(text, scene.target.name)
        if found is not None and not any(version.pinned(each, text, 0, scene.target) for each in pins):
            span = source.start(node), source.end(node)
            yield Proposal(rule, *span, Verdict.MANUAL, (), found.because, found.advice, found.package)


def _packages(scene: Scene, rule: Rule) -> Iterator[Proposal]:
    """Imports of packages that the target lacks or replaces, and code that asks whether they are there."""
    known, source = Packages.shared(), scene.module.source
    guarding = bool(scene.pack.of(guard.Rule))
    for each in scene.tied:
        if each.guard.wraps and guarding:
            continue  # a place of the rule that wraps it
        verdict = Verdict.KEPT if each.guard.caught else Verdict.MANUAL
        said = "; ".join(filter(None, [f"The package is {each.package.name}", each.guard.caught or each.guard.lacking]))
        span = source.start(each.site.statement), each.end
        todo = each.package.advice(scene.target.name) or ""
        native = kernels.of_triton(scene) if each.package.name == "triton" else ""
        yield Proposal(rule, *span, verdict, (), f"{said}. {native}".strip(), todo, each.package.name)
    yield from _declared(scene, rule)
    for call in scene.module.calls:
        first = call.args[0] if call.args else None
        if last_name(call).lstrip("_") in _LOOKUPS and isinstance(first, ast.Constant) and isinstance(first.value, str):
            package = known.imported(re.split(r"\W", first.value)[0])
            advice = package.advice(scene.target.name) if package else None
            if package is not None and advice is not None:
                because = f"The package is {package.name}; the code asks whether it is there."
                span = source.start(call), source.end(call)
                asks = last_name(call) == "find_spec" and package.is_missing(scene.target.name)
                yield Proposal(rule, *span, Verdict.KEPT if asks else Verdict.MANUAL, (), because, advice, package.name)
