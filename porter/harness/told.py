"""What a person told in [tool.porter.verify], joined with what the harness finds by itself."""

from __future__ import annotations

from dataclasses import replace

from porter.errors import UsageError
from porter.harness.models import Model, find, named
from porter.harness.sources import Source
from porter.settings import Verify


def models(sources: list[Source], verify: Verify) -> tuple[list[Model], list[str]]:
    """The models to be tried, those that were told first, and a sentence for each that is left out."""
    told = [_named(sources, spec) for spec in verify.models]
    found, left = find(sources)
    known = {(model.file, model.name) for model in told}
    every = [*told, *(model for model in found if (model.file, model.name) not in known)]
    left = [said for said in left if not any(said.startswith(f"{model.subject} ") for model in told)]
    return [replace(model, told=verify.config.get(f"{model.file}:{model.name}", {})) for model in every], left


def _named(sources: list[Source], spec: str) -> Model:
    model = named(sources, spec)
    if model is None:
        raise UsageError(
            f"[tool.porter.verify] names the model {spec!r}, which is no class with an __init__ and a forward; "
            'write it as "file.py:Class".'
        )
    return model
