"""Scripts that run in other Pythons: they know nothing of porter but what stands in the file they are given."""
