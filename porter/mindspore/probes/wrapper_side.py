"""Runs where MindFormers is: the port's class by the port's own scripts, its logits and what it generates.

A script: `python wrapper_side.py TASK.json`. The task names the port, a configuration, weights and arrays.
"""

import argparse
import json
import os
import sys
from pathlib import Path

os.environ["ENFORCE_EAGER"] = "true"  # else MindFormers takes inputs of the full length alone
sys.path.insert(0, str(Path(__file__).parent))
import mindspore as ms
import numpy as np
import on_cpu


def main():
    task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    sys.path.insert(0, str(Path(task["port"]) / "run"))
    import parts

    given = argparse.Namespace(
        config=task["config"],
        load_checkpoint=task["weights"],
        auto_trans_ckpt=None,
        use_parallel=None,
        src_strategy=None,
    )
    config = parts.configuration(given)
    ms.set_context(mode=ms.PYNATIVE_MODE, pynative_synchronize=True)
    arrays = np.load(task["arrays"])
    ids = arrays["ids"]
    net = parts.network(config, len(ids))
    names = sorted(parameter.name for parameter in net.get_parameters())
    logits = net(ms.Tensor(ids, ms.int32))
    logits = (logits[0] if isinstance(logits, tuple) else logits).asnumpy().reshape(*ids.shape, -1)
    net.argmax = on_cpu.largest
    start = ids.shape[1]
    # The likeliest token and nothing else, as torch took it: no penalty, and no token that ends the answer.
    plain = {"do_sample": False, "repetition_penalty": 1.0, "eos_token_id": [-1], "pad_token_id": task["pad"]}
    tokens = net.generate(ids.tolist(), max_length=start + task["greedy"], **plain)
    np.savez(task["out"], logits=logits, greedy=np.array(tokens), names=np.array(names))


if __name__ == "__main__":
    main()
