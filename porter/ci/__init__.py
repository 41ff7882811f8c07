"""The wiring of porter into services that run checks, written from `templates/ci/`."""
