"""porter: ports a PyTorch repository written for CUDA to another accelerator."""

__version__ = "0.1.0"
