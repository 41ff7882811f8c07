"""Makes what can be made of the docs: `python docs/generate.py` writes it, with `--check` it only names what is stale.

Made whole are cli.md, from the commands themselves, rule-list.md, targets.md and upstreams.md, from the packs, and
coverage.md, from coverage.yaml. In every other page the console sessions are run again, so that what a reader sees is
what porter prints.
"""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from covered import page as coverage
from replay import replayed

from porter import kinds
from porter.cli import porter as root
from porter.data import folder
from porter.packs.load import Upstream, load, optional, pack_paths, read_pack
from porter.packs.rule import Rule
from porter.styles.home import NAMES
from porter.styles.style import AGNOSTIC
from porter.targets.catalog import names, names_of_cuda, resolve

DOCS = Path(__file__).resolve().parent
MADE = "<!-- Made by `python docs/generate.py`; do not edit. -->\n"


def produce() -> dict[Path, str]:
    """Every page that lies here, as it should be."""
    whole = {
        DOCS / "cli.md": command_line(),
        DOCS / "rule-list.md": rule_list(),
        DOCS / "targets.md": targets(),
        DOCS / "upstreams.md": upstreams(),
        DOCS / "coverage.md": coverage(MADE),
    }
    written = [path for path in (*DOCS.glob("*.md"), *DOCS.parent.glob("*.md")) if path not in whole]
    return whole | {path: replayed(path.read_text(encoding="utf-8")) for path in sorted(written)}


# -- the command line ---


def command_line() -> str:
    intro = (
        f"# The command line\n\n{MADE}\nEvery verb with its options, as `porter VERB --help` has them. "
        "What a verb finds goes to stdout, progress to stderr.\n\n"
        "| exit code | means |\n|---:|---|\n"
        "| 0 | nothing is left to do |\n"
        "| 1 | a person is needed: there are manual or review places, or files that could not be read |\n"
        "| 2 | bad usage or bad input: one sentence says what, and how to mend it |\n"
        "| 3 | a fault in porter itself |\n"
        "| 130 | stopped with Ctrl-C; nothing is left half-written |\n"
    )
    context = click.Context(root, info_name="porter", **root.context_settings)
    return intro + "".join(_verb(leaf) for leaf in _leaves(context))


def _leaves(context: click.Context) -> Iterator[click.Context]:
    """A context for each verb that is no group of others."""
    command = context.command
    if not isinstance(command, click.Group):
        yield context
        return
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None
        yield from _leaves(click.Context(inner, info_name=name, parent=context))


def _verb(context: click.Context) -> str:
    command = context.command
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    options = [option for option in command.get_params(context) if isinstance(option, click.Option)]
    records = [record for option in options if (record := option.get_help_record(context))]
    rows = "".join(f"| `{_cell(names)}` | {_escaped(_cell(text))} |\n" for names, text in records)
    text = "\n\n".join(_escaped(part) for part in (command.help or "").split("\n\n"))
    return f"\n## {context.command_path}\n\n{text}\n\n```\n{usage}\n```\n\n| option | |\n|---|---|\n{rows}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


# -- the rules ---


def rule_list() -> str:
    """Every rule of the packs, with its first example as the first target that has it sees it."""
    found: dict[tuple[str, str], tuple[Rule, list[str]]] = {}
    paths = pack_paths()
    upstreams = sorted({file.upstream for path in paths.values() if (file := read_pack(path)).upstream})
    for name in names():
        target, _ = resolve(name)
        ways = [(Upstream(each), ()) for each in ("", *upstreams)] + [
            (Upstream(), (Path(each),)) for each in optional()
        ]
        for upstream, asked in ways:
            pack = load(target, upstream, asked)
            for rule in pack.rules:
                targets = found.setdefault((pack.home[rule.id], rule.id), (rule, []))[1]
                if name not in targets:
                    targets.append(name)
    paths |= {AGNOSTIC: folder("rules") / "styles" / f"{AGNOSTIC}.yaml"}
    for floor in ({}, {"torch": ">=2.9"}):
        pack = load(resolve("npu")[0], Upstream(requires=floor), (), helper=NAMES[0])
        own = (rule for rule in pack.rules if pack.home[rule.id] == AGNOSTIC)
        found |= {(AGNOSTIC, rule.id): (rule, ["every target"]) for rule in own}
    lines = [
        "# The rules",
        "",
        MADE,
        f"{len(found)} rules in {len(paths)} packs. [rules.md](rules.md) explains the language that they are written",
        "in. *safe* is applied, *review* is applied and marked, *manual* is never applied; a flag that is safe says",
        "that the place may stay.",
    ]
    homes = dict.fromkeys(home for home, _ in sorted(found, key=lambda key: (key[0] != "base", key)))
    for home in homes:
        lines += ["", f"## Pack {home}", "", read_pack(paths[home]).describes]
        for (at, _), (rule, targets) in sorted(found.items(), key=lambda item: item[0]):
            if at == home:
                lines += _entry(rule, targets)
    return "\n".join(lines) + "\n"


