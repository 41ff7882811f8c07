"""Rule packs: every example holds, packs inherit, override, disable and join in as they say, order means nothing."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from porter import kinds
from porter.checkout.source import open_checkout
from porter.cli import porter
from porter.data import folder
from porter.errors import UsageError
from porter.model import Plan, Safety, Verdict
from porter.packs.examples import Trial, try_pack
from porter.packs.load import Upstream, load, optional, pack_paths
from porter.packs.pack import Pack
from porter.packs.schema import schema
from porter.plan import Choice, make_plan
from porter.report import render
from porter.targets.catalog import names, resolve

PACKS = sorted(pack_paths().values())
UPSTREAMS = [
    "",
    *sorted({text["upstream"] for text in (yaml.safe_load(p.read_text()) for p in PACKS) if "upstream" in text}),
]


def pack_of(target: str, upstream: Upstream = Upstream(), extra: tuple[Path, ...] = ()) -> Pack:  # noqa: B008  (frozen)
    return load(resolve(target)[0], upstream, extra)


def rules_of_all() -> list[tuple[str, str]]:
    """Every target with every rule that some checkout can get, or that a person can ask for."""
    found = {(name, rule.id) for name in names() for up in UPSTREAMS for rule in pack_of(name, Upstream(up)).rules}
    asked = [(name, pack_of(name, extra=(Path(pack),))) for name in names() for pack in optional()]
    found |= {(name, rule.id) for name, pack in asked for rule in pack.rules}
    return sorted(found)


@cache
def trial(target: str) -> Trial:
    return try_pack(target)


def plan(root: Path, target: str = "npu", rules: Path | None = None, **choice: Any) -> Plan:
    with open_checkout(str(root)) as checkout:
        return make_plan(checkout, Choice(target, rules=(rules,) if rules else (), **choice))


def write(path: Path, **pack: Any) -> Path:
    """A pack of a person's own; gives its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        yaml.safe_dump({"pack": path.stem, "describes": "Mine.", **pack}, sort_keys=False), encoding="utf-8"
    )
    return path.parent


def rule(rule_id: str = "ZZ001", **keys: Any) -> dict[str, Any]:
    return {
        "id": rule_id,
        "name": "a-name",
        "kind": "api",
        "from": "mylib.old",
        "to": "mylib.new",
        "why": "Because it is so.",
        "examples": [{"before": "import mylib\nmylib.old()\n", "after": "import mylib\nmylib.new()\n"}],
        **keys,
    }


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    root.mkdir()
    (root / "a.py").write_text('import mylib\nmylib.old()\nx.to("cuda")\n', encoding="utf-8")
    return root


def ported(root: Path, *args: Any, **options: Any) -> str:
    changed = {file.path: file.ported.decode() for file in plan(root, *args, **options).changed}
    return changed.get("a.py", (root / "a.py").read_text(encoding="utf-8"))


# -- the packs of the project ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("target", "rule_id"), rules_of_all())
def test_the_examples_of_the_rule_hold(target: str, rule_id: str) -> None:
    said = [
        f"{f.what}:\n{f.text}\nporter makes\n{f.got}\nwanted\n{f.wanted}"
        for f in trial(target).failures
        if f.rule == rule_id
    ]
    assert not said, "\n".join(said)


@pytest.mark.parametrize("target", names())
def test_every_rule_was_tried(target: str) -> None:
    assert trial(target).rules >= len({rule_id for name, rule_id in rules_of_all() if name == target})
    assert trial(target).failures == ()


@pytest.mark.parametrize("path", PACKS, ids=lambda path: path.stem)
def test_ids_are_unique_and_mean_one_thing(path: Path) -> None:
    mine = yaml.safe_load(path.read_text(encoding="utf-8")).get("rules", [])
    assert len({each["id"] for each in mine}) == len(mine)
    for other in PACKS:
        theirs = {each["id"]: each for each in yaml.safe_load(other.read_text(encoding="utf-8")).get("rules", [])}
        for each in mine:
            if each["id"] in theirs:  # an override, or the same thing on another target
                assert theirs[each["id"]]["name"] == each["name"], f"{each['id']} is something else in {other.name}"


