"""Whole systems, ported and run on the simulated device as people run them: FastChat, web demos, training."""
