"""Shell scripts: variables, options and their values, commands; read with a real parser, changed by single words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from porter.artefacts import bash, comparisons, placeholders, words
from porter.artefacts.command import Command, plain_option
from porter.artefacts.dependencies import clones, installs, requirement
from porter.artefacts.embedded import Host, python
from porter.artefacts.flows import Flows, command_of, flows, program_of, receivers
from porter.artefacts.held import COMMAND, listed, prefix, unseen, used
from porter.artefacts.heredocs import Heredoc, control_signs, masked, unescaped
from porter.artefacts.page import Page, Reading, Stay, manual
from porter.artefacts.values import Passed, value
from porter.artefacts.variables import in_command, other_variable, variable
from porter.checkout.walk import Entry
from porter.proposal import Proposal

if TYPE_CHECKING:
    from tree_sitter import Node

_UNSURE = "It stands in a text that this script writes or hands to another program."
_UNSURE_ADVICE = "If that program runs it as a command, make the same change there."
# What a scheduler of a cluster reads in a script's comments.
_DIRECTIVE = re.compile(r"#(SBATCH|PBS|BSUB|OAR|COBALT|\$)\s")


def concerns(entry: Entry) -> bool:
    return entry.kind in {"shell", "dotenv"}


def wants(data: bytes) -> bool:
    """A script installs packages and calls commands without any word of the triage, and costs little to read."""
    return bool(data.strip())


def read(page: Page) -> Reading:
    """The sites of a script, or of any piece of shell text."""
    # Carriage returns are blanks here, also behind a backslash; every other byte keeps its place.
    windows = b"\r\n" in page.data
    data = page.data.replace(b"\\\r\n", b" \\\n").replace(b"\r\n", b" \n")
    page = page.part(placeholders.masked(data))
    root = bash.tree(page.data).root_node
    reader = _Reader(page, flows(root, page.data), used(root, page.data))
    for node in words.nodes(root):
        handler = getattr(reader, f"on_{node.type}", None)
        if handler is not None:
            reader.reading.sites += handler(node)
        if node.type == "ERROR" or node.is_missing:
            reader.reading.flaws += 1
    if windows:
        return reader.reading.moved(int, lambda text: text.replace(b"\n", b"\r\n"))
    return reader.reading


def flows_of(page: Page) -> Flows:
    """Where the variables of a piece of shell text end up."""
    return flows(bash.tree(page.data).root_node, page.data)


class _Reader:
    """One handler for each type of node that can hold a site."""

    def __init__(self, page: Page, flows: Flows, used: dict[str, str]) -> None:
        self.page = page
        self.reading = Reading()
        self.flows = flows
        self.used = used

    def _word(self, node: Node) -> words.Word:
        return words.read(node, self.page.data)

    def _text(self, node: Node) -> str:
        return self.page.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def on_comment(self, node: Node) -> Iterator[Proposal]:
        told = _DIRECTIVE.match(self._text(node)) is not None
        why = "comment: a line that the scheduler of a cluster reads" if told else "comment: text for a reader"
        self.reading.stays.append(Stay(node.start_byte, node.end_byte, why, rules=told))
        return iter(())

    def on_variable_name(self, node: Node) -> Iterator[Proposal]:
        yield from variable(self.page, self._text(node), node.start_byte)

    def on_variable_assignment(self, node: Node) -> Iterator[Proposal]:
        name, given = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is None:
            return
        parent = node.parent
        if parent is not None and (
            parent.type == "command"
            or (parent.type == "declaration_command" and self._text(parent).startswith("export"))
        ):
            yield from other_variable(self.page, self._text(name), node.start_byte)
        if given is not None:
            yield from self._held(self._text(name), given)
        for item in () if given is None else given.named_children if given.type == "array" else (given,):
            word = self._word(item)
            names = (self._text(name),)
            flow = self.flows.get(names[0], ())
            what = f"the variable {names[0]}"
            yield from value(self.page, names, word.text, word.at(0), what, strict=False, passed=flow)

    def _held(self, name: str, given: Node) -> Iterator[Proposal]:
        """A command line, or a part of one, that the variable holds as a text or as an array of words."""
        reading, program = Reading(), self.used.get(name, "")
        command = listed(given, self.page.data, program) if given.type == "array" else None
        if command is not None:
            reading.sites += self._words(command)
        elif given.type in {"string", "raw_string"}:
            before = prefix(self._word(given).text, program)
            if before is not None:
                start, end = given.start_byte + 1, given.end_byte - 1
                text = before.encode() + self.page.data[start:end]
                reading = read(self.page.part(text)).shifted(start - len(before))
        reading.flaws = 0
        yield from reading.sites if name in self.used else map(unseen, reading.sites)
        reading.sites = []
        self.reading.add(reading)

    def on_declaration_command(self, node: Node) -> Iterator[Proposal]:
        for child in node.named_children:
            if child.type == "variable_name" and self._text(node).startswith("export"):
                yield from other_variable(self.page, self._text(child), child.start_byte)

    def on_expansion(self, node: Node) -> Iterator[Proposal]:
        """`${DEVICE:-cuda}`: the default of a variable, which may in turn be the value of another or of an option."""
        names = [self._text(child) for child in node.named_children if child.type == "variable_name"]
        names += receivers(node, self.page.data)
        for child in node.named_children:
            if child.type in words.WORDS and names:
                word = self._word(child)
                flow = [passed for name in names for passed in self.flows.get(name, ())]
                for name in dict.fromkeys(names):
                    what = f"{name} where nothing else is given"
                    passed = [
                        *flow,
                        *([Passed(name, *program_of(node, self.page.data))] if name.startswith("-") else ()),
                    ]
                    found = list(value(self.page, (name,), word.text, word.at(0), what, strict=False, passed=passed))
                    yield from found
                    if found:
                        break

    def on_binary_expression(self, node: Node) -> Iterator[Proposal]:
        return comparisons.compared(self.page, node)

    def on_case_statement(self, node: Node) -> Iterator[Proposal]:
        return comparisons.case(self.page, node)

    def on_for_statement(self, node: Node) -> Iterator[Proposal]:
        return comparisons.loop(self.page, node)

    def on_unary_expression(self, node: Node) -> Iterator[Proposal]:
        """`[[ -v CUDA_VISIBLE_DEVICES ]]`"""
        for child in node.named_children:
            if child.type == "word":
                yield from variable(self.page, self._text(child), child.start_byte)

    def on_heredoc_redirect(self, node: Node) -> Iterator[Proposal]:
        found = Heredoc.read(node, self.page.data)
        if found is None:
            return
        start, end = found.span(self.page.data)
        if found.is_python:
            data, frozen = found.masked(self.page.data)
            self.reading.add(python(self.page.part(data), start, end, Host("a here-document", True, False, frozen)))
        elif found.is_shell:
            yield from in_command(self.page, start, end, "It is set in a here-document that a shell runs.", reads=False)
        else:
            self.reading.stays.append(Stay(start, end, "here-document: text that this script writes or hands on"))
            yield from (
                site.withheld(_UNSURE, _UNSURE_ADVICE) for site in in_command(self.page, start, end, reads=False)
            )

    def on_command(self, node: Node) -> Iterator[Proposal]:
        command = command_of(node, self.page.data)
        if command is None:
            return
        if command.shows_text or command.edits_text:
            yield from self._text_command(node, command)
            return
        yield from self._flagged(command)
        yield from self._installed(command)
        yield from self._words(command)

    def _words(self, command: Command) -> Iterator[Proposal]:
        for index, argument in enumerate(command.arguments):
            if command.is_code(index):
                self._code(argument)
            else:
                yield from self._environment(command, index, argument)
                yield from self._value(command, index, argument)
                self._quoted(argument)

    def _text_command(self, node: Node, command: Command) -> Iterator[Proposal]:
        """Words that are shown stay; words that end up in a file or in a program may be commands."""
        kept = self._is_kept(node)
        for argument in command.arguments:
            self.reading.stays.append(
                Stay(argument.start, argument.end, f"message: text that {command.name} {command.does}", rules=kept)
            )
            if kept or command.edits_text:
                found = in_command(self.page, argument.start, argument.end, reads=argument.node.type == "raw_string")
                yield from (site.withheld(_UNSURE, _UNSURE_ADVICE) for site in found)

    def _is_kept(self, node: Node) -> bool:
        """Whether what a command shows ends up in a file or in another program."""
        parent = node.parent
        if parent is None:
            return False
        if parent.type == "redirected_statement":
            return re.search(r">>?\s*(?!/dev/)[^&>\s]", self._text(parent)) is not None
        return parent.type == "pipeline" and parent.children[-1] != node

    def _flagged(self, command: Command) -> Iterator[Proposal]:
        for word in (command.word, *command.arguments):
            if re.fullmatch(r"[A-Z0-9_]*|.*\s.*", word.text, re.DOTALL):
                continue
            rule = next((rule for rule, regex in self.page.strings if regex.fullmatch(word.text)), None)
            if rule is not None:
                yield manual(rule, word.start, word.end)

    def _installed(self, command: Command) -> Iterator[Proposal]:
        spelled = [(word.text, word.start, word.end) for word in (command.word, *command.arguments)]
        beside = " ".join(text for text, _, _ in spelled)
        conda = any(re.search(r"(^|/)(conda|mamba|micromamba)$", text) for text, _, _ in spelled[:2])
        for text, start, end in (*installs(spelled), *clones(spelled)):
            yield from requirement(self.page, text, start, end, beside=beside, conda=conda)

    def _code(self, argument: words.Word) -> None:
        if argument.node.type not in words.QUOTED:
            return
        data, start, end = self.page.data, argument.start + words.QUOTED[argument.node.type], argument.end - 1
        frozen = ""
        if argument.node.type == "ansi_c_string" and b"\\" in data[start:end]:
            data, frozen = control_signs(data, start, end), "the shell undoes its escapes"
        elif argument.expands:
            data, frozen = masked(data, argument.node), "the shell puts something into it"
        elif self.page.entry.kind == "notebook" and re.search(rb"[{$]", data[start:end]):
            frozen = "the notebook puts something into it"
        if argument.node.type == "string":
            data = unescaped(data, start, end)
        lines = self.page.entry.kind in {"shell", "text"}
        self.reading.add(python(self.page.part(data), start, end, Host("a command line", lines, frozen=frozen)))

    def _quoted(self, argument: words.Word) -> None:
        """A command inside quotes, such as that of `screen -X stuff`, `ssh` or `bash -c`, is read like any other."""
        if argument.node.type in words.QUOTED and COMMAND.match(argument.text):
            start, end = argument.start + words.QUOTED[argument.node.type], argument.end - 1
            text = self.page.data
            text = control_signs(text, start, end) if argument.node.type == "ansi_c_string" else text
            nested = read(self.page.part(text[start:end])).shifted(start)
            nested.flaws = 0
            self.reading.add(nested)

    def _environment(self, command: Command, index: int, argument: words.Word) -> Iterator[Proposal]:
        quoted = argument.node.type in {"string", "raw_string", "concatenation"}
        because = "It is set inside a quoted command." if quoted and " " in argument.text else ""
        yield from in_command(
            self.page, argument.start, argument.end, because, reads=argument.node.type == "raw_string"
        )
        if argument.text in self.page.variables:
            for site in variable(self.page, argument.text, argument.at(0)):
                yield (
                    site
                    if command.names_variable(index)
                    else site.withheld("The command takes the variable's name as a word.", _UNSURE_ADVICE)
                )
        elif command.names_variable(index):
            yield from other_variable(self.page, argument.text.partition("=")[0], argument.at(0))

    def _value(self, command: Command, index: int, argument: words.Word) -> Iterator[Proposal]:
        key, found, given = argument.text.partition("=")
        passed = command.passed(index)
        ends = [passed] if passed else []
        if found and re.fullmatch(r"[-+~]{0,2}[A-Za-z_][\w.@/-]*", key):
            at = argument.at(len(key) + 1)
            yield from value(self.page, (key,), given, at, key, strict=command.strict, passed=ends)
            return
        option = plain_option(command.arguments[index - 1].text) if index else ""
        what = f"the option {option}" if option else f"an argument of {command.name}"
        names = (option,) if option else ()
        yield from value(self.page, names, argument.text, argument.at(0), what, strict=command.strict, passed=ends)