@pytest.mark.parametrize(("target", "upstream"), [(target, up) for target in names() for up in UPSTREAMS])
def test_every_rule_says_why_and_what_a_person_does(target: str, upstream: str) -> None:
    lacking = []
    for each in pack_of(target, Upstream(upstream)).rules:
        if not each.why.endswith("."):
            lacking.append(f"{each.id}: why is no sentence")
        if each.safety is not Safety.SAFE and not each.advice and not getattr(each, "packages", False):
            lacking.append(f"{each.id}: {each.safety.value}, but no advice")
        if each.safety is Safety.MANUAL and not each.effort:
            lacking.append(f"{each.id}: manual, but no effort")
    assert not lacking, "; ".join(lacking)


@pytest.mark.parametrize(("target", "upstream"), [(target, up) for target in names() for up in UPSTREAMS])
def test_every_rule_says_what_it_ignores(target: str, upstream: str) -> None:
    assert [each.id for each in pack_of(target, Upstream(upstream)).rules if not each.ignores] == []


def test_there_is_a_rule_of_every_kind() -> None:
    used = {kinds.kind_of(each) for name in names() for each in pack_of(name).rules}
    assert used == set(kinds.modules())


# -- the schema --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PACKS, ids=lambda path: path.stem)
def test_the_schema_takes_every_pack(path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(yaml.safe_load(path.read_text(encoding="utf-8")), schema())


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"bogus": 1},
        {"rules": [rule(bogus=1)]},
        {"rules": [rule(kind="apo")]},
        {"rules": [rule(id="zz1")]},
        {"rules": [rule(name="Not A Slug")]},
        {"rules": [rule(safety="sure")]},
        {"rules": [rule(examples=[])]},
        {"rules": [rule(examples=[{"after": "x"}])]},
        {"rules": [rule(applies={"targets": "npu"})]},
        {"rules": [{key: value for key, value in rule().items() if key != "why"}]},
        {"positions": {"here": {"nemes": "x"}}},
        {"disable": ["DEV001"]},
    ],
    ids=str,
)
def test_the_schema_and_porter_refuse_the_same(tmp_path: Path, broken: dict[str, Any]) -> None:
    pack = {"pack": "mine", "describes": "Mine.", **broken} if broken else {"pack": "mine"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(pack, schema())
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(pack), encoding="utf-8")
    with pytest.raises(UsageError):
        pack_of("npu", extra=(tmp_path,))


# -- inheritance -------------------------------------------------------------------------------------------------------


def test_a_pack_of_ones_own_changes_the_port(repo: Path, tmp_path: Path) -> None:
    assert "mylib.old()" in ported(repo)
    assert "mylib.new()" in ported(repo, "npu", write(tmp_path / "own" / "mine.yaml", rules=[rule()]))


def test_a_rule_of_the_same_id_takes_the_place_of_the_inherited_one(repo: Path, tmp_path: Path) -> None:
    own = write(tmp_path / "own" / "mine.yaml", rules=[rule("DEV003")])
    text = ported(repo, "npu", own)
    assert "mylib.new()" in text and 'x.to("cuda")' in text
    assert pack_of("npu", extra=(own,)).home["DEV003"] == "mine"


def test_a_disabled_rule_is_gone_and_every_report_says_why(repo: Path, tmp_path: Path) -> None:
    own = write(tmp_path / "own" / "mine.yaml", disable={"DEV003": "our strings are names of queues"})
    made = plan(repo, "npu", own)
    assert "DEV003" not in {finding.rule for finding in made.findings}
    for form in ("markdown", "json"):
        assert "our strings are names of queues" in render(made, form)


