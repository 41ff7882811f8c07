"""The tree being ported: a plain folder or a git repo at a commit, its files, their kinds and their encodings."""
