"""Colours of entity types, in light and in dark; a test holds them to WCAG AA (4.5 to 1)."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

from somex.core.schema import EntityType

_HUES: dict[EntityType, int] = {
    EntityType.APPLICATION: 212,
    EntityType.PLUGIN: 190,
    EntityType.PROGRAMMING_ENVIRONMENT: 240,
    EntityType.OPERATING_SYSTEM: 262,
    EntityType.SOFTWARE_COREFERENCE: 205,
    EntityType.VERSION: 36,
    EntityType.RELEASE: 54,
    EntityType.DEVELOPER: 330,
    EntityType.CITATION: 138,
    EntityType.URL: 165,
    EntityType.LICENSE: 4,
    EntityType.ABBREVIATION: 284,
    EntityType.ALTERNATIVE_NAME: 306,
    EntityType.EXTENSION: 88,
}
_PALE = frozenset((EntityType.SOFTWARE_COREFERENCE,))

LIGHT = {"page": "#ffffff", "text": "#1c1e21", "dim": "#62666d", "line": "#5b6068"}
DARK = {"page": "#15171a", "text": "#e9eaec", "dim": "#9a9fa7", "line": "#a9aeb6"}
"""Page, text, text of sentences without mentions, and arcs."""


@dataclass(frozen=True, slots=True)
class Shade:
    """Colours of one type, as ``#rrggbb``: background, and line under the text."""

    background: str
    line: str


def _hex(hue: int, lightness: float, saturation: float) -> str:
    red, green, blue = colorsys.hls_to_rgb(hue / 360, lightness, saturation)
    return "#" + "".join(f"{round(part * 255):02x}" for part in (red, green, blue))


def light(type: EntityType) -> Shade:
    """Return the colours of a type on a light page."""
    saturation = 0.2 if type in _PALE else 0.75
    return Shade(_hex(_HUES[type], 0.87, saturation), _hex(_HUES[type], 0.31, saturation))


def dark(type: EntityType) -> Shade:
    """Return the colours of a type on a dark page."""
    saturation = 0.12 if type in _PALE else 0.42
    return Shade(_hex(_HUES[type], 0.24, saturation), _hex(_HUES[type], 0.66, saturation))


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colours ``#rrggbb``, 1 to 21 (WCAG 2.1)."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def color_rules() -> str:
    """Return the style rules of all colours, light and dark."""
    return "\n".join(
        (
            _rules(LIGHT, {type: light(type) for type in EntityType}),
            "@media (prefers-color-scheme: dark) {",
            _rules(DARK, {type: dark(type) for type in EntityType}),
            "}",
        )
    )


def _rules(page: dict[str, str], shades: dict[EntityType, Shade]) -> str:
    names = " ".join(f"--{name}: {value};" for name, value in page.items())
    rules = [f":root {{ {names} }}"]
    rules += [
        f".t-{type} {{ --bg: {shade.background}; --edge: {shade.line}; }}"
        for type, shade in shades.items()
    ]
    return "\n".join(rules)
