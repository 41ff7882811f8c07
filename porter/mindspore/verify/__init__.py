"""Verifies a port to MindSpore: two processes, one with torch and one with MindSpore, that exchange arrays."""
