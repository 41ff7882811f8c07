"""What an error message of a ported program means, and what mends it."""
