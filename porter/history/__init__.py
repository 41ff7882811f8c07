"""The history of a port: what it would have come to at each release of its upstream."""
