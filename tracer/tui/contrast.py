"""Text that can be read in every theme: at least 4.5 times as light as its background, or as dark.

That is what WCAG 2.1 asks for. It is seen to where everything passes that an app draws, so that the colours of the
highlighter, of values, of Textual's own widgets and of dim text hold on any background: the current line's, the
cursor's, a theme's that the user chose. A colour that is too weak gets lighter, or darker, by as little as is needed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from rich.color import Color as RichColor
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

ENOUGH: Final = 4.5
_STEPS: Final = 24
_DRAWN: Final = " " + "".join(map(chr, range(0x2500, 0x25A0)))  # lines and blocks: they are no text


class ReadableText(LineFilter):
    """Gives text whose colour is too near its background's one that is far enough away."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        behind = background.rich_color
        return [
            Segment(text, _readable_style(style, behind), control)
            if style is not None and text.strip(_DRAWN)
            else Segment(text, style, control)
            for text, style, control in segments
        ]


@lru_cache(4096)
def _readable_style(style: Style, behind: RichColor) -> Style:
    ink, paper = style.color, style.bgcolor or behind
    if ink is None or ink.triplet is None or paper.triplet is None:  # the terminal's own colours are its user's choice
        return style
    readable = readable_colour(ink.triplet, paper.triplet)
    return style if readable == ink.triplet else style + Style(color=RichColor.from_triplet(readable))


def readable_colour(ink: ColorTriplet, paper: ColorTriplet) -> ColorTriplet:
    """Return ``ink``, or where it can't be read on ``paper`` the nearest shade of it that can."""
    if contrast(ink, paper) >= ENOUGH:
        return ink
    white, black = ColorTriplet(255, 255, 255), ColorTriplet(0, 0, 0)
    goal = max(white, black, key=lambda extreme: contrast(extreme, paper))
    shades = (_between(ink, goal, step / _STEPS) for step in range(1, _STEPS))
    return next((shade for shade in shades if contrast(shade, paper) >= ENOUGH), goal)


def contrast(one: ColorTriplet, other: ColorTriplet) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: ColorTriplet) -> float:
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _between(one: ColorTriplet, other: ColorTriplet, share: float) -> ColorTriplet:
    return ColorTriplet(*(round(a + (b - a) * share) for a, b in zip(one, other, strict=True)))
