"""What only one of the checks can see: a bug for each, in a port that is right otherwise."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from porter.harness.matrix import declared, own_pin
from porter.harness.result import Outcome, Result

from .conftest import Port, Verify, migrate, original, seed

Seeded = Callable[..., tuple[Path, str]]
HEAD = "logits = self.lm_head(self.ln_f(x))"
ROTATED = "return torch.cat((turned.flatten(3), passed), dim=-1)"


def the_only(results: list[Result]) -> Result:
    return next(result for result in results if result.outcome is not Outcome.NOT_APPLICABLE)


@pytest.mark.parametrize(
    ("check", "bug", "said"),
    [
        ("half", "{} * (2 if self.lm_head.weight.dtype == torch.float16 else 1)", "In float16: The outputs differ by"),
        ("ten-steps", "{} * (2 if torch.is_autocast_enabled('npu') else 1)", "float16 with GradScaler: the loss of"),
        ("generate", "{0} if idx.shape[1] < 10 else {0}.flip(-1)", "The greedy tokens are"),
        ("generate", "{0} if idx.shape[1] < 10 else {0} * 2", "the scores from which they are chosen differ from step"),
        ("distributed", "{} * (2 if torch.distributed.is_initialized() else 1)", "Training, DDP: the loss of step 1"),
        ("determinism", "{} + __import__('time').time_ns() % 9973", "A second run gives something else: float32"),
    ],
)
def test_a_bug_that_this_check_sees(check: str, bug: str, said: str, seeded: Seeded, verify: Verify) -> None:
    value = HEAD.partition(" = ")[2]
    folder, _ = seeded("minimal-gpt", "npu", "model.py", HEAD, "logits = " + bug.format(f"({value})"))
    result = the_only(verify(folder, original("minimal-gpt"), check))
    assert (result.outcome, said in result.detail) == (Outcome.FAIL, True), result


def test_autocast_of_the_wrong_device(seeded: Seeded, verify: Verify) -> None:
    """It only warns and does nothing; the line is told all the same."""
    wrong = f"with torch.autocast('cuda'):\n            {HEAD}"
    folder, place = seeded("minimal-gpt", "npu", "model.py", HEAD, wrong)
    result = the_only(verify(folder, original("minimal-gpt"), "ten-steps"))
    assert (result.outcome, place in result.detail) == (Outcome.FAIL, True), result


def test_a_checkpoint_that_is_not_loaded(seeded: Seeded, verify: Verify) -> None:
    deaf = "class GPT(nn.Module):\n\n    def load_state_dict(self, *given, **options):\n        return None\n"
    folder, _ = seeded("minimal-gpt", "npu", "model.py", "class GPT(nn.Module):\n", deaf)
    results = verify(folder, original("minimal-gpt"), "save-load", "known-answers")
    said = {result.check: (result.outcome, result.detail) for result in results}
    assert said["save-load"][0] is Outcome.FAIL
    assert "are not those that were saved" in said["save-load"][1]
    assert said["known-answers"][0] is Outcome.FAIL
    assert "and was taught" in said["known-answers"][1]


def test_the_wrong_one_of_two_devices(seeded: Seeded, verify: Verify) -> None:
    """With one device, or a model on the first, nothing shows."""
    here, first = "inputs = inputs.to(self.device)\n        tokens", 'inputs = inputs.to("npu:0")\n        tokens'
    folder, _ = seeded("chatglm2-6b", "npu", "modeling_chatglm.py", here, first)
    result = the_only(verify(folder, original("chatglm2-6b"), "chat-thread"))
    assert result.outcome is Outcome.FAIL, result
    assert "on device 1" in result.detail
    assert "modeling_chatglm.py:" in result.detail


CHATTY = """
import torch
from transformers import PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutput


class ChattyConfig(PretrainedConfig):
    model_type = "chatty"

    def __init__(self, vocab_size=50000, hidden_size=4096, **rest):
        self.vocab_size, self.hidden_size = vocab_size, hidden_size
        super().__init__(**rest)


