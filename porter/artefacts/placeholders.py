"""Placeholders of a script that people fill in, `--host <node1_ip>`: for the shell these would be redirections."""

from __future__ import annotations

import re

_PLACEHOLDER = re.compile(rb"(?<![<\w$&])<[A-Za-z][\w .-]*>(?=[\s\\\"'/:,;)]|$)")
_SIGNS = re.compile(rb"[^\w.-]")


def masked(data: bytes) -> bytes:
    """The same bytes with each placeholder as a plain word of its length."""
    return _PLACEHOLDER.sub(lambda found: _SIGNS.sub(b"_", found[0]), data)