def test_variables_are_bound_and_can_be_replaced(repo: Path, tmp_path: Path) -> None:
    own = write(tmp_path / "own" / "mine.yaml", vars={"there": "elsewhere"}, rules=[rule(to="mylib.<there>.<device>")])
    assert "mylib.elsewhere.npu()" in ported(repo, "npu", own)
    assert "mylib.elsewhere.mlu()" in ported(repo, "mlu", own)


def test_packs_extend_packs_of_ones_own(repo: Path, tmp_path: Path) -> None:
    own = write(tmp_path / "own" / "parent.yaml", rules=[rule(), rule("ZZ002", **{"from": "mylib.x"})])
    write(
        tmp_path / "own" / "child.yaml",
        extends="parent",
        rules=[rule(to="mylib.newer")],
        disable={"ZZ002": "not needed here"},
    )
    made = pack_of("npu", extra=(own,))
    assert "mylib.newer()" in ported(repo, "npu", own)  # the child after its parent, whatever their names
    assert made.home["ZZ001"] == "child" and "ZZ002" not in made.home
    assert [use.name for use in made.uses][-2:] == ["parent", "child"]


@pytest.mark.parametrize(
    ("pack", "holds"),
    [
        ({}, True),
        ({"extends": "base"}, True),
        ({"extends": "npu"}, True),
        ({"extends": "mlu"}, False),
        ({"upstream": "repo"}, True),
        ({"upstream": "Repo"}, True),
        ({"upstream": "other"}, False),
    ],
)
def test_a_pack_joins_in_where_it_belongs(repo: Path, tmp_path: Path, pack: dict[str, str], holds: bool) -> None:
    own = write(tmp_path / "own" / "mine.yaml", rules=[rule()], **pack)
    assert ("mylib.new()" in ported(repo, "npu", own)) is holds


@pytest.mark.parametrize(
    ("target", "applies", "holds"),
    [
        ("npu", {"targets": ["npu"]}, True),
        ("npu", {"targets": ["mlu"]}, False),
        ("npu@2.1", {"target": ">=2.6"}, False),
        ("npu@2.6", {"target": ">=2.6"}, True),
        ("npu@2.6", {"torch": "<2.6"}, False),
        ("npu@2.6", {"torch": ">=2.6,<2.7"}, True),
        ("npu", {"upstream": "Repo"}, True),
        ("npu", {"upstream": "other"}, False),
        ("npu", {"upstream": "repo", "versions": ">=2"}, False),
        ("npu", {"upstream": "repo", "versions": "<2"}, True),
        ("npu", {"files": ["*.py"]}, True),
        ("npu", {"files": ["src/*"]}, False),
    ],
    ids=str,
)
def test_applies(repo: Path, tmp_path: Path, target: str, applies: dict[str, Any], holds: bool) -> None:
    (repo / "pyproject.toml").write_text('[project]\nname = "repo"\nversion = "1.5"\n', encoding="utf-8")
    own = write(tmp_path / "own" / "mine.yaml", rules=[rule(applies=applies)])
    assert ("mylib.new()" in ported(repo, target, own)) is holds


@pytest.mark.parametrize(
    ("safety", "verdict", "written"),
    [("safe", Verdict.PORTED, True), ("review", Verdict.REVIEW, True), ("manual", Verdict.MANUAL, False)],
)
def test_safety(repo: Path, tmp_path: Path, safety: str, verdict: Verdict, written: bool) -> None:
    own = write(tmp_path / "own" / "mine.yaml", rules=[rule(safety=safety, advice="Look.")])
    (found,) = (finding for finding in plan(repo, "npu", own).findings if finding.rule == "ZZ001")
    assert found.verdict is verdict and found.advice == ("Look." if safety != "safe" else "")
    assert ("mylib.new()" in ported(repo, "npu", own)) is written


