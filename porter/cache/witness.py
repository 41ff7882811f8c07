"""Stands between a reading and the other files of the checkout, and notes what was asked and what came back."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable

from porter.cache.record import Question
from porter.python.signatures import Files

Digest = Callable[[str], str]


class Witness(Files):
    """The files of a checkout, with a note of every question about them."""

    def __init__(self, files: Files, digest: Digest) -> None:
        self._files = files
        self._digest = digest
        self._asked: dict[Question, None] = {}

    @property
    def asked(self) -> tuple[Question, ...]:
        return tuple(self._asked)

    def find(self, dotted: str, level: int, importer: str) -> str | None:
        self._note(Question("find", (dotted, importer), level))
        return self._files.find(dotted, level, importer)

    def has_package(self, name: str, importer: str) -> bool:
        self._note(Question("package", (name, importer)))
        return self._files.has_package(name, importer)

    def tree(self, path: str) -> ast.Module | None:
        self._note(Question("tree", (path,)))
        return self._files.tree(path)

    def sources(self) -> list[tuple[str, bytes]]:
        self._note(Question("sources", ()))
        return self._files.sources()

    def _note(self, question: Question) -> None:
        given = answer(self._files, self._digest, question)
        self._asked[Question(question.what, question.words, question.level, given)] = None


def answer(files: Files, digest: Digest, question: Question) -> str:
    """What the question has for an answer now, in a word that can be compared."""
    if question.what == "find":
        return files.find(question.words[0], question.level, question.words[1]) or ""
    if question.what == "package":
        return "yes" if files.has_package(*question.words) else ""
    if question.what == "sources":
        every = "\0".join(f"{path}\0{digest(path)}" for path, _ in files.sources())
        return hashlib.sha256(every.encode("utf-8", "surrogateescape")).hexdigest()
    return digest(question.words[0])
