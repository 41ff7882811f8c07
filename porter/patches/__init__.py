"""Small patches for what rules cannot say: a folder for each pack, each hunk with a verdict."""
