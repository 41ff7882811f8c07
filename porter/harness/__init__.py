"""Runs a port beside its original and keeps what was seen: checks in the parent, probes in child processes."""