def test_only_and_skip(repo: Path) -> None:
    assert {f.rule for f in plan(repo, only=("DEV003",)).findings if f.edits} == {"DEV003"}
    assert {f.rule for f in plan(repo, skip=("DEV003",)).findings if f.edits} == set()
    assert {f.rule for f in plan(repo, only=("DEV",), skip=("DEV003",)).findings if f.edits} == set()


# -- rules as a person meets them --------------------------------------------------------------------------------------


@pytest.fixture
def cli() -> Callable[..., str]:
    def run(*args: object, code: int = 0) -> str:
        result = CliRunner().invoke(porter, [str(arg) for arg in args], standalone_mode=False)
        if result.exception:
            raise result.exception
        assert (result.return_value or 0) == code
        return result.output

    return run


@pytest.mark.parametrize("name", ["mine", "my-pack2", "x"])
def test_a_new_pack_passes_as_it_is(tmp_path: Path, cli: Callable[..., str], name: str) -> None:
    assert f"{name}.yaml" in cli("rules", "new", name, "--dir", tmp_path / "own")
    jsonschema.validate(yaml.safe_load((tmp_path / "own" / f"{name}.yaml").read_text(encoding="utf-8")), schema())
    assert cli("rules", "test", "--rules", tmp_path / "own").count(" 0 failed") == len(names())
    with pytest.raises(UsageError, match="exists already"):
        cli("rules", "new", name, "--dir", tmp_path / "own")


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (rule(to="mylib.newer"), "the text after is not as the example says"),
        (rule(ignores=["import mylib\nmylib.old()\n"]), "should be ignored"),
        (rule(ignores=['x.to("cuda")\n']), "should be ignored"),
        (rule(examples=[{"before": "print()\n"}]), "does not report a site"),
        (rule(examples=[{"before": "print(\n"}]), "does not report a site"),
    ],
)
def test_an_example_that_does_not_hold_is_shown(
    tmp_path: Path, cli: Callable[..., str], broken: dict[str, Any], says: str
) -> None:
    own = write(tmp_path / "mine.yaml", rules=[broken])
    shown = cli("rules", "test", "-t", "npu", "--rules", own, code=1)
    assert "mine: ZZ001: " in shown and says in shown


def test_explain_tells_of_a_rule_and_of_every_finding(repo: Path, cli: Callable[..., str]) -> None:
    (repo / "b.py").write_text("# cuda\nimport pynvml\n", encoding="utf-8")
    (repo / "c.py").write_text("print 'cuda'\n", encoding="utf-8")
    findings = plan(repo).findings
    assert {finding.rule for finding in findings} >= {"KEPT", "UNREAD", "DEV003", "PKG001"}
    for finding in findings:
        assert finding.rule in cli("explain", finding.id)
    shown = cli("explain", "dev003", "-t", "mlu")
    assert shown.startswith("DEV003 device-literal (literal, safe, from the pack base") and "mlu" in shown
    assert cli("rules", "show", "DEV003", "-t", "mlu") == shown


def test_list_names_every_rule(cli: Callable[..., str]) -> None:
    listed = [line.split()[0] for line in cli("rules", "list").splitlines()]
    assert listed == sorted({rule_id for _, rule_id in rules_of_all()})
    assert cli("rules", "list", "-t", "npu").count("(npu)") > 40


# -- order means nothing -----------------------------------------------------------------------------------------------


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_rules_in_a_pack_means_nothing(seed: int) -> None:
    import tempfile

    case = Path(__file__).parent.parent / "fixtures" / "minimal-gpt" / "in"
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        rules = Path(place)
        for path in folder("rules").rglob("*.yaml"):
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
            if "rules" in content:
                random.Random(seed).shuffle(content["rules"])
            (rules / path.relative_to(folder("rules"))).parent.mkdir(parents=True, exist_ok=True)
            (rules / path.relative_to(folder("rules"))).write_text(yaml.safe_dump(content, sort_keys=False))
        wanted = plan(case)
        patch.setattr("porter.packs.load.folder", lambda name: Path(place) if name == "rules" else folder(name))
        shuffled = plan(case)
    assert shuffled.files == wanted.files
    assert shuffled.packs != wanted.packs  # the test has read the shuffled ones


