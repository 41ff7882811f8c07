"""The accelerator of this machine: CUDA where it is there, else another one that torch knows, else the CPU."""
# Written by porter, --style agnostic: what this repository uses and nothing else.

import functools
from contextlib import nullcontext

import torch

# VENDORS

# What torch calls each accelerator, with its collective backend. CUDA comes first, so that nothing changes there.
ACCELERATORS = {"cuda": "nccl"}


@functools.lru_cache
def device_type():
    """What the accelerator is called: "cuda" or its like, "cpu" where there is none."""
    for name in ACCELERATORS:
        module = getattr(torch, name, None)
        if module is not None and module.is_available():
            return name
    return "cpu"


def _call(name, otherwise, *args, **kwargs):
    """Calls torch.cuda.<name> or its like on the accelerator; without one the answer is `otherwise`."""
    if device_type() == "cpu":
        return otherwise
    return getattr(getattr(torch, device_type()), name)(*args, **kwargs)


def device(index=None):
    """The accelerator as a device. `index` is a number, a device or None, as for Tensor.cuda()."""
    if index is None or device_type() == "cpu":
        return torch.device(device_type())
    return torch.device(device_type(), index) if isinstance(index, int) else torch.device(index)


def is_accelerator(where):
    """Whether a device, or the name of one, is an accelerator: "cuda:0" and its like are, "cpu" and "mps" are not."""
    return str(where).partition(":")[0] in ACCELERATORS


def is_available():
    return device_type() != "cpu"


def device_count():
    return _call("device_count", 0)


def current_device():
    return _call("current_device", 0)


def set_device(index):
    _call("set_device", None, index)


def on_device(index):
    """Makes a device the current one within a `with`."""
    return nullcontext() if device_type() == "cpu" else _call("device", None, index)


def synchronize(index=None):
    _call("synchronize", None, index)


def empty_cache():
    _call("empty_cache", None)


def ipc_collect():
    """Memory shared between processes is CUDA's alone."""
    if device_type() == "cuda":
        torch.cuda.ipc_collect()


def manual_seed(seed):
    _call("manual_seed", None, seed)


def manual_seed_all(seed):
    _call("manual_seed_all", None, seed)


def get_rng_state(*args):
    return torch.get_rng_state() if device_type() == "cpu" else _call("get_rng_state", None, *args)


def get_rng_state_all():
    return _call("get_rng_state_all", [])


def set_rng_state(state, *args):
    if device_type() == "cpu":
        torch.set_rng_state(state)
    else:
        _call("set_rng_state", None, state, *args)


def set_rng_state_all(states):
    _call("set_rng_state_all", None, states)


def memory_allocated(index=None):
    return _call("memory_allocated", 0, index)


def max_memory_allocated(index=None):
    return _call("max_memory_allocated", 0, index)


def memory_reserved(index=None):
    return _call("memory_reserved", 0, index)


def max_memory_reserved(index=None):
    return _call("max_memory_reserved", 0, index)


def reset_peak_memory_stats(index=None):
    _call("reset_peak_memory_stats", None, index)


def get_device_name(index=None):
    return _call("get_device_name", "cpu", index)


def is_bf16_supported():
    return _call("is_bf16_supported", False)


def current_stream(*args):
    """The queue of work; a CPU has none."""
    return _call("current_stream", None, *args)


def Stream(*args, **kwargs):
    return getattr(torch, device_type()).Stream(*args, **kwargs)


def stream(queue):
    return nullcontext() if device_type() == "cpu" else _call("stream", None, queue)


def Event(*args, **kwargs):
    return getattr(torch, device_type()).Event(*args, **kwargs)


def autocast(enabled=True, dtype=None, cache_enabled=True):
    """Mixed precision on the accelerator, as torch.cuda.amp.autocast() was: without one it does nothing."""
    enabled = enabled and device_type() != "cpu"
    dtype = dtype if dtype is not None or device_type() == "cpu" else torch.float16
    return torch.autocast(device_type=device_type(), dtype=dtype, enabled=enabled, cache_enabled=cache_enabled)


def GradScaler(*args, enabled=True, **kwargs):
    """Scales the loss, as torch.cuda.amp.GradScaler() did: without an accelerator it does nothing."""
    enabled = enabled and device_type() != "cpu"
    if hasattr(torch.amp, "GradScaler"):
        return torch.amp.GradScaler(device_type(), *args, enabled=enabled, **kwargs)
    module = getattr(torch, device_type() if enabled else "cuda")
    return module.amp.GradScaler(*args, enabled=enabled, **kwargs)


def dist_backend():
    """The collective library of torch.distributed for this accelerator."""
    return ACCELERATORS.get(device_type(), "gloo")


def is_dist_backend(name):
    """Whether a collective library is that of an accelerator: nccl and its like are, gloo is not."""
    return any(backend in str(name) for backend in ACCELERATORS.values())


def is_dist_backend_available():
    return (
        device_type() != "cpu"
        and torch.distributed.is_available()
        and torch.distributed.is_backend_available(dist_backend())
    )
