"""The docs are true: links lead somewhere, commands parse, what porter makes is fresh, and lists are complete."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
import pytest
import tomlkit
from markdown_it import MarkdownIt
from markdown_it.token import Token

from porter import kinds
from porter.cli import porter
from porter.packs.pack import PackFile
from porter.packs.positions import Position
from porter.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


def tokens(page: Path) -> Iterator[Token]:
    """The tokens of a page, those inside of a line included."""
    for token in MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8")):
        yield token
        yield from token.children or ()


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    titles = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_somewhere(page: Path) -> None:
    addresses = [
        str(t.attrs.get("href", t.attrs.get("src", ""))) for t in tokens(page) if t.type in {"link_open", "image"}
    ]
    for address in addresses:
        path, _, anchor = address.partition("#")
        if re.match(r"[a-z]+:", address):
            continue
        to = (page.parent / path).resolve() if path else page
        assert ROOT in to.parents and to.exists(), address
        assert not anchor or anchor in anchors(to), address


def commands(page: Path) -> Iterator[tuple[str, bool]]:
    """What a page tells people to type, each with whether it is whole, as a line of a block is."""
    for token in tokens(page):
        if token.type == "fence" and token.info in {"sh", "console"}:
            lines = [line.removeprefix("$ ") for line in token.content.splitlines()]
            wanted = [line for line in lines if re.match(r"porter [\w-]", line)]
            yield from ((line, True) for line in wanted)
        elif token.type == "code_inline" and re.match(r"porter [\w-]", token.content):
            yield token.content, False


def leaf(words: list[str]) -> tuple[click.Context, list[str]]:
    """The verb that the words name, and what is left of them."""
    context = click.Context(porter, info_name="porter", **porter.context_settings)
    while words and isinstance(context.command, click.Group) and words[0] not in {"VERB", "--help", "--version"}:
        command = context.command.get_command(context, words[0])
        assert command is not None, f"there is no verb {words[0]}"
        context = click.Context(command, info_name=words.pop(0), parent=context)
    return context, words


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_commands_are_those_of_porter(page: Path) -> None:
    for line, whole in commands(page):
        words = shlex.split(line, comments=True)
        end = next((i for i, word in enumerate(words) if word in {"|", ">", ">>", "<", "&&", ";"}), len(words))
        context, rest = leaf(words[1:end])
        if isinstance(context.command, click.Group):
            continue
        try:
            context.command.parse_args(context, rest)
        except click.exceptions.Exit:
            pass  # --help
        except click.MissingParameter as missing:
            assert not whole, f"{line}: {missing.format_message()}"
        except click.UsageError as error:
            pytest.fail(f"{line}: {error.format_message()}")


def test_a_wrong_command_would_be_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```sh\nporter migrate x --tarket npu\n```\n", encoding="utf-8")
    with pytest.raises(pytest.fail.Exception, match="tarket"):
        test_commands_are_those_of_porter(page)


def test_what_is_made_is_fresh() -> None:
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"run: python docs/generate.py\n{done.stdout}{done.stderr}"


def test_every_key_of_the_rule_language_is_explained() -> None:
    text = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    types = [PackFile, Position, Settings, *(module.Rule for module in kinds.modules().values())]
    keys = {field.encode_name for each in types for field in msgspec.structs.fields(each)}
    explained = set(re.findall(r"`(\w+)(?:: \w+)?`", text))
    assert keys - explained == set()
    assert all(f"### {kind}: " in text for kind in kinds.modules())


def test_every_dependency_is_explained_and_no_other() -> None:
    project = tomlkit.parse((ROOT / "pyproject.toml").read_text(encoding="utf-8")).unwrap()["project"]
    declared = [*project["dependencies"], *(d for extra in project["optional-dependencies"].values() for d in extra)]
    wanted = {re.split(r"[<>=~!\[ ]", requirement)[0].lower() for requirement in declared}
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    assert {name.lower() for name in re.findall(r"\[([\w-]+)\]\(https:", text)} == wanted


def test_every_test_that_the_design_names_is_there() -> None:
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    file = ""
    for found in re.finditer(r"`(test_\w+\.py)?::(\w+)`", text):
        file = found[1] or file
        assert f"def {found[2]}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), found[0]


def test_the_tables_of_verified_ports_are_those_of_the_evidence() -> None:
    spec = importlib.util.spec_from_file_location("verified", ROOT / "bench" / "verified.py")
    assert spec and spec.loader
    verified = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(verified)
    text = (ROOT / "docs" / "verified.md").read_text(encoding="utf-8")
    assert verified.EVIDENCE.is_dir()
    assert verified.page(text) == text, "run python bench/verified.py page"
