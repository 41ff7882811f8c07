"""A command of a shell script: what it does with its words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from porter.artefacts.values import Passed
from porter.artefacts.words import Word

_SHOW = re.compile(r"echo|printf|warn|error|info|debug|log\w*|die|fail|usage|print|notice|abort|say|banner")
_EDIT = re.compile(r"sed|awk|gawk|grep|egrep|fgrep|zgrep|rg|ag|perl|find|tr|cut|jq|yq|xargs|pgrep|pkill")
# Words of these commands are names of packages, files and folders, never of a device.
_SYSTEM = re.compile(
    r"apt|apt-get|apt-key|yum|dnf|apk|brew|dpkg|rpm|zypper|pacman|add-apt-repository|module|ml|cd|pushd|ls|cp|mv|rm|mkdir|ln|cat|touch|source|\.|which|"
    r"command|type|hash|chmod|chown|tar|unzip|wget|curl|git|pip[\d.]*|conda|mamba|uv|poetry|cmake|ninja|rsync|scp|test|kill|killall|set|tee|basename|dirname"
)
_TAKES_VARIABLE = frozenset({"-x", "-e", "-env", "-genv", "--env", "--export", "-v"})


@dataclass(frozen=True)
class Command:
    """A command's own word and its arguments."""

    word: Word
    arguments: list[Word]
    runs: str = ""  # the program, where another place says which it is

    @property
    def name(self) -> str:
        return PurePosixPath(self.word.text).name or self.word.text

    @property
    def shows_text(self) -> bool:
        return _SHOW.fullmatch(self.name) is not None

    @property
    def edits_text(self) -> bool:
        return _EDIT.fullmatch(self.name) is not None

    @property
    def does(self) -> str:
        return "shows" if self.shows_text else "searches for or edits"

    @property
    def strict(self) -> bool:
        """Whether a device's name among its words means something that porter must account for."""
        return _SYSTEM.fullmatch(self.name) is None

    @property
    def program(self) -> tuple[int, str]:
        """The Python program that the command runs, `x.py` or the name behind `-m`, and where that word stands."""
        texts = [self.word.text, *(word.text for word in self.arguments)]
        if self.runs:
            return -1, self.runs
        script = next((i for i, text in enumerate(texts) if text.endswith(".py")), None)
        if script is None:
            script = next((i + 1 for i, text in enumerate(texts[:-1]) if text == "-m"), None)
        return (-1, "") if script is None else (script - 1, texts[script])

    def passed(self, index: int) -> Passed | None:
        """The option that an argument is the value of, and the program that gets it."""
        at, program = self.program
        key, found, _ = self.arguments[index].text.partition("=")
        if not found or not re.fullmatch(r"[-+~]{0,2}[A-Za-z_][\w.@/-]*", key):
            key = plain_option(self.arguments[index - 1].text) if index else ""
        if not key or not (key.startswith("-") or found):
            return None
        mine = index > at and program != ""
        return Passed(key, program if mine else "", surely=mine and key.startswith("-"))

    def is_code(self, index: int) -> bool:
        """The text behind `python -c`."""
        before = [self.word.text, *(word.text for word in self.arguments[:index])]
        flag = index > 0 and re.fullmatch(r"-[bBdEiIOPqsSuvx]*c", before[-1]) is not None
        return flag and any(re.search(r"(^|/)python[\d.]*$", word) for word in before)

    def names_variable(self, index: int) -> bool:
        """Whether the word is the name of a variable: `mpirun -x NAME`, `printenv NAME`."""
        if self.name in {"env", "set_env"} and index == 0:  # also a notebook's `%env NAME value`
            return True
        if self.name in {"printenv", "export", "unset", "read", "declare", "typeset", "local", "readonly"}:
            return True
        return index > 0 and self.arguments[index - 1].text in _TAKES_VARIABLE


def plain_option(text: str) -> str:
    """The option, when a word is one that takes its value from the next word."""
    return text if re.fullmatch(r"--?[A-Za-z][\w.-]*", text) else ""
