"""Drift: what moved between a port and its upstream, two upstreams, or a repository and its baseline."""
