"""Kind `api`: a qualified name becomes another one. The longest known prefix wins, one token changes."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from porter.kinds import import_
from porter.kinds.quoted import quoted
from porter.model import Edit, Verdict
from porter.packs.rule import Rule as Head
from porter.proposal import Proposal, verdict_of
from porter.python.imports import ImportSite, import_sites
from porter.python.module import Chain
from porter.python.names import Meaning
from porter.python.scene import Scene
from porter.styles.classes import only_called, stands_for_class, uses_of


class Rule(Head, tag_field="kind", tag="api", rename={"source": "from"}, frozen=True, kw_only=True):
    """`from` and all below it become `to`; without `to` the target's surface says what becomes of each name. Of several
    names each keeps its last part, behind `to`."""

    source: str | tuple[str, ...]
    to: str | None = None
    words: tuple[str, ...] = ()  # one of these stands in every file that spells the name


def triggers(rule: Rule) -> set[str]:
    return set(rule.words) or set(sources(rule))


def sources(rule: Rule) -> tuple[str, ...]:
    return (rule.source,) if isinstance(rule.source, str) else rule.source


@dataclass(frozen=True, slots=True)
class Judgement:
    """What becomes of a qualified name: its new segments, or why it has none."""

    rule: Rule
    segments: tuple[str, ...] | None
    because: str = ""
    sure: bool = True

    @property
    def verdict(self) -> Verdict:
        return verdict_of(self.rule.safety) if self.sure else Verdict.REVIEW


def find(scene: Scene, rules: list[Rule]) -> Iterator[Proposal]:
    renamer = Renamer(scene, rules)
    withheld: set[ast.alias] = set()
    for site in import_sites(scene.module):
        yield from renamer.imported(site, withheld)
    for chain in scene.module.chains:
        yield from renamer.used(chain, withheld)
    for node in scene.module.strings:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from quoted(scene, node, node.value, renamer.judge)


class Renamer:
    """Applies the api rules of a pack to the names of one module."""

    def __init__(self, scene: Scene, rules: list[Rule]) -> None:
        self._scene = scene
        self._source = scene.module.source
        self._rules = {source: rule for rule in rules for source in sources(rule)}
        self._stayed: set[ast.alias] = set()  # imports of a name that is the same on the target

    def judge(self, segments: tuple[str, ...]) -> Judgement | None:
        """What the rules and the target's surface make of a qualified name; None when no rule speaks of it."""
        for length in range(len(segments), 0, -1):
            rule = self._rules.get(".".join(segments[:length]))
            if rule is not None:
                return self._renamed(rule, segments, length)
        return None

    def _renamed(self, rule: Rule, segments: tuple[str, ...], length: int) -> Judgement:
        if rule.to is not None:
            kept = length if isinstance(rule.source, str) else length - 1
            return Judgement(rule, (*rule.to.split("."), *segments[kept:]))
        answer = self._scene.surface.look(".".join(segments))
        if answer.name and answer.status != "missing":
            sure = answer.status != "unknown"
            return Judgement(rule, tuple(answer.name.split(".")), _sentence(answer.note), sure)
        target = self._scene.target
        if self._scene.context.style is not None:
            return Judgement(rule, None, _sentence(answer.note))
        if answer.status == "missing":
            because = f"{target.title} has no counterpart of {'.'.join(segments)} in version {target.version}."
        else:
            because = f"Whether {target.title} has {'.'.join(segments)} is not known."
        return Judgement(rule, None, f"{because} {_sentence(answer.note)}".strip())

    # -- imports -----------------------------------------------------------------------------------------------------

    def imported(self, site: ImportSite, withheld: set[ast.alias]) -> Iterator[Proposal]:
        """Rename what an import statement spells. Names that stay behind are noted in `withheld`."""
        answers = {alias: self.judge(site.qualified(alias)) for alias in site.statement.names}
        concerned = {alias: answer for alias, answer in answers.items() if answer is not None}
        if not concerned:
            return
        done: dict[ast.alias, Judgement] = {}
        for alias, answer in concerned.items():
            start, end = site.span(alias)
            as_class = self._as_class(answer.segments, uses_of(self._scene.module, alias))
            if answer.segments is None or as_class:
                withheld.add(alias)
                yield Proposal(answer.rule, start, end, Verdict.MANUAL, because=as_class or answer.because)
            elif answer.segments != site.qualified(alias):
                done[alias] = answer
            else:
                self._stayed.add(alias)
                yield Proposal(answer.rule, start, end, answer.verdict, because=answer.because).kept()
        if done:
            yield from self._rewrite_import(site, done, stays=len(done) < len(answers), withheld=withheld)

    def _rewrite_import(
        self, site: ImportSite, done: dict[ast.alias, Judgement], *, stays: bool, withheld: set[ast.alias]
    ) -> Iterator[Proposal]:
        new = {alias: self._imported_as(answer.segments) for alias, answer in done.items()}
        found = {alias: segments for alias, segments in new.items() if segments is not None}
        edits = site.rename(found, stays=stays) if len(found) == len(done) else None
        for index, (alias, answer) in enumerate(done.items()):
            start, end = site.span(alias)
            runs = self._reaches(answer.segments)
            proposal = Proposal(answer.rule, start, end, answer.verdict, because=answer.because, runs=runs)
            if edits is None:
                withheld.add(alias)
                yield proposal.withheld(
                    "The names of this import go to different modules, which one statement cannot say."
                )
            else:
                own = edits.get(alias, ()) if isinstance(edits, dict) else edits if index == 0 else ()
                yield replace(proposal, edits=tuple(own))

    def _imported_as(self, segments: tuple[str, ...] | None) -> tuple[str, ...] | None:
        """What an import spells for a name: the helper module of a style lies somewhere in the repository."""
        style = self._scene.context.style
        return segments if style is None or segments is None else style.module_of(segments, self._scene.module.path)

    # -- uses --------------------------------------------------------------------------------------------------------

    def used(self, chain: Chain, withheld: set[ast.alias]) -> Iterator[Proposal]:
        """Rename what a dotted name spells itself."""
        meanings = self._scene.names.meanings(chain)
        judged = [(m, self.judge(m.segments)) for m in meanings]
        concerned = [(m, v) for m, v in judged if v is not None]
        if not concerned:
            return
        meaning, answer = concerned[0]
        start, end = self._source.start(chain.node), self._source.end(chain.node)
        spells = [(m, v) for m, v in concerned if m.spelled and (v.segments is None or self._spelled_change(m, v))]
        if len(judged) > 1:
            if spells:
                names = " or ".join(sorted(m.qualified for m in meanings))
                yield Proposal(answer.rule, start, end, Verdict.MANUAL, because=f"The name can mean {names} here.")
            return
        through = meaning.through
        if through is not None and through.alias in withheld:
            return  # the import stays as it is and has said why
        if answer.segments is None:
            if spells or through is None or through.statement is None:
                yield Proposal(answer.rule, start, end, Verdict.MANUAL, because=answer.because)
            return
        if answer.segments == meaning.segments:
            yield Proposal(answer.rule, start, end, answer.verdict, because=answer.because).kept()
            return
        below = self._below(chain)
        if below:
            because = f"Its result is asked for {below}, whose counterpart on the target is not known."
            yield Proposal(answer.rule, start, end, Verdict.MANUAL, because=because)
            return
        because = self._as_class(answer.segments, [chain.node])
        if because:
            yield Proposal(answer.rule, start, end, Verdict.MANUAL, because=because)
            return
        edit = self._edit(chain, meaning, answer.segments)
        stays = through is not None and through.alias in self._stayed and not self._of_helper(answer.segments)
        if edit is not None and stays:
            because = f"It has to be {'.'.join(answer.segments)}, which the import above does not give."
            yield Proposal(answer.rule, start, end, Verdict.MANUAL, because=because)
        elif edit is not None:
            runs = self._reaches(answer.segments)
            yield Proposal(answer.rule, edit.start, edit.end, answer.verdict, (edit,), answer.because, runs=runs)

    def _as_class(self, new: tuple[str, ...] | None, uses: Iterable[ast.AST]) -> str:
        """Why a name of the helper will not do: it is a function, and the file wants a class."""
        if new is None or not self._of_helper(new) or not stands_for_class(new[-1]):
            return ""
        function = f"It is used as a class, and {'.'.join(new)} is a function."
        return "" if only_called(self._scene.module, uses) else function

    def _of_helper(self, new: tuple[str, ...]) -> bool:
        style = self._scene.context.style
        return style is not None and new[0] == style.alias

    def _below(self, chain: Chain) -> str:
        """`cudaProfilerStart` in `torch.cuda.cudart().cudaProfilerStart()`: a name of CUDA on a result."""
        call = self._scene.module.parents.get(chain.node)
        over = self._scene.module.parents.get(call) if isinstance(call, ast.Call) and call.func is chain.node else None
        if isinstance(over, ast.Attribute) and any(word in over.attr for word in self._scene.pack.vocabulary):
            return "" if over.attr in self._rewritten else over.attr
        return ""

    @cached_property
    def _rewritten(self) -> frozenset[str]:
        """The last names of the expressions that rules of the kind `call` rewrite."""
        from porter.kinds import call

        return frozenset(call.pattern(rule.match).key for rule in self._scene.pack.of(call.Rule) if rule.replace)

    def _spelled_change(self, meaning: Meaning, answer: Judgement) -> bool:
        assert answer.segments is not None
        hidden = len(meaning.segments) - meaning.spelled
        return meaning.segments[hidden:] != answer.segments[hidden:] or len(meaning.segments) != len(answer.segments)

    def _edit(self, chain: Chain, meaning: Meaning, new: tuple[str, ...]) -> Edit | None:
        """The change to the tokens that this chain spells itself; None when they all stay."""
        old = meaning.segments
        if old == new:
            return None
        if self._of_helper(new):  # the import of what it was stays, and the name is written whole
            start, end = self._source.start(chain.node), self._source.end(chain.node)
            return Edit(start, end, ".".join(new).encode(), self._source.data[start:end]) if meaning.spelled else None
        hidden = len(old) - meaning.spelled
        first = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
        same_tail = 0
        while same_tail < min(len(old), len(new)) - first and old[-1 - same_tail] == new[-1 - same_tail]:
            same_tail += 1
        last = len(old) - same_tail  # old[first:last] becomes new[first:len(new) - same_tail]
        if last <= hidden - 1 or (last == hidden and not meaning.plain):
            return None  # spelled in the import or assignment, which has its own edit
        if first < hidden - 1 or (first == hidden - 1 and not meaning.plain):
            first = hidden  # the part before is spelled elsewhere and changes there
            if len(old) != len(new) or first >= last:
                return None
        # nodes[k] ends with the token of segment hidden - 1 + k; `self.torch` stands for a single segment
        nodes = _nodes(chain)[-meaning.spelled - 1 :]
        begin = self._token_start(nodes, first - hidden + 1, old[first] if first < len(old) else "")
        end = self._source.end(nodes[last - hidden])
        replacement = ".".join(new[first : len(new) - same_tail]).encode()
        if not replacement:  # the segments vanish, with the dot before them
            begin = self._source.end(nodes[first - hidden])
        return Edit(begin, end, replacement, self._source.data[begin:end])

    def _reaches(self, segments: tuple[str, ...] | None) -> bool:
        """Whether a new name is one of torch's or the vendor's, so that the vendor's module must be there."""
        if segments is None:
            return False
        vendors = {rule.add.partition(".")[0] for rule in self._scene.pack.of(import_.Rule)}
        return segments[0].startswith("torch") or segments[0] in vendors

    def _token_start(self, nodes: list[ast.expr], index: int, token: str) -> int:
        return self._source.end(nodes[index]) - len(token.encode())


def _sentence(note: str) -> str:
    return note[:1].upper() + note[1:].rstrip(".") + "." if note else ""


def _nodes(chain: Chain) -> list[ast.expr]:
    """The expressions of a chain from its root outwards."""
    nodes: list[ast.expr] = []
    at: ast.expr = chain.node
    while isinstance(at, ast.Attribute):
        nodes.append(at)
        at = at.value
    nodes.append(at)
    nodes.reverse()
    return nodes
