"""The files of a checkout that are no Python: shell, configurations, dependencies, containers, notebooks, native code.

An artefact is a module of this folder with `concerns(entry)`, which says whether it is for a file, and `read(page)`,
which gives the sites of the file and the reasons for what stays. It may have `wants(data)` for files that matter
without any word of the triage.
"""

from __future__ import annotations

from porter.artefacts.frame import plan_artefact

__all__ = ["plan_artefact"]
