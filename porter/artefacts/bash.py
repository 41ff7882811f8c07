"""The tree of a shell script, by the parser that editors have for bash."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any


@lru_cache(maxsize=256)
def tree(script: bytes) -> Any:
    """A script, parsed once though several look at it: a recipe of a makefile for its flows and for its sites."""
    return _parser().parse(script)


@cache
def _parser() -> Any:
    import tree_sitter_bash
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_bash.language()))
