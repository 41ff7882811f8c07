"""What a person told in [tool.porter.verify], joined with what the harness finds by itself."""

from __future__ import annotations

from collections.abc import Collection

from porter.errors import UsageError
from porter.harness.candidates import Candidates, Model
from porter.harness.models import find, given, named
from porter.harness.sources import Source
from porter.settings import Verify


def models(sources: list[Source], verify: Verify, changed: Collection[str] = frozenset()) -> Candidates:
    """The models to be tried, those that were told first, and what is left out."""
    told = [given(_named(sources, spec), verify.config) for spec in verify.models]
    found = find(sources, verify.config, changed)
    known = {(model.file, model.name) for model in told}

    def others(models: list[Model]) -> list[Model]:
        return [model for model in models if (model.file, model.name) not in known]

    return Candidates([*told, *others(found.tried)], others(found.beyond), others(found.lacking))


def _named(sources: list[Source], spec: str) -> Model:
    model = named(sources, spec)
    if model is None:
        raise UsageError(
            f"[tool.porter.verify] names the model {spec!r}, which is no class with an __init__ and a forward; "
            'write it as "file.py:Class".'
        )
    return model