class Chatty(PreTrainedModel):
    config_class = ChattyConfig

    def _init_weights(self, module):
        pass  # as torch has them

    def __init__(self, config):
        super().__init__(config)
        self.words = torch.nn.Embedding(config.vocab_size, config.hidden_size)
        self.mixer = torch.nn.GRU(config.hidden_size, config.hidden_size, batch_first=True)
        self.head = torch.nn.Linear(config.hidden_size, config.vocab_size)
        self.register_buffer("scale", torch.full((config.hidden_size,), 3.0), persistent=PERSISTENT)
        self.post_init()

    def forward(self, input_ids):
        mixed, _ = self.mixer(self.words(input_ids) * self.scale)
        return CausalLMOutput(logits=self.head(mixed))
"""


@pytest.mark.parametrize("persistent", [True, False])
def test_a_buffer_that_no_checkpoint_holds(persistent: bool, tmp_path: Path, verify: Verify) -> None:
    """transformers 5 leaves it as the memory was, and says nothing. The model then says nothing sensible."""
    import transformers

    checkout = tmp_path / "chatty"
    checkout.mkdir()
    (checkout / "modeling_chatty.py").write_text(CHATTY.replace("PERSISTENT", str(persistent)), encoding="utf-8")
    (checkout / "run.py").write_text("import torch\n\ndevice = torch.device('cuda')\n", encoding="utf-8")
    folder = migrate(checkout, "npu", tmp_path / "chatty_npu")
    result = the_only(verify(folder, checkout, "known-answers"))
    if persistent or int(transformers.__version__.partition(".")[0]) < 5:
        assert (result.outcome, result.seen["ways"]) == (Outcome.PASS, ["forward"]), result
        other = seed(folder / "modeling_chatty.py", "* self.scale", "/ self.scale", "")
        assert other
        result = the_only(verify(folder, checkout, "known-answers"))
        assert (result.outcome, "and was taught" in result.detail) == (Outcome.FAIL, True), result
    else:
        assert result.outcome is Outcome.REFERENCE, result
        assert "loading left 1 buffers other than they were, such as scale" in result.detail


TOKENIZER = """
import sentencepiece
from transformers import PreTrainedTokenizer


class ChattyTokenizer(PreTrainedTokenizer):
    vocab_files_names = {"vocab_file": "tokenizer.model"}

    def __init__(self, vocab_file, **more):
        self.pieces = sentencepiece.SentencePieceProcessor(model_file=vocab_file)
        super().__init__(bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token="<pad>", **more)

    @property
    def vocab_size(self):
        return self.pieces.get_piece_size()

    def get_vocab(self):
        return {self.pieces.id_to_piece(number): number for number in range(self.vocab_size)}

    def _tokenize(self, text, **_):
        return self.pieces.encode(text, out_type=str)

    def _convert_token_to_id(self, token):
        return self.pieces.piece_to_id(token)

    def _convert_id_to_token(self, number):
        return self.pieces.id_to_piece(number)

    def convert_tokens_to_string(self, tokens):
        return self.pieces.decode(tokens)
"""


SHOUTED = "return self.pieces.id_to_piece(number)"


def test_a_tokenizer_of_the_repository(tmp_path: Path, verify: Verify) -> None:
    """A SentencePiece model is trained for it; what its class does wrong in the port then shows in the answers."""
    pytest.importorskip("sentencepiece")
    checkout = tmp_path / "chatty"
    checkout.mkdir()
    (checkout / "modeling_chatty.py").write_text(CHATTY.replace("PERSISTENT", "True"), encoding="utf-8")
    (checkout / "tokenization_chatty.py").write_text(TOKENIZER, encoding="utf-8")
    (checkout / "run.py").write_text("import torch\n\ndevice = torch.device('cuda')\n", encoding="utf-8")
    folder = migrate(checkout, "npu", tmp_path / "chatty_npu")
    result = the_only(verify(folder, checkout, "known-answers"))
    assert result.outcome is Outcome.PASS, result
    assert not any("own tokenizer does not run here" in note for note in result.notes), result
    seed(folder / "tokenization_chatty.py", SHOUTED, f"{SHOUTED}.upper()", "")
    result = the_only(verify(folder, checkout, "known-answers"))
    assert (result.outcome, "and was taught" in result.detail) == (Outcome.FAIL, True), result


def test_a_port_as_porter_wrote_it(port: Port, verify: Verify) -> None:
    (result,) = verify(port("minimal-gpt", "npu"), None, "edits")
    assert result.outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("old", "new", "outcome", "said"),
    [
        ("backend = 'hccl'", "backend = 'cncl'", Outcome.FAIL, "train.py:32 porter wrote `backend = 'hccl'"),
        ("import torch_npu\n", "", Outcome.FAIL, "porter wrote `import torch_npu`, and now nothing stands there"),
        ("backend = 'hccl'", "backend = 'gloo'  # porter: meant\n#", Outcome.PASS, "as its comment says"),
        ("learning_rate = 1e-3", "learning_rate = 1e-2", Outcome.PASS, "was edited by hand: `learning_rate = 1e-2`"),
    ],
)
def test_edits(old: str, new: str, outcome: Outcome, said: str, seeded: Seeded, verify: Verify) -> None:
    """What porter wrote must stand, unless a comment says that it is meant; a person's other edits are listed."""
    folder, _ = seeded("minimal-gpt", "npu", "train.py", old, new)
    (result,) = verify(folder, original("minimal-gpt"), "edits")
    assert result.outcome is outcome, result
    assert said in " ".join([result.detail, *result.notes])
    (alone,) = verify(folder, None, "edits")
    assert alone.outcome is (Outcome.FAIL if outcome is Outcome.FAIL else Outcome.REFERENCE), alone


