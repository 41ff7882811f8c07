"""What a machine lacks to run a port, and the command that mends it: looked at, never changed."""
