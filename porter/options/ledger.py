"""The ledger of options: a value changes at both of its ends, where an option is defined and where it is passed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal


@dataclass(frozen=True)
class Option:
    """An option as a program defines it, and what each value that the definition names is in the port."""

    file: str
    line: int
    names: frozenset[str]  # as `normal` writes them
    became: tuple[tuple[str, str], ...]  # default and choices: (in the original, in the port)
    choices: frozenset[str] = frozenset()  # all that the port takes; empty where it takes anything

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}"

    def answers(self, old: str, new: str) -> bool | None:
        """Whether the port takes `new` where the original took `old`; None when the definition does not say."""
        if new in self.choices or (old not in dict(self.became) and _family(new) in map(_family, self.choices)):
            return True
        same_sort = [value == made for value, made in self.became if value == old or _family(value) == _family(old)]
        return not any(same_sort) if same_sort else None


@dataclass(frozen=True)
class Answer:
    """What the definitions say of a value that is passed to an option. `torn`: they do not agree."""

    verdict: Literal["moves", "stays", "torn"]
    where: str  # the other end, for a reader


@dataclass(frozen=True)
class Lesson:
    """What a program taught the ledger. `lost`: nobody could read it."""

    options: tuple[Option, ...] = ()
    imports: tuple[str, ...] = ()
    lost: bool = False


@dataclass
class Ledger:
    """The options of a checkout, filled while its programs are planned and asked by every file that passes one."""

    _by_name: dict[str, list[Option]] = field(default_factory=dict)
    _imports: dict[str, frozenset[str]] = field(default_factory=dict)  # of each program, by last names
    _unread: set[str] = field(default_factory=set)
    lessons: dict[str, Lesson] = field(default_factory=dict)  # by file
    state: str = ""  # a digest of all lessons so far: equal states give equal answers

    def learn(self, file: str, options: Iterable[Option], imports: frozenset[str] = frozenset()) -> None:
        """Take in the options of a program, and the names of the modules that it imports."""
        self.take(file, Lesson(tuple(options), tuple(sorted(imports))))

    def unread(self, file: str) -> None:
        """A program that nobody could read stays as it is, and so do the values that it is given."""
        self.take(file, Lesson(lost=True))

    def take(self, file: str, lesson: Lesson) -> None:
        """A lesson, as it was learned now or in an earlier run."""
        self.lessons[file] = lesson
        if lesson.lost:
            self._unread.add(file)
        else:
            self._imports[file] = frozenset(lesson.imports)
        for option in lesson.options:
            for name in sorted(option.names):
                self._by_name.setdefault(name, []).append(option)
        said = [(o.file, o.line, sorted(o.names), o.became, sorted(o.choices)) for o in lesson.options]
        spelled = repr((self.state, file, said, lesson.imports, lesson.lost))
        self.state = hashlib.sha256(spelled.encode("utf-8", "surrogateescape")).hexdigest()

    def answer(self, name: str, old: str, new: str, program: str = "") -> Answer | None:
        """What becomes of the value `old`, which could be `new`, of an option; None when no definition names it.

        `program` is the file that is run, as the command writes it; its own definitions go before those of others.
        """
        lost = next((path for path in sorted(self._unread) if program and _is(path, program)), None)
        if lost is not None:
            return Answer("stays", f"{lost}, which could not be read")
        options = self._by_name.get(normal(name), [])
        own = self._own(options, program) if program else []
        said = [(option, option.answers(old, new)) for option in own or options]
        moves = [option for option, answer in said if answer is True]
        stays = [option for option, answer in said if answer is False]
        if not own:  # whose option it is nobody knows: that some other program keeps the value says nothing
            stays = [] if moves or program else stays
        if moves and stays:
            return Answer("torn", f"{moves[0].where} and {stays[0].where}")
        if moves or stays:
            return Answer("moves" if moves else "stays", (moves or stays)[0].where)
        return None

    def _own(self, options: list[Option], program: str) -> list[Option]:
        """The definitions in a program, else those in the modules that it imports, else in those that these import."""
        near = {path for path in self._imports if _is(path, program)}
        for _ in range(3):
            found = [option for option in options if option.file in near]
            if found:
                return found
            names = {name for path in near for name in self._imports[path]}
            near = {path for path in self._imports if PurePosixPath(path).stem in names}
        return []


def normal(name: str) -> str:
    """An option's name without its dashes, as the program sees it."""
    return name.strip("-+").replace("-", "_")


def _family(value: str) -> str:
    """`cuda` and `cuda:0` share their fate."""
    return value.partition(":")[0]


def _is(path: str, program: str) -> bool:
    """Whether a command's word, a path or the dotted name behind `-m`, means a file of the checkout."""
    words = PurePosixPath(program.replace(".", "/") + ".py" if not program.endswith(".py") else program).parts
    tail = tuple(word for word in words if word not in {".", "..", "/"} and word != "0")
    parts = PurePosixPath(path).parts
    return bool(tail) and parts[-len(tail) :] == tail