def test_edits_beside_another_original(seeded: Seeded, verify: Verify, tmp_path: Path) -> None:
    """Against a checkout that the port was not made from, nothing is claimed of lines that are not porter's."""
    folder, _ = seeded("minimal-gpt", "npu", "train.py", "weight_decay = 1e-1", "weight_decay = 1e-2")
    other = tmp_path / "other"
    shutil.copytree(original("minimal-gpt"), other)
    seed(other / "train.py", "learning_rate = 1e-3", "learning_rate = 1e-2", "")
    (result,) = verify(folder, other, "edits")
    assert result.outcome is Outcome.REFERENCE
    assert "does not come back from that original" in " ".join(result.notes)
    seed(folder / "train.py", "backend = 'hccl'", "backend = 'cncl'", "")
    (result,) = verify(folder, other, "edits")
    assert (result.outcome, "porter wrote `backend = 'hccl'" in result.detail) == (Outcome.FAIL, True), result


@pytest.mark.parametrize(
    ("file", "text", "pins", "own"),
    [
        ("requirements.txt", "torch\ntransformers==4.29.1\n", "==4.29.1", "4.29.1"),
        ("requirements.txt", "transformers>=4.30, <5 # old\n", ">=4.30,<5", "4.30"),
        ("pyproject.toml", 'dependencies = ["torch", "transformers[torch]~=4.31", "x"]\n', "~=4.31", "4.31"),
        ("setup.py", "install_requires=['transformers<4.40'],\n", "<4.40", ""),
        ("requirements.txt", "transformers-stream-generator==0.0.4\ntransformers_extra==1\n", "", ""),
        ("requirements.txt", "transformers\n", "", ""),
    ],
)
def test_what_a_repository_pins(file: str, text: str, pins: str, own: str, tmp_path: Path) -> None:
    (tmp_path / file).write_text(text, encoding="utf-8")
    assert declared(tmp_path) == pins
    assert own_pin(pins) == own


@pytest.mark.parametrize(
    ("way", "second", "outcome"),
    [
        ("float16 with GradScaler", 5.5544405, "rounding in half precision"),
        ("float16 with GradScaler", 5.59, "the loss of step 2"),
        ("float32", 5.5544405, "the loss of step 2"),
    ],
)
def test_ten_steps_in_half_precision_may_round_otherwise(way: str, second: float, outcome: str) -> None:
    """As TorchScript's other executor does it, with which ChatGLM2 is ported."""
    from porter.harness.checks.ten_steps import judge_ways

    def trained(last: float, weights: str) -> dict[str, Any]:
        return {way: {"losses": [(5.79).hex(), last.hex()], "norms": [], "scale": 1024.0, "weights": {"w": weights}}}

    case: Any = None  # it is asked about faults alone
    seen = judge_ways(case, trained(5.55443907, "a"), trained(second, "b"))
    assert outcome in (seen.wrong or seen.right)
    assert bool(seen.wrong) == outcome.startswith("the loss")
