"""Python files: where a name comes from, where a literal stands, and how a statement is rewritten."""
