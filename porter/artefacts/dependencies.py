"""Dependency verdicts: a requirement, wherever it is written, looked up in the table of packages tied to CUDA."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from porter.artefacts.page import Page, manual
from porter.kinds.version import pinned
from porter.model import Verdict
from porter.packs.owners import owner
from porter.packs.requirement import distribution, judge
from porter.pins import judge_pin
from porter.proposal import Proposal

# What conda builds together with its own torch, for CUDA: another version of one would not make it the target's.
_TORCH = frozenset({"torch", "torchvision", "torchaudio"})
# Options of installers whose value is the next word.
_TAKES_VALUE = re.compile(
    r"-[rciftnp]|--(requirement|constraint|index|index-url|extra-index-url|find-links|target|name|prefix|channel|python|file|timeout)"
)


_THEIRS = "It is {title}'s: {told}."
_THEIRS_ADVICE = (
    "Upstream wrote this list for the target itself. Take its versions and port to the release of the target that they "
    "are (porter's --target NAME@VERSION), or bring all of them to the target's release, the vendor's package too."
)


def requirement(
    page: Page, text: str, start: int, end: int, *, hashed: bool = False, beside: str = "", conda: bool = False
) -> Iterator[Proposal]:
    """The site of a requirement whose version is wrong for the target, or whose package is tied to CUDA.

    `hashed`: the line has hashes, which hold for the old version only. `beside` is what is installed with it: where
    that, or the file's path, is one accelerator's, so is the requirement. `conda`: conda brings it, with its own torch.
    """
    whose = owner(page.path, beside)
    mine = whose is not None and page.context.target.name in whose[0].targets
    for site in _sites(page, text, start, end, hashed=hashed, conda=conda):
        if whose is None or (mine and not site.edits):
            yield site
            continue
        because = _THEIRS.format(title=whose[0].title, told=whose[1])
        yield (
            site.withheld(f"{site.because} {because}", _THEIRS_ADVICE)
            if mine
            else replace(site, verdict=Verdict.KEPT, edits=(), because=because)
        )


def _sites(page: Page, text: str, start: int, end: int, *, hashed: bool, conda: bool) -> Iterator[Proposal]:
    at = page.data.find(text.encode(), start, end)
    rule = None if conda and distribution(text) in _TORCH else page.pin_rule
    site = pinned(rule, text, max(at, start), page.context.target, hashed=hashed) if rule else None
    if site is not None:
        yield site if at >= 0 or not site.edits else site.withheld(f"{site.because} It is written with escapes.")
        return
    found = judge(text, page.context.target.name)
    if found is not None and page.package_rule is not None:
        pin = judge_pin(text, page.context.target)
        because = f"{found.because} {pin.because}".strip() if pin else found.because
        yield manual(page.package_rule, start, end, because, found.advice, found.package)


def installs(words: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """The packages that a command line installs, out of its words with their spans."""
    names = [re.sub(r"^.*/", "", word) for word, _, _ in words]
    for index, name in enumerate(names):
        is_installer = re.fullmatch(r"pip[\d.]*|conda|mamba|micromamba|uv|poetry|pipenv|pdm", name) is not None
        verb = next(
            (
                i
                for i in range(index + 1, min(index + 5, len(names)))
                if names[i] in {"install", "add", "create", "uninstall"}
            ),
            None,
        )
        if is_installer and verb is not None and names[verb] != "uninstall":
            return list(_packages(words[verb + 1 :]))
    return []


def clones(words: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """The repository that `git clone` fetches, written as pip writes it."""
    names = [word for word, _, _ in words]
    if not names or names[0].rpartition("/")[2] not in {"git", "sudo"}:
        return []
    verb = next((i for i, name in enumerate(names) if name in {"clone", "submodule"}), len(names))
    addresses = [word for word in words[verb + 1 :] if re.match(r"(https?|ssh|git)://|git@", word[0])]
    return [(f"git+{text.rstrip('/')}", start, end) for text, start, end in addresses[:1]]


def _packages(words: list[tuple[str, int, int]]) -> Iterator[tuple[str, int, int]]:
    skip = False
    for word, start, end in words:
        if skip:
            skip = False
        elif word.startswith("-"):
            skip = _TAKES_VALUE.fullmatch(word) is not None
        elif word not in {".", ".."} and not word.startswith(("./", "../", ".[", "/")):
            yield word, start, end
