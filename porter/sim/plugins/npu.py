"""torch_npu's own operators, written in plain torch, and the modules that code imports from it.

Reference implementations: right in their numbers as the vendor documents them, not fast. What is not here is refused
with its name.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import torch
import torch.nn.functional as F


def npu_rms_norm(self: Any, gamma: Any, epsilon: float = 1e-6) -> tuple[Any, Any]:
    """The normed tensor and the reciprocal of its root mean square."""
    wide = self.float()
    reciprocal = torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + epsilon)
    return (wide * reciprocal).to(self.dtype) * gamma, reciprocal


def npu_add_rms_norm(x1: Any, x2: Any, gamma: Any, epsilon: float = 1e-6) -> tuple[Any, Any, Any]:
    """The norm of a sum, its reciprocal, and the sum."""
    total = x1 + x2
    return (*npu_rms_norm(total, gamma, epsilon), total)


def npu_rotary_mul(input: Any, r1: Any, r2: Any, rotary_mode: str = "half") -> Any:
    """Rotary embedding with cosine r1 and sine r2."""
    if rotary_mode == "half":
        first, second = input.chunk(2, -1)
        turned = torch.cat((-second, first), -1)
    else:
        turned = torch.stack((-input[..., 1::2], input[..., ::2]), -1).flatten(-2)
    return input * r1 + turned * r2


def npu_swiglu(self: Any, dim: int = -1) -> Any:
    """silu(gate) * up, of gate and up that lie one after the other."""
    gate, up = self.chunk(2, dim)
    return F.silu(gate) * up


def npu_gelu(self: Any, approximate: str = "none") -> Any:
    """GELU."""
    return F.gelu(self, approximate=approximate)


def fast_gelu(self: Any) -> Any:
    """x * sigmoid(1.702 x), the vendor's quick GELU."""
    return self * torch.sigmoid(1.702 * self)


def npu_format_cast(self: Any, _format: int) -> Any:
    """Private formats are not simulated: the tensor keeps its layout, as its values would."""
    return self


_LAYOUTS: dict[str, tuple[Callable[[Any, int], Any], Callable[[Any], Any]]] = {
    # to batch, heads, length, width — and back
    "BNSD": (lambda t, _heads: t, lambda t: t),
    "BSND": (lambda t, _heads: t.transpose(1, 2), lambda t: t.transpose(1, 2)),
    "BSH": (lambda t, heads: t.unflatten(-1, (heads, -1)).transpose(1, 2), lambda t: t.transpose(1, 2).flatten(-2)),
    "SBH": (
        lambda t, heads: t.unflatten(-1, (heads, -1)).permute(1, 2, 0, 3),
        lambda t: t.permute(2, 0, 1, 3).flatten(-2),
    ),
}


def npu_fusion_attention(
    query: Any,
    key: Any,
    value: Any,
    head_num: int,
    input_layout: str,
    pse: Any = None,
    padding_mask: Any = None,
    atten_mask: Any = None,
    scale: float = 1.0,
    keep_prob: float = 1.0,
    **others: Any,
) -> tuple[Any, ...]:
    """Attention; a True in the mask hides. The tensors for the backward pass are None: autograd needs none here."""
    if input_layout not in _LAYOUTS or padding_mask is not None or others.get("sparse_mode", 0) not in (0, 1, 2, 3):
        raise NotImplementedError(f"[porter.sim] npu_fusion_attention with layout {input_layout} and {sorted(others)}")
    enter, leave = _LAYOUTS[input_layout]
    q, k, v = enter(query, head_num), enter(key, head_num), enter(value, head_num)
    hidden = _hidden(atten_mask, q.shape[-2], k.shape[-2], others.get("sparse_mode", 0))
    bias = torch.zeros((), dtype=q.dtype, device=q.device) if pse is None else pse
    if hidden is not None:
        bias = bias.expand(torch.broadcast_shapes(bias.shape, hidden.shape)).masked_fill(hidden, float("-inf"))
    mask = bias if bias.dim() else None
    out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=1.0 - keep_prob, scale=scale)
    return leave(out), None, None, None, 0, 0, 0


def _hidden(mask: Any, queries: int, keys: int, sparse_mode: int) -> Any:
    """The mask of the whole length: modes 2 and 3 hand in a small triangle that stands for a causal mask."""
    if mask is None:
        return None
    if sparse_mode in (2, 3):
        shift = keys - queries if sparse_mode == 3 else 0
        ones = torch.ones(queries, keys, dtype=torch.bool, device=mask.device)
        return ones.triu(diagonal=1 + shift)
    return mask.bool()


def members(publish: Callable[[str, ModuleType], None]) -> dict[str, Any]:
    """The names of torch_npu beside torch_npu.npu."""
    functions = (
        npu_rms_norm,
        npu_add_rms_norm,
        npu_rotary_mul,
        npu_swiglu,
        npu_gelu,
        fast_gelu,
        npu_format_cast,
        npu_fusion_attention,
    )
    contrib, optim = ModuleType("torch_npu.contrib"), ModuleType("torch_npu.optim")
    contrib.__path__ = []
    contrib.__getattr__ = _no_automatic_port  # type: ignore[method-assign]
    for fused in ("Adam", "AdamW", "SGD", "Adadelta", "RMSprop"):
        setattr(optim, f"NpuFused{fused}", getattr(torch.optim, fused))
    publish("torch_npu.contrib", contrib)
    profiler = _profiler()
    publish("torch_npu.profiler", profiler)
    publish("torch_npu.optim", optim)
    return {"contrib": contrib, "optim": optim, "profiler": profiler, **{f.__name__: f for f in functions}}


def _profiler() -> ModuleType:
    """torch's own profiler under the vendor's names: it sees what the host does."""
    profiler, own = ModuleType("torch_npu.profiler"), torch.profiler
    for name in ("profile", "schedule", "tensorboard_trace_handler", "ProfilerAction"):
        setattr(profiler, name, getattr(own, name))
    kinds = {"CPU": own.ProfilerActivity.CPU}
    if hasattr(own.ProfilerActivity, "PrivateUse1"):
        kinds["NPU"] = own.ProfilerActivity.PrivateUse1
    vars(profiler)["ProfilerActivity"] = type("ProfilerActivity", (), kinds)
    return profiler


def _no_automatic_port(name: str) -> Any:
    if name == "transfer_to_npu":
        raise ImportError("[porter.sim] transfer_to_npu would hide leftovers of CUDA, so it is not simulated")
    raise AttributeError(f"torch_npu.contrib.{name} is not simulated by porter.sim")
