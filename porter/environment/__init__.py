"""The environment that a repository needs on a target: which release, Python and image, and what is installed."""
