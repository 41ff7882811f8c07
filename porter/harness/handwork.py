"""What was changed in a port since porter wrote it, line by line, and whether anybody said that it is meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from porter.lock import Lock, digest
from porter.model import Verdict
from porter.own import as_written
from porter.spans import replay

MEANT = "porter: meant"  # in a comment on the line, or on a line beside it: the person knows
_COMMENT_SAYS, _PORTER_ASKED = "as its comment says", "where porter asked a person to look"
_ASKED = (Verdict.MANUAL.value, Verdict.REVIEW.value)


@dataclass(frozen=True, slots=True)
class Change:
    """Lines of a port that are not as porter left them: `first` to `last`; where they are gone, a gap after `last`."""

    file: str
    first: int
    last: int
    wrote: str  # the first line that stood there
    now: str  # the first line that stands there
    owned: bool  # porter wrote one of the lines, and asked nobody to look at it
    said: str = ""  # why it may be so; "" where nobody said that
    before: str = ""  # all that stood there, and all that stands there
    after: str = ""

    @property
    def place(self) -> str:
        return f"{self.file}:{self.first}"

    @property
    def meant(self) -> bool:
        """Whether a person said so of this very edit."""
        return self.said == _COMMENT_SAYS

    @property
    def shown(self) -> str:
        return f"`{self.now[:120]}` stands there" if self.now else "nothing stands there"


@dataclass(frozen=True, slots=True)
class Handwork:
    """All changes, the files that are gone, and those that nothing is known about.

    `foreign`: files that are as the lock has them, which does not come back from the original that was given.
    """

    changes: tuple[Change, ...]
    gone: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    owned: bool  # porter wrote it and asked nobody to look at it
    asked: bool  # porter asked a person to


def handwork(port: Path, original: Path | None, lock: Lock, meant: Sequence[str]) -> Handwork:
    """Compares a port with what its lock and its original say that porter wrote. `meant`: files that a person named."""
    changes: list[Change] = []
    gone: list[str] = []
    unknown: list[str] = []
    foreign: list[str] = []
    for path, wanted in sorted({**lock.tree, **lock.files}.items()):
        if path in meant or wanted.startswith("link:"):
            continue
        if as_written(port / path, wanted):
            foreign += [] if _comes_back(original, path, lock, wanted) else [path]
            continue
        if not (port / path).is_file():
            gone.append(path)
            continue
        now = (port / path).read_bytes()
        before = _original(original, path, lock, wanted)
        if (
            before is not None
            and path == "pyproject.toml"
            and _only_settings(replay(before, lock.spans.get(path, ())), now)
        ):
            continue
        if before is None:
            lost = list(_lost(path, lock, now))
            changes += lost
            unknown += [] if lost else [path]
        else:
            changes += _changes(path, _written(before, lock, path), _lines(now))
    return Handwork(tuple(changes), tuple(gone), tuple(unknown), tuple(foreign))


def _comes_back(root: Path | None, path: str, lock: Lock, wanted: str) -> bool:
    """Whether the lock says of a file what the original says, too; that is not known of what is not there."""
    if root is None or not (root / path).is_file() or (root / path).is_symlink():
        return True
    if path in lock.spans:
        return _original(root, path, lock, wanted) is not None
    return as_written(root / path, wanted)


def _original(root: Path | None, path: str, lock: Lock, wanted: str) -> bytes | None:
    """The original file, if what porter wrote comes back from it."""
    if root is None or not (root / path).is_file():
        return None
    before = (root / path).read_bytes()
    return before if digest(replay(before, lock.spans.get(path, ()))) == wanted else None


def _only_settings(wrote: bytes, now: bytes) -> bool:
    """Whether nothing but the settings for porter itself differs."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        projects = [tomlkit.parse(text.decode("utf-8")).unwrap() for text in (wrote, now)]
    except (TOMLKitError, UnicodeDecodeError):
        return False
    for project in projects:
        tools = project.get("tool", {})
        tools.pop("porter", None)
        if not tools:
            project.pop("tool", None)
    return bool(projects[0] == projects[1])


