"""`porter explain`: what a rule does, or what an error message means."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from porter.cli.shared import RULES, TARGET

SECTION = "know"

_RULE = re.compile(r"(?i)(([A-Z]{2,}\d{3}|[A-Z]{3,}\d{4})(-[0-9a-f]{12})?|KEPT(-[0-9a-f]+)?|UNREAD(-[0-9a-f]+)?)")


@click.command(short_help="Explain a rule, a finding, or an error message.")
@click.argument("what", nargs=-1)
@TARGET
@RULES
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--lang", type=click.Choice(["en", "zh", "both"]), help="By the language of your terminal when left out.")
def command(what: tuple[str, ...], target: str | None, rules: tuple[Path, ...], form: str, lang: str | None) -> int:
    """Explain a rule by its id (DEV001), a finding by the id in a report (DEV001-1f2e3d4c5b6a), or an error message.

    A message is given as an argument, or a whole log on stdin:

    \b
      porter explain "Torch not compiled with CUDA enabled"
      porter explain 107002 --target npu
      porter explain --target npu < train.log

    With a message the exit code is 1 when porter does not know it.
    """
    wanted = " ".join(what).strip()
    if _RULE.fullmatch(wanted):
        from porter.packs.show import explain

        click.echo(explain(wanted, target, rules))
        return 0
    return _message(_log() if wanted in {"", "-"} else wanted, target, form, lang or _language())


def _message(text: str, target: str | None, form: str, language: str) -> int:
    from porter.diagnosis.match import diagnose
    from porter.diagnosis.show import as_json, as_text

    diagnosis = diagnose(text, target.partition("@")[0] if target else None)
    click.echo(as_json(diagnosis) if form == "json" else as_text(diagnosis, language))
    return 0 if diagnosis.known else 1


def _log() -> str:
    from porter.errors import UsageError

    if sys.stdin.isatty():
        raise UsageError('Give a rule, a message or a log: porter explain "MESSAGE", or porter explain < LOG.')
    return sys.stdin.buffer.read().decode("utf-8", "replace")


def _language() -> str:
    """Chinese where the terminal speaks it."""
    import os

    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh" if spoken.lower().startswith("zh") else "en"
