"""Python code inside another file's text: read by the rules for Python, reported, never changed."""

from __future__ import annotations

from porter.artefacts.page import Page, Reading, Stay

_BECAUSE = "It is Python code inside {where}, which porter reads but does not change."
_ADVICE = "Make the same change here by hand, or move the code into a file of its own."


def python(page: Page, start: int, end: int, where: str) -> Reading:
    """The sites of a span of Python text, all of them a person's."""
    from porter.python.planner import propose, read_scene

    text = page.data[start:end]
    reading = Reading(stays=[Stay(start, end, f"Python code inside {where}")])
    if not page.context.triage.concerns(text):
        return reading
    try:
        made = propose(read_scene(page.path, text, page.context))
    except (SyntaxError, ValueError, RecursionError):
        return reading
    sites = [
        site.withheld(_BECAUSE.format(where=where), site.advice or site.rule.advice or _ADVICE)
        for site in made
        if site.end > site.start
    ]
    reading.add(Reading(sites=sites).moved(lambda offset: offset + start))
    return reading
