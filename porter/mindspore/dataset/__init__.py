"""Training data for MindSpore: conversations as JSON in, MindRecord out."""
