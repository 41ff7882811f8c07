"""Kind `literal`: a string or an integer in a named position."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from porter.kinds.expressed import expressed
from porter.kinds.indexed import indexes
from porter.model import Edit, Safety, Verdict
from porter.options import Answer
from porter.packs.positions import Position
from porter.packs.rule import Rule as Head
from porter.proposal import Proposal, verdict_of
from porter.python.dotted import last_name
from porter.python.guarded import guarded_kernels
from porter.python.place import Certainty, Place, option_before
from porter.python.prose import text_of
from porter.python.scene import Scene
from porter.python.support import among_choices, mentions


class Rule(Head, tag_field="kind", tag="literal", frozen=True, kw_only=True):
    """`value` becomes `to` wherever it stands in the position `where`; an `integer` is written into `to` as `{}`.

    Without `to` the place is a person's. `indexes` are names of variables that hold a bare index; without `to` they
    stay. With `tokens` the value is a part of a composed string such as `cpu:gloo,cuda:nccl`, or the whole of it, in
    small letters or capital ones. Where `compared` is false, a test for the value stays, so that the code takes its
    other branch."""

    to: str | None = None
    where: str
    value: str = ""
    integer: bool = False
    indexes: tuple[str, ...] = ()
    tokens: bool = False
    compared: bool = True
    words: tuple[str, ...] = ()  # what the value can only stand beside: a rarer word to look for than the value
    code: bool = False  # `to` is an expression, which stands in the place of the value
    test: str = ""  # with `code`: a function that says whether something is an accelerator, for comparisons
    none: str = ""  # with `code`: what a device that is no accelerator is called
    guard: str = ""  # with `code`: a test of which `to` takes care itself, in `value if guard() else none`


def triggers(rule: Rule) -> set[str]:
    if rule.integer:
        return {f"{text}{digit}" for text in (".to(", "device=", "device(") for digit in range(10)}
    if rule.indexes:
        owners = ("", "self.", "args.")
        named = {f"{text}{o}{name}" for text in (".to(", "device=", "device(") for o in owners for name in rule.indexes}
        return named | set(rule.words)
    return set(rule.words) or ({rule.value, rule.value.upper()} if rule.tokens else {rule.value})


def find(scene: Scene, rules: list[Rule]) -> Iterator[Proposal]:
    for rule in rules:
        position = scene.pack.positions[rule.where]
        if rule.integer or rule.indexes:
            yield from _integers(scene, rule, position) if rule.integer else _indexes(scene, rule, position)
            continue
        for node in scene.module.strings:
            for spot in _spots(scene, node, rule, position):
                yield from _judge(scene, rule, position, spot)


# A value changes at both of its ends or at neither.
BOTH_ENDS = "The option that it is passed to keeps this value at the other end, {where}, so neither end is changed."
BOTH_ENDS_ADVICE = "Port the other end first, by hand, and then make the same change here."
# What a program calls the values that its command line gave.
_ARGUMENTS = frozenset({"args", "arg", "opt", "opts", "options", "flags", "FLAGS", "cfg", "config", "conf", "hparams"})
_OPENING = re.compile(rb"\(?\s*[rRbBuUfF]{0,2}(?:\"\"\"|'''|\"|')")


@dataclass(frozen=True, slots=True)
class _Spot:
    """A string that holds the value of a rule, and the bytes in which it does."""

    node: ast.Constant | ast.JoinedStr
    start: int
    old: bytes
    new: bytes
    telling: bool  # its form says what it is: "cuda:0", f"cuda:{i}"

    @property
    def end(self) -> int:
        return self.start + len(self.old)


def _spots(scene: Scene, node: ast.Constant | ast.JoinedStr, rule: Rule, position: Position) -> Iterator[_Spot]:
    text = text_of(node)  # an index is all that can follow, so that a placeholder counts as a digit
    if text is None or isinstance(scene.module.parents.get(node), ast.JoinedStr):
        return  # the parts of an f-string are judged as the whole f-string
    raw = scene.module.source.text(node)
    opening = _OPENING.match(raw)
    if opening is None:
        return
    start = scene.module.source.start(node) + opening.end()
    body, old, new = raw[opening.end() :], rule.value.encode(), (rule.to or "").encode()
    if rule.tokens:
        for found in _tokens(body, text, old):
            capital = found[0].isupper()
            yield _Spot(node, start + found.start(), found[0], new.upper() if capital else new, telling=False)
    elif text.startswith(rule.value) and body.startswith(old):
        rest = text[len(rule.value) :]
        if not rest or re.fullmatch(position.suffix or r"(?!)", rest):
            yield _Spot(node, start, old, new, telling=bool(rest))


def _tokens(raw: bytes, text: str, value: bytes) -> Iterator[re.Match[bytes]]:
    """Where a value stands as a part of `a:b,c:d`, or alone."""
    if re.fullmatch(r"\w+(:\w+)?(,\w+(:\w+)?)*", text):
        yield from re.finditer(rb"(?i)(?<!\w)" + re.escape(value) + rb"(?!\w)", raw)


def _judge(scene: Scene, rule: Rule, position: Position, spot: _Spot) -> Iterator[Proposal]:
    place = scene.positions.place(spot.node, position, telling=spot.telling)
    if place.certainty is Certainty.NOT:
        return  # what remains is accounted for with the reason why it stays
    other = _other_end(scene, rule, spot)
    if other is not None and other.verdict == "moves":
        sure = place.certainty is Certainty.SURE or not isinstance(scene.module.parents.get(spot.node), ast.Compare)
        reason = f"it is the value of an option that {other.where} defines, with the same change"
        place = Place(Certainty.SURE if sure else Certainty.LIKELY, reason)
    site = Proposal(rule, spot.start, spot.end, verdict_of(rule.safety), because=_sentence(place), runs=place.runs)
    if rule.to is None or rule.safety is Safety.MANUAL:
        if place.certainty is Certainty.SURE:
            yield site.withheld(site.because)
        return
    if spot.new == spot.old:
        yield replace(site.kept(), fallback=place.certainty is Certainty.UNKNOWN)
        return
    if not rule.compared and _is_test(scene, spot.node, position):
        because = f"{site.because} Here it is only tested, and on the target the other branch is the right one."
        unsure = place.certainty is Certainty.UNKNOWN
        yield Proposal(rule, spot.start, spot.end, Verdict.KEPT, because=because, fallback=unsure)
        return
    if place.certainty is Certainty.FOREIGN:
        yield site.withheld(site.because, "Look up what that library takes for other devices, if it knows any.")
        return
    if place.certainty is Certainty.UNKNOWN:
        yield site.withheld(
            f"Here {place.reason}, so porter cannot tell what it means.",
            f"If it names the device, write {rule.to!r} here; if it is a name or a key of something else, leave it.",
            fallback=True,
        )
        return
    if other is not None and other.verdict != "moves":
        yield site.withheld(BOTH_ENDS.format(where=other.where), BOTH_ENDS_ADVICE)
        return
    support = among_choices(scene.module, spot.node, rule.to)
    if support:
        yield site.withheld(support, f"Check that the branch for {rule.to!r} does what the target needs.")
        return
    caution = "" if place.certainty is Certainty.LIKELY else _caution(scene, rule, spot)
    if caution or place.certainty is Certainty.LIKELY:
        because = f"{site.because} {caution}".strip()
        site = Proposal(rule, spot.start, spot.end, Verdict.REVIEW, because=because, runs=place.runs)
    yield _written(scene, rule, site, spot)


def _written(scene: Scene, rule: Rule, site: Proposal, spot: _Spot) -> Proposal:
    if rule.code:
        return expressed(scene, rule, site, spot.node, spot.start, spot.old)
    return replace(site, edits=(Edit(spot.start, spot.end, spot.new, spot.old),))


def _other_end(scene: Scene, rule: Rule, spot: _Spot) -> Answer | None:
    """What becomes of the value where an option of the checkout is defined: it is passed in a list of words for a
    program, or compared with what the command line gave."""
    text, around = text_of(spot.node), scene.module.parents.get(spot.node)
    if rule.to is None or text is None or not isinstance(around, (ast.List, ast.Tuple, ast.Compare)):
        return None
    if rule.code:
        return None  # the value that other ends pass still holds
    if rule.tokens and any(each.value == rule.value and not each.tokens for each in scene.pack.of(Rule)):
        return None  # the plain rule for the value speaks
    option, program = _option(around, spot.node)
    return scene.context.options.answer(option, text, rule.to + text[len(rule.value) :], program) if option else None


def _option(around: ast.List | ast.Tuple | ast.Compare, node: ast.expr) -> tuple[str, str]:
    """The option that a value is given to or compared with, and the program, where the words name it."""
    if isinstance(around, ast.Compare):
        sides = (around.left, *around.comparators)
        return next(
            (s.attr for s in sides if isinstance(s, ast.Attribute) and last_name(s.value) in _ARGUMENTS), ""
        ), ""
    texts = [w.value for w in around.elts if isinstance(w, ast.Constant) and isinstance(w.value, str)]
    return option_before(node, around.elts), next((word for word in texts if word.endswith(".py")), "")


def _is_test(scene: Scene, node: ast.expr, position: Position) -> bool:
    """Whether a literal is compared with something: `x == "cuda"`, `"cuda" in x`, `x.startswith("cuda")`."""
    for ancestor in scene.module.ancestors(node):
        if isinstance(ancestor, ast.Compare):
            return True
        if isinstance(ancestor, ast.Call):
            return last_name(ancestor) in position.tests
        if isinstance(ancestor, ast.stmt):
            return False
    return False


def _caution(scene: Scene, rule: Rule, spot: _Spot) -> str:
    """Why a comparison that is surely about the device may still not be meant for the target."""
    if not any(isinstance(a, ast.Compare) for a in scene.module.ancestors(spot.node)):
        return ""
    if rule.to is not None and mentions(scene.module.source.data, rule.to):
        return f"Elsewhere this file handles {rule.to!r} already, so this comparison may be meant for CUDA alone."
    return scene.caution or guarded_kernels(scene, spot.node)


def _integers(scene: Scene, rule: Rule, position: Position) -> Iterator[Proposal]:
    for node in scene.module.numbers:
        parent = scene.module.parents.get(node)
        if not isinstance(parent, (ast.Call, ast.keyword, ast.Dict)):
            continue
        if isinstance(parent, ast.Call) and not scene.positions.takes(parent, position):
            continue  # numbers are everywhere: only a callee that the position lists is worth a closer look
        place = scene.positions.place(node, position, telling=False)
        if place.certainty is not Certainty.SURE or not place.runs:
            continue
        source = scene.module.source
        start, end = source.start(node), source.end(node)
        site = Proposal(rule, start, end, verdict_of(rule.safety), because=_sentence(place), runs=True)
        if rule.to is None:
            yield site.withheld(site.because)
        else:
            text = rule.to.format(node.value)
            quoted = (text if rule.code else f'"{text}"').encode()
            yield Proposal(
                rule,
                start,
                end,
                site.verdict,
                (Edit(start, end, quoted, source.data[start:end]),),
                site.because,
                runs=True,
            )


def _indexes(scene: Scene, rule: Rule, position: Position) -> Iterator[Proposal]:
    """A bare index where a device is wanted. Without `to` it stays as it is, and the vendor's module must be there."""
    source = scene.module.source
    for node in indexes(scene, rule.indexes, position):
        start, end = source.start(node), source.end(node)
        text = source.data[start:end]
        edits = () if rule.to is None else (Edit(start, end, rule.to.format(text.decode()).encode(), text),)
        yield Proposal(rule, start, end, verdict_of(rule.safety), edits, runs=True)


def _sentence(place: Place) -> str:
    return place.reason[:1].upper() + place.reason[1:] + "."
