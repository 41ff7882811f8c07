"""Properties are about what holds, not about how fast a busy machine shows it."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("anywhere", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("anywhere")