def _entry(rule: Rule, targets: list[str]) -> list[str]:
    facts = f"{kinds.kind_of(rule)}, **{rule.safety.value}**, for {' and '.join(targets)}."
    lines = ["", f"### {rule.id} {rule.name}", "", f"{facts} {_escaped(rule.why)}"]
    if rule.advice:
        lines += ["", f"*What a person does:* {_escaped(rule.advice)}"]
    example = rule.examples[0]
    after = example.before if example.after is None else example.after
    difference = [line for line in difflib.ndiff(example.before.splitlines(), after.splitlines()) if line[0] != "?"]
    return [*lines, "", "```diff", *(line.rstrip() for line in difference), "```"]


def _escaped(text: str) -> str:
    """A sentence as Markdown shows it: what could be HTML or emphasis is only text."""
    spans = re.split(r"(`[^`]*`)", " ".join(text.split()))  # what stands between backticks is shown as it is
    return "".join(span if span.startswith("`") else re.sub(r"([<>*_])", r"\\\1", span) for span in spans)


# -- the projects ---


def upstreams() -> str:
    """Every project with a pack of its own: how it is known, what holds for it, and what was run."""
    packs = [file for _, path in sorted(pack_paths().items()) if (file := read_pack(path)).upstream]
    lines = ["# Projects that porter knows", "", MADE]
    lines += [
        "A pack in `rules/upstream/` holds what is true of one project alone; what is true of many stands in the",
        "packs that hold everywhere (`base`, `hazards`, `huggingface`, the targets). It joins in by itself: where",
        "the packaging of the checkout names the project, or where all files of one of its marks are there. The",
        "report's table of versions names the packs that were used. A checkpoint's folder is a checkout like any",
        "other, also in the cache of the hub, and so is an installed package (`porter migrate --installed NAME`).",
        "Rules that a project switches off are switched off with a reason.",
    ]
    for pack in packs:
        rules = [f"`{rule['id']}` {rule['name']}" for rule in pack.rules]
        marks = [" and ".join(f"`{glob}`" for glob in mark) for mark in pack.marks]
        lines += ["", f"## {pack.upstream}", "", _escaped(pack.describes), ""]
        lines += [f"- *Known by* its name, or by what is in {'; or in '.join(marks)}."]
        lines += [f"- *Rules*: {', '.join(rules)}."] if rules else []
        lines += [f"- *Without* `{rule}`: {_escaped(reason)}" for rule, reason in sorted(pack.disable.items())]
        lines += [f"- *Run*: {_escaped(what)}" for what in pack.ran]
    return "\n".join(lines) + "\n"


# -- the targets ---


def targets() -> str:
    """Every target with what its pack and its file say."""
    cuda = names_of_cuda()
    lines = [
        "# The targets",
        "",
        MADE,
        "What porter knows of each accelerator: `rules/<target>.yaml` has its rules, `rules/targets/<target>.yaml` its",
        "versions and names. `porter targets show NAME` prints the same with all versions and sources.",
        "`--target NAME@VERSION` takes another version than the default, the newest that the vendor has released.",
        "",
        "| target | | default | torch | device | backend | visible devices | import | torch.cuda |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in names():
        target, surface = resolve(name)
        sheet, have = surface.sheet, surface.coverage(cuda)
        seen, module = load(target).variables["visible_devices"], f"`{sheet.module}`" if sheet.module else "none"
        cells = [f"`{name}`", target.title, target.version, target.torch, f"`{sheet.device}`", f"`{sheet.backend}`"]
        cells += [f"`{seen}`", module, f"{have['same']} same, {have['renamed']} renamed, {have['missing']} missing"]
        lines.append(f"| {' | '.join(cells)} |")
    for name in names():
        target, surface = resolve(name)
        pack, oldest = load(target), surface.sheet.versions[-1].version
        lines += ["", f"## {name}: {target.title}", "", f"Versions {oldest} to {surface.sheet.versions[0].version}."]
        lines += [f"{_escaped(note)}" for note in surface.notes]
        lines += ["", *(f"- *{topic}*: {_escaped(fact)}" for topic, fact in surface.sheet.facts.items())]
        own = [rule for rule in pack.rules if pack.home[rule.id] == name]
        lines += ["", f"Rules of its own: {', '.join(f'{rule.id} {rule.name}' for rule in own)}."]
        off = [(each, why) for use in pack.uses for each, why in use.disabled]
        lines += ["", *(f"- {each} does not hold: {_escaped(why)}" for each, why in off)] if off else []
    return "\n".join(lines) + "\n"


# -- what to do with them ---


def main() -> int:
    stale = {path: text for path, text in produce().items() if not path.is_file() or path.read_text("utf-8") != text}
    for path, text in stale.items():
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
            continue
        old = path.read_text("utf-8").splitlines() if path.is_file() else []
        print(
            *difflib.unified_diff(old, text.splitlines(), path.name, f"{path.name}, as it should be", lineterm=""),
            sep="\n",
        )
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
