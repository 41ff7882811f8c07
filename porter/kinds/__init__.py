"""Rule kinds, one file each, found by the folder. Nobody keeps a list of them.

A kind is a module with a class `Rule` (its keys, with the kind's name as tag), `triggers(rule)` (words of which one
stands in every file that the rule can match) and `find(scene, rules)` (the sites of a Python file). A kind that says
something about other files has `find_text(text, rules)` too.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import ModuleType
from typing import Any, Union


@cache
def modules() -> dict[str, ModuleType]:
    """Every rule kind by its name."""
    found = (importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__))
    return {module.Rule.__struct_config__.tag: module for module in found if hasattr(module, "Rule")}


@cache
def any_rule() -> Any:
    """The type of a rule of any kind, for validation and for the JSON schema."""
    return Union[tuple(module.Rule for module in modules().values())]  # noqa: UP007  (built at run time)


def kind_of(rule: Any) -> str:
    return str(type(rule).__struct_config__.tag)
