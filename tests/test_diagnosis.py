"""`porter explain` with messages: known ones are found in logs, best first; unknown ones are said to be unknown."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from porter.cli.explain import command
from porter.diagnosis.match import diagnose
from porter.diagnosis.show import as_json, as_text, in_a_line
from porter.diagnosis.signatures import EVIDENCE, table
from porter.errors import UsageError
from porter.harness.explained import explained
from porter.harness.result import Outcome, Result

LOG = """Loading checkpoint shards: 100%
[W dynamo] UserWarning: Register eager implementation for the 'npu' backend of dynamo
Exception in thread Thread-6 (generate):
Traceback (most recent call last):
  File "modeling.py", line 12, in chat
RuntimeError: getDevice:torch_npu/csrc/aten/common/CopyKernel.cpp NPU error, error code is 107002
[ERROR] ERR00100 PTA call acl api failed
"""


def ids(text: str, target: str | None = None) -> list[str]:
    return [match.signature.id for match in diagnose(text, target).matches]


def test_the_table_is_whole_in_both_languages() -> None:
    signatures = table().signatures
    assert len({signature.id for signature in signatures}) == len(signatures) >= 131
    assert len(table().acl_codes) >= 84
    for signature in signatures:
        re.compile(signature.match)
        assert signature.evidence in EVIDENCE
        assert signature.cites
        assert re.search("[\u4e00-\u9fff]", signature.cause_zh + signature.fix_zh), signature.id


def test_a_log_is_explained_by_what_failed_before_what_warned() -> None:
    diagnosis = diagnose(LOG)
    assert ids(LOG)[0] == "E028"
    assert ids(LOG)[-1] == "E064"  # the harmless warning came first, and comes last
    assert diagnosis.matches[0].line == 6
    assert ("107002", "ACL: no context in this thread") in diagnosis.codes
    assert ("ERR00100", "torch_npu, core (PTA): ACL call failed") in diagnosis.codes


def test_another_targets_message_is_left_out() -> None:
    assert "E028" not in ids(LOG, "mlu")


@pytest.mark.parametrize("text", ["", "all is well", "KeyError: 'model'", "loss 107 step 002", "took 1070021 ms"])
def test_what_is_unknown_is_said_to_be_unknown(text: str) -> None:
    result = CliRunner().invoke(command, ["--lang", "en", text or "-"], standalone_mode=False)
    assert result.return_value == 1
    assert "does not know this message" in result.output


def test_a_code_in_a_range_says_that_it_is_only_the_range() -> None:
    assert "the code itself is not in the table" in as_text(diagnose("error code is 507777"), "en")


def test_languages_and_json() -> None:
    diagnosis = diagnose("Torch not compiled with CUDA enabled AssertionError: Torch not compiled with CUDA enabled")
    assert "原因" in as_text(diagnosis, "zh") and "Cause" not in as_text(diagnosis, "zh")
    assert "原因" in as_text(diagnosis, "both") and "Cause" in as_text(diagnosis, "both")
    data = json.loads(as_json(diagnosis))
    assert data["known"] and data["matches"][0]["id"] == "E001" and data["matches"][0]["cause"]["zh"]


def test_a_log_on_stdin_and_a_rule_by_its_id() -> None:
    run = CliRunner().invoke(command, ["--lang", "en"], input=LOG, standalone_mode=False)
    assert run.return_value == 0 and run.output.startswith("1. E028")
    assert CliRunner().invoke(command, ["DEV001"], standalone_mode=False).output.startswith("DEV001 ")
    assert CliRunner().invoke(command, ["E028", "--lang", "en"], standalone_mode=False).output.startswith("1. E028")


def test_an_unknown_target_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="Did you mean npu"):
        diagnose("x", "nput")


@given(st.text())
def test_any_text_gets_an_answer_that_fits_a_terminal(text: str) -> None:
    shown = as_text(diagnose(text), "both")
    assert shown and not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", shown)


def test_a_long_log_keeps_its_line_numbers() -> None:
    log = "step\n" * 500_000 + "AssertionError: Torch not compiled with CUDA enabled\n"
    assert diagnose(log).matches[0].line == 500_001


@pytest.mark.parametrize(
    ("outcome", "detail", "best"),
    [
        (Outcome.FAIL, "a.py:3 AssertionError: Torch not compiled with CUDA enabled (`x.cuda()`).", "E001"),
        (Outcome.HANG, "Exit code 1: RuntimeError: NPU error, error code is 107002", "E028"),
        (Outcome.PASS, "a.py:3 AssertionError: Torch not compiled with CUDA enabled.", None),
        (Outcome.FAIL, "a.py:3 KeyError: 'model'.", None),
        # what porter itself says, or a line of the repository, is no message of a program
        (Outcome.FAIL, "a.py:3 names 107002, and the file does not import torch_npu.", None),
        (
            Outcome.FAIL,
            "a.py:3 KeyError: 'x' (`assert 'Torch not compiled with CUDA enabled' in AssertionError: `).",
            None,
        ),
        (Outcome.FAIL, "ValueError: UserWarning: Register eager implementation for the 'npu' backend of dynamo", None),
    ],
)
def test_a_failed_check_is_explained_and_nothing_else(outcome: Outcome, detail: str, best: str | None) -> None:
    found = in_a_line(explained(Result("import", "the port", outcome, detail), "npu@2.6.0"))
    assert (found or "").partition(":")[0] == (best or "")
