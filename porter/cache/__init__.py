"""What porter remembers between two runs, so that a check after a small change is quick."""
