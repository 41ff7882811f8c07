"""The options that the programs of a checkout take: what the port makes of their values, for whoever passes one."""

from __future__ import annotations

from porter.options.ledger import Answer, Ledger, Option

__all__ = ["Answer", "Ledger", "Option"]
