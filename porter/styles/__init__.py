"""Ways to write a port from the same analysis: `native` for the target alone, `agnostic` for CUDA and the target."""
