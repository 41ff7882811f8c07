"""Knows places again: by their id, else by their words in a file that was renamed or elsewhere, else by likeness."""

from __future__ import annotations

import difflib
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass

from porter.drift.site import Site

_ALIKE = 0.6  # of two lines of one rule in one file: the same place with other words
_MANY = 60  # places of one rule in one file above which likeness is not looked for: it would take too long


@dataclass(frozen=True, slots=True)
class Pair:
    """A place before and after. `reworded`: its rule and file are the same, its line reads otherwise."""

    old: Site
    new: Site
    reworded: bool = False

    @property
    def moved(self) -> bool:
        return self.old.file != self.new.file


@dataclass(frozen=True, slots=True)
class Match:
    """Every place of two looks: in a pair, gone, or new."""

    pairs: tuple[Pair, ...]
    gone: tuple[Site, ...]
    new: tuple[Site, ...]


def match(old: Iterable[Site], new: Iterable[Site]) -> Match:
    """Which places of `new` are those of `old`."""
    left, right = list(old), list(new)
    here = {site.file for site in right}
    pairs: list[Pair] = []

    def take(key: Callable[[Site], Hashable], other: Callable[[Site], Hashable]) -> None:
        nonlocal left, right
        found = list(_equal(left, right, key, other))
        pairs.extend(Pair(a, b) for a, b in found)
        left = _without(left, (a for a, _ in found))
        right = _without(right, (b for _, b in found))

    take(lambda site: site.id, lambda site: site.id)
    take(lambda site: (site.file, site.mark), lambda site: (site.file, site.mark))
    names = _renamed([site for site in left if site.file not in here], right)
    take(lambda site: (names.get(site.file), site.mark), lambda site: (site.file, site.mark))
    # A statement that porter adds belongs to its file: another file's is another one.
    take(lambda site: site.mark, lambda site: None if site.inserted else site.mark)
    alike = list(_alike(left, right, names))
    pairs.extend(Pair(a, b, reworded=True) for a, b in alike)
    left, right = _without(left, (a for a, _ in alike)), _without(right, (b for _, b in alike))
    return Match(tuple(sorted(pairs, key=lambda pair: _order(pair.new))), _sorted(left), _sorted(right))


def _equal(
    left: list[Site], right: list[Site], key: Callable[[Site], Hashable], other: Callable[[Site], Hashable]
) -> Iterator[tuple[Site, Site]]:
    """Places with the same key, in the order in which they stand."""
    waiting: dict[Hashable, list[Site]] = defaultdict(list)
    for site in sorted(left, key=_order, reverse=True):
        waiting[key(site)].append(site)
    for site in sorted(right, key=_order):
        if waiting.get(other(site)):
            yield waiting[other(site)].pop(), site


def _renamed(left: list[Site], right: list[Site]) -> dict[str, str]:
    """For files that are no more: the file that has most of their places now, each file once."""
    homes: dict[tuple[str, str], set[str]] = defaultdict(set)
    for site in right:
        if not site.inserted:
            homes[site.mark].add(site.file)
    votes = Counter((site.file, file) for site in left for file in homes[site.mark])
    names: dict[str, str] = {}
    for (old, new), _ in sorted(votes.items(), key=lambda item: (-item[1], item[0])):
        if old not in names and new not in names.values():
            names[old] = new
    return names


def _alike(left: list[Site], right: list[Site], names: dict[str, str]) -> Iterator[tuple[Site, Site]]:
    """Pairs of one rule and file whose lines are nearly the same, the likest first."""
    groups: dict[tuple[str, str], tuple[list[Site], list[Site]]] = defaultdict(lambda: ([], []))
    for site in left:
        groups[names.get(site.file, site.file), site.rule][0].append(site)
    for site in right:
        groups[site.file, site.rule][1].append(site)
    for _, (olds, news) in sorted(groups.items()):
        if not olds or not news or max(len(olds), len(news)) > _MANY:
            continue
        ranked = [(_likeness(a, b), a, b) for a in olds for b in news]
        taken: set[Site] = set()
        for score, a, b in sorted(ranked, key=lambda each: (-each[0], _order(each[1]), _order(each[2]))):
            if score >= _ALIKE and a not in taken and b not in taken:
                taken |= {a, b}
                yield a, b


def _likeness(one: Site, other: Site) -> float:
    matcher = difflib.SequenceMatcher(None, one.text, other.text, autojunk=False)
    return matcher.ratio() if matcher.real_quick_ratio() >= _ALIKE and matcher.quick_ratio() >= _ALIKE else 0.0


def _without(sites: list[Site], taken: Iterable[Site]) -> list[Site]:
    gone = set(map(id, taken))
    return [site for site in sites if id(site) not in gone]


def _order(site: Site) -> tuple[str, int, int, str, str, str]:
    return site.file, site.line, site.column, site.rule, site.id, site.text


def _sorted(sites: list[Site]) -> tuple[Site, ...]:
    return tuple(sorted(sites, key=_order))