def _written(original: bytes, lock: Lock, path: str) -> list[_Line]:
    """The lines of a file as porter wrote it, and whose each is."""
    asked = _asked(lock, path)
    lines, made, at = _lines(original), [], 0
    for first, count, text in sorted(lock.spans.get(path, ())):
        made += [_Line(line, False, n in asked) for n, line in enumerate(lines[at:first], at)]
        look = not asked.isdisjoint(range(first, first + count))
        made += [_Line(line, not look and bool(line.strip()), look) for line in _lines(_bytes(text))]
        at = first + count
    return [*made, *(_Line(line, False, n in asked) for n, line in enumerate(lines[at:], at))]


def _asked(lock: Lock, path: str) -> set[int]:
    """The lines of the original, from 0, that porter left to a person or asked one to look at."""
    return {found.line - 1 for found in lock.edits.get(path, ()) if found.verdict in _ASKED}


def _changes(path: str, wrote: list[_Line], now: list[str]) -> Iterator[Change]:
    matcher = SequenceMatcher(None, [line.text for line in wrote], now, autojunk=False)
    for kind, i, i_end, j, j_end in matcher.get_opcodes():
        if kind == "equal" or not any(line.strip() for line in (*(w.text for w in wrote[i:i_end]), *now[j:j_end])):
            continue
        own = next((line for line in wrote[i:i_end] if line.owned), None)
        around = wrote[i:i_end] or wrote[max(0, i - 1) : i + 1]
        said = _COMMENT_SAYS if any(MEANT in text for text in now[max(0, j - 1) : j_end + 1]) else ""
        if not said and own is None and any(line.asked for line in around):
            said = _PORTER_ASKED
        first = _first([own.text] if own else [line.text for line in wrote[i:i_end]])
        both = "\n".join(line.text for line in wrote[i:i_end]), "\n".join(now[j:j_end])
        yield Change(path, min(j + 1, len(now)), j_end, first, _first(now[j:j_end]), own is not None, said, *both)


def standing(lock: Lock, path: str, now: bytes) -> Iterator[tuple[int, str]]:
    """The lines that porter wrote into a file and that stand in it, in their order, with their numbers from 1."""
    lines = _lines(now)
    for _, line, _, found in _found(lock, path, lines):
        if found is not None:
            yield found + 1, line


def _lost(path: str, lock: Lock, now: bytes) -> Iterator[Change]:
    """Without the original: lines that porter wrote, asking nobody to look, and that do not stand there any more."""
    lines = _lines(now)
    said = any(MEANT in line for line in lines)  # of which line is not known without the original
    for look, line, number, found in _found(lock, path, lines):
        if found is None and not look and not said:
            yield Change(path, min(number, len(lines)), number - 1, line.strip(), "", True)


def _found(lock: Lock, path: str, lines: list[str]) -> Iterator[tuple[bool, str, int, int | None]]:
    """Each line that porter wrote, whether a person was asked to look at it, the number (from 1) that it had, and
    where it stands now (from 0)."""
    asked, at, shift = _asked(lock, path), 0, 0
    for first, count, text in sorted(lock.spans.get(path, ())):
        look = not asked.isdisjoint(range(first, first + count))
        made = _lines(_bytes(text))
        for number, line in enumerate(made, first + shift):
            if line.strip():
                right = number >= at and lines[number : number + 1] == [line]
                found = number if right else lines.index(line, at) if line in lines[at:] else None
                yield look, line, number + 1, found
                at = at if found is None else found + 1
        shift += len(made) - count


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _lines(data: bytes) -> list[str]:
    """As spans count them: only a line feed ends a line."""
    text = data.decode("utf-8", "replace")
    return text.removesuffix("\n").split("\n") if text else []


def _first(lines: list[str]) -> str:
    return next((line.strip() for line in lines if line.strip()), "")
