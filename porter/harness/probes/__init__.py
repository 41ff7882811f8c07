"""What runs in the child, beside the repository's code: needs torch and nothing of porter.

Each probe is a file with `probe(order)`: an order (JSON) in, an answer (JSON) out.
"""
