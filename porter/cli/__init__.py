"""The command line: one file per verb, found by the folder. Arguments in, exit code out, no logic."""

from __future__ import annotations

import errno
import importlib
import pkgutil
import sys
import traceback
from typing import Any

import click

from porter import __version__
from porter.errors import UsageError

NEEDS_A_PERSON, BAD_INPUT, INTERNAL, INTERRUPTED = 1, 2, 3, 130

# What a machine may answer anywhere, and what a person does about it.
_MENDS = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some of your quota",
    errno.EACCES: "mend the permissions",
    errno.EPERM: "mend the permissions",
}

_SECTIONS = {
    "port": "Port a repository",
    "keep": "Keep a port alive",
    "know": "Know the rules and targets",
    "help": "Help",
}


class Verbs(click.Group):
    """The verbs of porter. A verb is a module here with a `command` and the `SECTION` it is listed under."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        names = (info.name for info in pkgutil.iter_modules(__path__, f"{__name__}."))
        return sorted(name.rpartition(".")[2] for name in names if hasattr(importlib.import_module(name), "command"))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        del ctx
        if not name.isidentifier() or name not in {info.name for info in pkgutil.iter_modules(__path__)}:
            return None
        command: click.Command | None = getattr(importlib.import_module(f"{__name__}.{name}"), "command", None)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for section, title in _SECTIONS.items():
            rows = []
            for name in self.list_commands(ctx):
                module: Any = importlib.import_module(f"{__name__}.{name}")
                if section == module.SECTION:
                    rows.append((name, module.command.get_short_help_str(90)))
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="porter")
def porter() -> None:
    """Port a PyTorch repository written for CUDA to another accelerator.

    porter runs the code that it ports in `verify` alone, which says so. Exit codes: 0 nothing left to do,
    1 a person is needed, 2 bad usage or input, 3 a fault in porter.
    """


def main() -> None:
    """Run the command line; every way out has its exit code and, when it failed, one sentence."""
    try:
        code = porter.main(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        code = BAD_INPUT
    except (UsageError, click.ClickException) as error:
        _say(f"porter: {_sentence(error)}")
        code = BAD_INPUT
    except (KeyboardInterrupt, click.Abort):
        _say("porter: stopped; nothing was left half-written.")
        code = INTERRUPTED
    except Exception as error:
        if "--verbose" in sys.argv or "-v" in sys.argv:
            traceback.print_exc()
        code = _fault(error)
    sys.exit(code if isinstance(code, int) else 0)


def _sentence(error: Exception) -> str:
    """One line, whatever stands in the names that it quotes; what click has to say names its help."""
    text = str(error)
    if isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        text = f"{error.format_message()} See `{context.command_path if context else 'porter'} --help`."
    return " ".join(text.splitlines())


def _fault(error: Exception) -> int:
    """Say what went wrong: the machine's answer is a person's to mend, anything else is porter's own fault."""
    if isinstance(error, OSError) and error.errno in _MENDS:
        where = error.filename if isinstance(error.filename, str) else "the output"
        _say(f"porter: {' '.join(where.split())}: {error.strerror}; {_MENDS[error.errno]}.")
        return BAD_INPUT
    what = " ".join(f"{type(error).__name__}: {error}".split())
    _say(f"porter: a fault in porter itself ({what}). Run again with --verbose and report it, please.")
    return INTERNAL


def _say(text: str) -> None:
    click.echo(text.encode("utf-8", "backslashreplace").decode(), err=True)
