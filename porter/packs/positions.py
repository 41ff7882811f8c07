"""Positions: the named places in code where a string means a device, a backend, a tensor type."""

from __future__ import annotations

import msgspec


class Position(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Where a literal has a meaning. `names` is a regular expression for whatever carries the value by its name:
    a variable, a parameter, a keyword, an attribute, a command-line option, a dictionary key."""

    names: str
    compared: str = ""  # the same for names that carry the value only where they are compared with it: `x.type`
    others: str = ""  # names that carry a value which some library reads itself: there the place is a person's
    suffix: str = ""  # regular expression of what may follow the value: an index such as ":0"
    beside: tuple[str, ...] = ()  # values of the same sort: a literal beside one of them is in position
    arguments: dict[str, tuple[int | str, ...]] = {}  # qualified function -> argument positions and keywords
    methods: dict[str, tuple[int | str, ...]] = {}  # method name -> the same, on any receiver
    foreign: tuple[str, ...] = ()  # packages that read such values themselves, so that only they know what they take
    lookups: tuple[str, ...] = ()  # functions whose first argument names the key of the second: getattr, dict.get
    tests: tuple[str, ...] = ()  # string methods whose argument is compared with the receiver: startswith
