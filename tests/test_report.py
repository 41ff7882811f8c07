"""The report: every finding is in it, the numbers add up, and nothing of the checkout's text can break it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

import porter
from porter.errors import UsageError
from porter.model import (
    Dependency,
    FilePlan,
    Finding,
    Origin,
    PackUse,
    Plan,
    Problem,
    Target,
    Verdict,
)
from porter.report import as_json, as_markdown, describe, diff, formats, render, safe, sites, summary
from porter.report.as_text import WIDTH
from porter.report.upstream import place_url, public_url

DOCS = Path(__file__).parent.parent / "docs" / "report.md"
SCHEMA = Path(porter.__file__).parent / "report" / "schema.json"
PORTED, KEPT, REVIEW, MANUAL = Verdict
VERDICT_NAMES = [verdict.value for verdict in Verdict]
OURS = re.compile(r'</?(details|summary|code)>|<a id="file-\d+"></a>')  # the only HTML that a report may hold
SECTIONS = [
    "What a person must do next",
    "What to check",
    "Dependencies",
    "File by file",
    "Kept as it is",
    "Not read",
    "Versions",
    "Signature",
]
NASTY = (
    "</details>\n```\n<script>alert(1)</script>",
    "a | b `c` ``` ````d```` @octocat #123 GH-7 $x$",
    "# 标题\r\n\r\n| 表 | 格 |\n|---|---|\x0c\x00\u202e\u2028<img src=x onerror=y>",
    "[click](javascript:alert(1)) ![i](http://x/y) <!-- --> www.evil.example &lt; \\` \\",
    "x" * 5000,
    "    - 1. ===\n---\n~~~\n",
    "\udcff\udc80 \ud800",
    "",
)


def finding(verdict: Verdict = PORTED, **changes: object) -> Finding:
    values: dict[str, object] = {
        "id": "F1",
        "file": "model.py",
        "line": 3,
        "column": 5,
        "verdict": verdict,
        "rule": "DEV001",
        "name": "cuda-namespace",
        "why": "The vendor has `torch.npu`.",
        "before": "x = torch.cuda.empty_cache()",
        "after": "x = torch.npu.empty_cache()",
        **changes,
    }
    return Finding(**values)  # type: ignore[arg-type]


def plan(*findings: Finding, **changes: object) -> Plan:
    files = [
        FilePlan(path, "d" * 64, "python", tuple(each for each in findings if each.file == path), b"before", b"after")
        for path in sorted({each.file for each in findings})
    ]
    values: dict[str, object] = {
        "origin": Origin("Baichuan-7B", "https://github.com/baichuan-inc/Baichuan-7B.git", "c" * 40),
        "target": Target("npu", "8.0", "2.1.0", "Ascend 910"),
        "packs": (PackUse("base", "e" * 64), PackUse("npu", "f" * 64, (("DEV009", "Not needed | here."),))),
        "files": tuple(files),
        "scanned": 12,
        "untouched": 4,
        **changes,
    }
    return Plan(**values)  # type: ignore[arg-type]


def nasty(text: str, other: str = "y") -> Plan:
    """A plan in which everything that a checkout can bring is this text."""
    name = text.replace("/", "∕").replace("\0", "") or "empty"
    words: dict[str, object] = {"file": name, "why": text, "advice": text, "name": text, "links": (text,)}
    findings = [
        finding(verdict, **words, id=f"F{line}", line=line, before=text, after=text + other)
        for line, verdict in enumerate(Verdict, 1)
    ]
    return plan(
        *findings,
        origin=Origin(text, text, text, (text,)),
        problems=(Problem(name, 0, text, text),),
        dependencies=(Dependency(text, (text,) * 7, text),),
        packs=(PackUse(text, text, ((text, text),)),),
    )


def check_markdown(text: str) -> None:
    """Only our own HTML, as many details closed as opened, every fence closed, every link to a place that is there."""
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
    inline = [child for token in tokens for child in token.children or []]
    html = "".join(token.content for token in (*tokens, *inline) if token.type in ("html_block", "html_inline"))
    # Inside a tag of ours stand only entities and plain words, so nothing is left with an angle bracket.
    assert not re.search("[<>]", OURS.sub("", html)), html
    assert html.count("<details>") == html.count("</details>")
    assert {token.attrGet("href").partition(":")[0] for token in inline if token.type == "link_open"} <= {
        *(f"#{name}" for name in re.findall(r'<a id="(file-\d+)">', html)),
        "https",
        "http",
    }
    lines = text.splitlines()
    for token in tokens:
        if token.type == "fence":
            assert token.map and lines[token.map[1] - 1] == token.markup
            assert token.info == "diff"
    headings = [inside.content for token, inside in pairwise(tokens) if token.type == "heading_open"]
    assert [each for each in headings if each in SECTIONS] == SECTIONS  # none swallowed by what stands above
    # What GitHub looks through for mentions and issues: text that is in no code.
    marked = "".join(child.content for child in inline if child.type in ("text", "html_inline", "softbreak"))
    prose = re.sub("<code>.*?</code>", "", marked, flags=re.S)
    assert not re.search(r"@octocat|#123|GH-7|\$x\$", prose)


def test_formats_are_found_by_the_folder() -> None:
    assert formats() == ["github", "json", "junit", "markdown", "sarif", "text"]
    assert all(describe(form).startswith("For ") for form in formats())


def test_an_unknown_format_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean json"):
        render(plan(), "jsn")
    with pytest.raises(UsageError, match="github, json, junit, markdown, sarif, text"):
        render(plan(), "../errors")


@pytest.mark.parametrize("text", NASTY)
def test_no_text_of_a_checkout_breaks_a_format(text: str) -> None:
    made = {form: render(nasty(text), form) for form in formats()}
    for output in made.values():
        output.encode("utf-8")
        assert output.endswith("\n")
    check_markdown(made["markdown"])
    jsonschema.validate(json.loads(made["json"]), {**as_json.schema(), "$defs": _lenient()})
    json.loads(made["sarif"])
    assert max(map(len, made["markdown"].splitlines())) < 9000
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e\u2028]", made["markdown"] + made["text"])


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("`|<>/&*_[]()~#@$!\\-=+1. \n\r\tａ中\udcffdetails"), max_size=30), st.text(max_size=10))
def test_markdown_holds_for_any_text(text: str, other: str) -> None:
    check_markdown(render(nasty(text, other), "markdown"))


def _lenient() -> dict[str, object]:
    """The definitions without minimal lengths: the nasty plan has empty names, which a real one has not."""
    text = json.dumps(as_json.schema()["$defs"])
    found: dict[str, object] = json.loads(re.sub(r', "minLength": 1|"minLength": 1, ', "", text))
    return found


def test_json_follows_the_published_schema() -> None:
    made = json.loads(render(plan(finding(), finding(MANUAL, id="F2", advice="Do it.", effort=30)), "json"))
    schema = as_json.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(made, schema)
    assert made["findings"][0] == {
        **{name: getattr(finding(), name) for name in ("id", "file", "line", "column", "rule", "name", "why")},
        "before": finding().before,
        "after": finding().after,
        "advice": "",
        "links": [],
        "effort": 0,
        "verdict": "ported",
    }
    assert made["packs"][1]["disabled"] == [{"rule": "DEV009", "reason": "Not needed | here."}]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**made, "findings": [{**made["findings"][0], "verdict": "maybe"}]}, schema)


def test_the_schema_file_is_what_the_code_writes() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == as_json.schema(), "write as_json.schema() to schema.json"


def test_the_docs_explain_every_field_of_the_schema() -> None:
    table = DOCS.read_text(encoding="utf-8").partition("## report.json")[2]
    told = {name.replace("[]", "") for name in re.findall(r"`([\w.\[\]]+)`", table)}
    schema = as_json.schema()["$defs"]
    top = schema.pop("Report")["properties"]
    explained = set()
    for name, field in top.items():
        inside = (field.get("items") or field).get("$ref", "").rpartition("/")[2]
        fields = schema[inside]["properties"] if inside and inside not in explained else ()
        explained.add(inside)
        missing = {f"{name}.{each}" for each in fields} - told if fields else {name} - told
        assert not missing, f"docs/report.md does not explain {sorted(missing)}"
    for name in schema.keys() - explained:  # what lies deeper is explained by its bare name
        definition = schema[name]
        assert set(definition["properties"]) <= told | set(VERDICT_NAMES), name


def test_json_is_the_same_whatever_the_order_of_files_and_findings() -> None:
    findings = [finding(id=f"F{line}", line=line, file=file) for line in (1, 2) for file in ("a.py", "b.py")]
    one, other = plan(*findings), plan(*reversed(findings))
    other = replace(other, files=tuple(reversed(other.files)))
    for form in formats():
        assert render(one, form) == render(other, form)


def test_the_sum_is_told_with_its_numbers_and_holds() -> None:
    counts = {PORTED: 7, KEPT: 4, REVIEW: 2, MANUAL: 1}
    made = plan(*(finding(verdict, id=f"{verdict}{i}", line=i + 1) for verdict, n in counts.items() for i in range(n)))
    for form in ("markdown", "text"):
        assert "14 found = 7 ported + 4 kept + 2 review + 1 manual" in render(made, form)
    wrong = replace(summary.summarise(made), found=15)
    assert "15 found ≠ 7 ported" in wrong.total


@pytest.mark.parametrize(
    ("verdicts", "problems", "start"),
    [
        ([], 0, "Nothing to port"),
        ([PORTED, KEPT], 0, "Ready: every place"),
        ([PORTED, REVIEW], 0, "Ready once checked: 1 edit is applied"),
        ([MANUAL, MANUAL, REVIEW], 0, "Not ready: 2 places need a person, 1 edit is"),
        ([PORTED], 1, "Not ready: 1 file could not be read"),
        ([], 2, "Not ready: 2 files could not be read"),
    ],
)
def test_the_headline(verdicts: list[Verdict], problems: int, start: str) -> None:
    trouble = tuple(Problem(f"{i}.py", 1, "No.", "Mend it.") for i in range(problems))
    made = plan(*(finding(verdict, id=str(i)) for i, verdict in enumerate(verdicts)), problems=trouble)
    for form in ("markdown", "text"):
        assert start in " ".join(render(made, form).split())


def test_findings_of_one_line_are_shown_once_with_all_their_rules() -> None:
    both = "x = y.npu().to('npu')"
    made = plan(
        finding(before="x = y.cuda().to('cuda')", after=both),
        finding(REVIEW, id="F2", column=9, rule="DEV003", before="x = y.cuda().to('cuda')", after=both),
        finding(MANUAL, id="F3", column=1, rule="FLG001", before="x = y.cuda().to('cuda')", after=""),
    )
    text = render(made, "markdown")
    assert text.count("- x = y.cuda().to('cuda')\n+ x = y.npu().to('npu')\n") == 1 == text.count("```diff")
    assert text.count("**Line 3**") == 1
    section = text[text.index("**Line 3**") :]
    assert section.index("FLG001") < section.index("DEV003") < section.index("DEV001")


def test_edits_that_are_told_one_by_one_are_merged() -> None:
    before = "a.cuda(); b.cuda()"
    assert diff.merge([(before, "a.npu(); b.cuda()"), (before, "a.cuda(); b.npu()")]) == [(before, "a.npu(); b.npu()")]


def test_edits_that_overlap_are_not_merged() -> None:
    changes = [("a.cuda()", "a.npu()"), ("a.cuda()", "b.xpu()")]
    assert diff.merge(changes) == changes


def test_the_change_in_a_long_line_stays_in_sight() -> None:
    text = diff.block([("a" * 3000 + "cuda" + "b" * 3000, "a" * 3000 + "npu" + "b" * 3000)])
    assert "cuda" in text and "npu" in text and max(map(len, text.splitlines())) <= 210


def test_a_fence_is_longer_than_what_it_holds() -> None:
    assert diff.block([("`````", "x")]).startswith("``````diff\n- `````\n+ x\n")
    assert diff.block([("a\n", "a\r\n")]) == "```diff\n  a\n```"  # no change to be seen, none shown
    assert diff.block([("", "import torch_npu")]) == "```diff\n+ import torch_npu\n```"


def test_kept_sites_are_grouped_by_reason() -> None:
    kept = [
        finding(KEPT, id=f"F{line}", line=line, why="A comment." if line % 2 else "An own name.")
        for line in range(1, 6)
    ]
    assert sites.kept(kept) == [("A comment", [1, 3, 5]), ("An own name", [2, 4])]
    text = render(plan(*kept), "markdown")
    assert "- A comment: lines 1, 3, 5\n- An own name: lines 2, 4\n" in text


def test_few_files_need_no_index_and_many_have_one() -> None:
    def made(amount: int) -> str:
        return render(plan(*(finding(id=str(i), file=f"f{i:02}.py") for i in range(amount))), "markdown")

    assert "| file | kind |" not in made(10)
    assert "| [`f03.py`](#file-4) | python | 0 | 0 | 1 | 0 |" in made(11)


@pytest.mark.parametrize("verdict", [PORTED, REVIEW, MANUAL, KEPT])
def test_a_report_of_5000_findings_can_be_shown_by_github(verdict: Verdict) -> None:
    rest = "torch.cuda.empty_cache() " + "y" * 120
    many = [
        finding(
            verdict, id=f"F{i}", file=f"src/package/file_{i % 400:03}.py", line=i + 1, before=rest, after=f"{rest}z"
        )
        for i in range(5000)
    ]
    last = finding(MANUAL, id="last", file="z.py", rule="FLG001", advice="Do this by hand.", before="import apex")
    text = render(plan(*many, last), "markdown")
    check_markdown(text)
    assert len(text.encode()) <= as_markdown.LIMIT
    assert "Do this by hand." in text and "5,001 found" in text
    assert ("`report.json`" in text) == (verdict is not KEPT)  # kept places are short as they are
    if verdict is PORTED:
        assert "  import apex\n" in text and "+ torch" not in text  # the manual one still has its code
    shown = set(re.findall(r"\d+", " ".join(re.findall("lines? ([\\d, ]+)", text))))
    assert len(shown & {str(i) for i in range(1, 5001)}) == 5000  # lists are short enough: no place is left out


def test_lists_that_are_cut_say_so() -> None:
    many = [finding(id=f"F{i}", file="d/" * 60 + f"file_{i:05}.py", line=i + 1) for i in range(6000)]
    text = render(plan(*many), "markdown")
    assert len(text.encode()) <= as_markdown.LIMIT
    assert "no list is longer than 200" in text and "and 5,800 more files" in text


def test_github_commands_escape_what_would_end_them() -> None:
    made = plan(finding(MANUAL, file="a,b:c%.py", why="100%\r\n::error::no", advice=""), finding(id="F2"))
    lines = render(made, "github").splitlines()
    assert lines[1] == (
        "::warning file=a%2Cb%3Ac%25.py,line=3,col=5,title=DEV001 cuda-namespace::100%25%0D%0A::error::no"
    )
    assert len(lines) == 2 and lines[0].startswith("::notice title=porter%2C target npu::Not ready")


def test_sarif_has_what_a_person_must_see() -> None:
    found = [
        finding(),
        finding(KEPT, id="F2"),
        finding(REVIEW, id="F3", links=("javascript:x", "https://example.org/a")),
        finding(MANUAL, id="F4", rule="FLG001", file="目录/a b\udcff.py"),
    ]
    made = plan(*found, problems=(Problem("x.py", 0, "No.", "Mend."),))
    run = json.loads(render(made, "sarif"))["runs"][0]
    levels = [(each["ruleId"], each["level"], each["partialFingerprints"]) for each in run["results"]]
    assert levels == [
        ("DEV001", "note", {"porterFinding/v1": "F3"}),
        ("FLG001", "warning", {"porterFinding/v1": "F4"}),
    ]
    rules = run["tool"]["driver"]["rules"]
    assert [rules[each["ruleIndex"]]["id"] for each in run["results"]] == ["DEV001", "FLG001"]
    assert rules[0]["helpUri"] == "https://example.org/a"
    place = run["results"][1]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "%E7%9B%AE%E5%BD%95/a%20b%FF.py"
    assert run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"] == "No. Mend."


def test_text_fits_a_terminal_and_names_the_first_ten() -> None:
    found = [
        finding(MANUAL, id=f"F{i}", rule=f"R{i:02}", advice="建议" * 100, effort=i, file="长" * 90 + ".py")
        for i in range(12)
    ]
    lines = render(plan(*found), "text").splitlines()
    wide = [sum(2 if ord(letter) > 0x2E80 else 1 for letter in line) for line in lines]
    assert max(wide) <= WIDTH
    assert " 1. R11" in "\n".join(lines) and "  and 2 more rules; report.md has them all" in lines


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:secret@github.com/x/y.git?token=z", "https://github.com/x/y.git"),
        ("git@github.com:x/y.git", "github.com:x/y.git"),
        ("/home/somebody/y.git", ""),
        ("file:///home/somebody/y.git", ""),
        ("C:\\work\\y", ""),
        ("https://[broken", ""),
    ],
)
def test_an_address_tells_no_secret_and_no_path_of_a_machine(url: str, shown: str) -> None:
    made = plan(finding(), origin=Origin("y", url, "c" * 40))
    assert public_url(made.origin) == shown
    for form in formats():
        assert not re.search("secret|somebody|token", render(made, form))


def test_a_file_is_linked_at_its_commit_unless_it_differs() -> None:
    origin = Origin("y", "https://github.com/x/y.git", "abc", ("dirty.py",))
    assert place_url(origin, "a b.py", 7) == "https://github.com/x/y/blob/abc/a%20b.py#L7"
    assert place_url(origin, "dirty.py", 7) == ""
    assert place_url(replace(origin, commit=""), "a.py", 7) == ""
    assert place_url(replace(origin, url="https://example.org/x"), "a.py", 7) == ""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Use `torch.npu`, see https://a.b/c_d.", "Use `torch.npu`, see <https://a.b/c_d>."),
        ("ask @octocat about #12", "ask `@octocat` about `#12`"),
        ("__init__ of torch_npu *now*", r"\_\_init\_\_ of torch_npu \*now\*"),
        ("1. a < b & c", "&#49;. a &#60; b &#38; c"),
        ("one\r\n two", "one two"),
    ],
)
def test_prose(text: str, shown: str) -> None:
    assert safe.prose(text) == shown


def test_code_may_stand_in_a_table() -> None:
    assert safe.code("a.py") == "`a.py`"
    assert safe.code("a|b`<i>") == "<code>a&#124;b&#96;&#60;i&#62;</code>"
    assert safe.code("a\u202eb\nc") == "`a⟨U+202E⟩b↵c`"
