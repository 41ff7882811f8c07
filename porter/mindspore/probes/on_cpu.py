"""Lets MindFormers run on a CPU: the fused norm and the overflow operators exist on the NPU alone.

What is replaced here is what the evidence does not prove.
"""

import os

import mindspore as ms
import numpy as np
from mindformers.models.llama import llama_layer
from mindspore import Tensor, nn

ms.set_context(pynative_synchronize=True)


def plain_norm(make):
    def made(self, *args, **settings):
        settings["fused_kernel"] = False
        make(self, *args, **settings)

    return made


llama_layer.LlamaRMSNorm.__init__ = plain_norm(llama_layer.LlamaRMSNorm.__init__)


# MindSpore parses these for its graph mode, and insists on the name `self` and on the number of arguments.
def get_overflow_status(self, status, compute_output):  # noqa: ARG001
    return self.is_distributed and False


def start_overflow_check(self, pre_cond, compute_input):  # noqa: ARG001
    return pre_cond, compute_input


def process_loss_scale(self, overflow):  # noqa: ARG001
    return overflow


one_step = nn.TrainOneStepWithLossScaleCell
one_step.get_overflow_status = get_overflow_status
one_step.start_overflow_check = start_overflow_check
one_step.process_loss_scale = process_loss_scale


def largest(logits, axis):
    """argmax, which mint has not on a CPU."""
    return Tensor(np.argmax(logits.asnumpy(), axis))


def answer_with_numpy():
    """Every network that is made from here on takes `largest`; and answers take inputs of any length."""
    os.environ["ENFORCE_EAGER"] = "true"
    from mindformers.generation.text_generator import GenerationMixin

    make = GenerationMixin.__init__

    def made(self, *args, **settings):
        make(self, *args, **settings)
        self.argmax = largest

    GenerationMixin.__init__ = made
