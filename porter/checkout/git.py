"""One door to git: never asks, never runs a hook, never changes a person's work tree."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Container, Mapping
from pathlib import Path

from porter.errors import UsageError

# Whoever calls porter from a git hook has these set; they would point our git at another repo or index.
LOCAL_VARIABLES = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
)

# A repo's own configuration may name programs to run: hooks and the file-system monitor are switched off.
HARDENING = ("-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false", "-c", "protocol.ext.allow=never")

PROTOCOLS = ("file", "git", "http", "https", "ssh")


class GitError(Exception):
    """git said no: `reason` is its own last word, without credentials."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def run(
    folder: Path,
    *arguments: str,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    config: tuple[str, ...] = (),
    fine: Container[int] = (0,),
) -> bytes:
    """What git prints when it is called in `folder`; GitError when its exit code is none of those that are `fine`."""
    try:
        import git
    except ImportError as error:  # GitPython looks for the git program when it is imported
        raise UsageError("porter needs git for this checkout; install git and put it on the PATH.") from error
    unset = [flag for name in LOCAL_VARIABLES if name in os.environ for flag in ("-u", name)]
    command = [*(["env", *unset] if unset else []), "git", *HARDENING, *config, *arguments]
    with tempfile.TemporaryFile() as given:
        given.write(stdin)
        given.seek(0)
        try:
            code, printed, said = git.Git(str(folder)).execute(
                command,
                istream=given,
                env={**_environment(), **(env or {})},
                stdout_as_string=False,
                strip_newline_in_stdout=False,
                with_extended_output=True,
                with_exceptions=False,
            )
        except git.GitCommandNotFound as error:
            raise UsageError("porter needs git for this checkout; install git and put it on the PATH.") from error
    if code not in fine:
        raise GitError(_last_word(str(said)))
    assert isinstance(printed, bytes)
    return printed


def line(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> str:
    """The one line that git prints, as text."""
    return os.fsdecode(run(folder, *arguments, env=env)).rstrip("\n")


def without_credentials(text: str) -> str:
    """A URL, or a text with URLs in it, without user names and passwords."""
    text = re.sub(r"\b(https?|git|file)://[^/\s@]*@", r"\1://", text)
    return re.sub(r"\b(ssh://[^/\s:@]+):[^/\s@]*@", r"\1@", text)


def _environment() -> dict[str, str]:
    return {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "GIT_OPTIONAL_LOCKS": "0",  # looking at a repo must not rewrite its index
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_ALLOW_PROTOCOL": ":".join(PROTOCOLS),
        "GIT_LFS_SKIP_SMUDGE": "1",  # a port needs no weights: pointers are copied as they are
        "GIT_SSH_COMMAND": os.environ.get("GIT_SSH_COMMAND", "ssh -o BatchMode=yes"),
    }


def _last_word(stderr: str) -> str:
    """The line in which git says what is wrong."""
    lines = [text.strip() for text in stderr.splitlines() if text.strip()]
    fatal = [text for text in lines if text.startswith(("fatal:", "error:"))]
    word = (fatal or lines or ["git gave no reason"])[0]
    return without_credentials(re.sub(r"^(fatal|error): ", "", word)).rstrip(".")