ORDER = """from transformers import PreTrainedTokenizer
class T(PreTrainedTokenizer):
    def __init__(self, f):
{body}
    def get_vocab(self):
        return self._pieces()
    def _pieces(self):
        return self.v
"""


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ("        super().__init__()\n        self.v = f", "review"),
        ("        super().__init__(); self.v = f", "manual"),
        ("        super().__init__()\n        self.v = f; self.w = 1", "review"),
        ("        super().__init__()\n        self.v = self.pad_token_id", "manual"),
        ("        super().__init__()\n        self.v = f\n        return None", "manual"),
        ("        self.v = f\n        super().__init__()", ""),
        ("        super().__init__()\n        self.w = f", ""),
    ],
)
def test_a_statement_moves_behind_what_it_needs_or_is_left_to_a_person(tmp_path: Path, body: str, verdict: str) -> None:
    (tmp_path / "tokenization.py").write_text(ORDER.format(body=body), encoding="utf-8")
    found = plan(tmp_path)
    assert [f.verdict.value for f in found.findings if f.rule == "HF002"] == ([verdict] if verdict else [])
    if verdict == "review":
        text = found.changed[0].ported.decode()
        assert text.index("self.v = f") < text.index("super().__init__()") < text.index("def get_vocab")


@pytest.mark.parametrize(
    ("required", "holds"),
    [
        ("", True),
        ("==4.29.1", False),
        ("<4.34", False),
        (">=4.30,<4.34.0", False),
        (">=4.33", True),
        ("==4.34.*", True),
    ],
)
def test_a_rule_for_versions_of_a_requirement(tmp_path: Path, required: str, holds: bool) -> None:
    (tmp_path / "requirements.txt").write_text(
        f"transformers{required}  # pinned\nnot a requirement\n", encoding="utf-8"
    )
    body = "        super().__init__()\n        self.v = f"
    (tmp_path / "tokenization.py").write_text(ORDER.format(body=body), encoding="utf-8")
    assert any(finding.rule == "HF002" for finding in plan(tmp_path).findings) == holds


# -- packs that one asks for -------------------------------------------------------------------------------------------


def test_an_optional_pack_holds_where_it_is_asked_for(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    root.mkdir()
    (root / "a.py").write_text(
        "import torch\nfrom flash_attn import flash_attn_func\ny = flash_attn_func(q + 1, k, v)\n", encoding="utf-8"
    )
    assert "flash_attn_func(q + 1, k, v)" in ported(root, "npu")
    plain, fused = ported(root, "npu", Path("plain")), ported(root, "npu", Path("fused"))
    assert "scaled_dot_product_attention((q + 1).transpose(1, 2), k.tr" in plain
    assert "torch_npu.npu_fusion_attention(q + 1, k, v, (q + 1).shape[2]" in fused
    assert "scaled_dot_product_attention" in ported(root, "xpu", Path("fused"))  # what the vendor lacks is plain


def test_a_pack_that_nobody_knows_is_named_with_those_that_there_are(repo: Path) -> None:
    with pytest.raises(UsageError, match=r"fuzed: there is no such folder.*fused, hipify, plain"):
        plan(repo, rules=Path("fuzed"))


def test_a_name_that_comes_from_another_module_keeps_its_name_in_the_file(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    root.mkdir()
    (root / "a.py").write_text("from torch.cuda import CUDAGraph\ng = CUDAGraph()\n", encoding="utf-8")
    assert "from torch.mlu import MLUGraph as CUDAGraph\ng = CUDAGraph()\n" in ported(root, "mlu")
