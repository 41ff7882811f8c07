"""Runs where MindSpore is: loads the converted weights into the cells and writes what they compute.

A script: `python mindspore_side.py TASK.json`. The task names the port's model, sizes, weights, arrays and controls.
"""

import json
import sys
from pathlib import Path

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

IGNORED = -100
MODES = {"pynative": ms.PYNATIVE_MODE, "graph": ms.GRAPH_MODE}


def fill(net, weights):
    ms.load_param_into_net(net, {name: ms.Parameter(Tensor(value), name=name) for name, value in weights.items()})


def main():
    task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    # Synchronous, so that an error is reported where it happens; and many times faster on few cores.
    ms.set_context(mode=ms.PYNATIVE_MODE, device_target="CPU", pynative_synchronize=True)
    sys.path.insert(0, task["model"])
    import cells

    net = cells.Net(cells.Shape(**task["shape"]))
    net.set_train(False)
    read = ms.load_checkpoint(task["weights"])
    left = ms.load_param_into_net(net, read, strict_load=True)
    weights = {parameter.name: parameter.asnumpy().copy() for parameter in net.get_parameters()}
    names = sorted(set(read) ^ set(weights))
    given = np.load(task["arrays"])
    ids, labels = given["ids"], given["labels"]
    found = {"left": np.array([*map(str, left[0]), *map(str, left[1]), *names])}
    for name, mode in MODES.items():
        ms.set_context(mode=mode)
        found[f"logits_{name}"] = net(Tensor(ids)).asnumpy()
    ms.set_context(mode=ms.PYNATIVE_MODE)
    found["greedy"] = net.greedy(ids, task["greedy"])

    for control, (one, other) in task["controls"].items():
        fill(net, {**weights, one: weights[other], other: weights[one]})
        found[f"control_{control}"] = net(Tensor(ids)).asnumpy()
    fill(net, weights)

    def loss_of(x, y):
        logits = net(x)[:, :-1]
        return ops.cross_entropy(logits.reshape(-1, logits.shape[-1]), y[:, 1:].reshape(-1), ignore_index=IGNORED)

    net.set_train(True)
    trained = net.trainable_params()
    gradient = ms.value_and_grad(loss_of, None, trained)
    x, y = Tensor(ids, ms.int32), Tensor(labels, ms.int32)
    loss, gradients = gradient(x, y)
    found["loss"] = np.array(float(loss.asnumpy()))
    for parameter, value in zip(trained, gradients, strict=True):
        found[f"gradient_{parameter.name}"] = value.asnumpy()
    adam, steps = nn.Adam(trained, learning_rate=1e-3, beta1=0.9, beta2=0.95, eps=1e-8), []
    for _ in range(10):
        loss, gradients = gradient(x, y)
        adam(gradients)
        steps.append(float(loss.asnumpy()))
    found["steps"] = np.array(steps)
    np.savez(task["out"], **found)


if __name__ == "__main__":
    main()
