"""Weights on disk: read, mapped and written in pieces of a few megabytes, whatever the size of the model."""
