"""The checks of a machine: a file each, with an `examine` that yields symptoms; found by the folder."""
