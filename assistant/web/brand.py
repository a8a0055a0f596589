"""A page that looks like the house it serves: its title, its logo, its welcome and its one colour."""

import re
from collections.abc import Mapping
from colorsys import hls_to_rgb, rgb_to_hls
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal
from xml.etree import ElementTree

from assistant.settings import Settings
from vectorstore.errors import UserError

LARGEST = 200_000  # bytes of a logo
CONTRAST = 4.5  # Source: WCAG 2.2, success criterion 1.4.3, for text of any size
LIGHT_PAPERS = ("#fbf9f4", "#fffefb", "#f3eee3")  # --paper, --sheet and --wash of static/style/page.css
DARK_PAPERS = ("#171512", "#1e1b17", "#26221c")
# Everything an SVG may ask for when its address is opened as a page of its own; "sandbox" lets no script in it run.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox"

_COLOUR = re.compile(r"#?([0-9a-f]{6}|[0-9a-f]{3})", re.I)
_PNG = b"\x89PNG\r\n\x1a\n"
_SVG = "{http://www.w3.org/2000/svg}svg"


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture as it was read at the start; show it in an <img> and nowhere else, where no SVG runs a script."""

    content: bytes
    media_type: Literal["image/svg+xml", "image/png"]

    @property
    def headers(self) -> Mapping[str, str]:
        """What has to be sent with it; the policy must take the place of the page's own, which lets scripts run."""
        return MappingProxyType({"content-security-policy": POLICY, "x-content-type-options": "nosniff"})


@dataclass(frozen=True, slots=True)
class Brand:
    """What a house sets in place of Footnote's own; None leaves Footnote's. `accent` is "#rrggbb"."""

    title: str = "Footnote"
    welcome: str | None = None
    logo: Logo | None = None
    accent: str | None = None

    @classmethod
    def read(cls, settings: Settings) -> "Brand":
        """Return the brand that settings name, with the logo's bytes.

        Raises:
            UserError: if the accent is not a colour, or the logo cannot be read, is too large or no SVG or PNG.
        """
        return cls(
            title=settings.title,
            welcome=settings.welcome or None,
            logo=_logo(settings.logo) if settings.logo else None,
            accent=_colour(settings.accent) if settings.accent else None,
        )

    def notes(self) -> tuple[str, str] | None:
        """Return the accent for light and for dark paper, None without one.

        Each is the accent, darker or lighter by as little as lets it be read on every paper, and paper be read on it.
        """
        if self.accent is None:
            return None
        return _readable(self.accent, LIGHT_PAPERS, darker=True), _readable(self.accent, DARK_PAPERS)

    def css(self) -> str:
        """Return the style that sets --note, light and dark, from the accent; it goes after static/style/page.css."""
        notes = self.notes()
        return f":root{{--note:{notes[0]}}}:root:has(body.dark){{--note:{notes[1]}}}" if notes else ""


def contrast(one: str, other: str) -> float:
    """Return how well two colours "#rrggbb" can be told apart, from 1 (not at all) to 21, in either order.

    Source: WCAG 2.2, definition of contrast ratio.
    """
    dimmer, brighter = sorted((_luminance(one), _luminance(other)))
    return (brighter + 0.05) / (dimmer + 0.05)


def _readable(colour: str, papers: tuple[str, ...], *, darker: bool = False) -> str:
    """Return colour in the nearest lightness that can be read on all papers; hue and saturation stay.

    In HSL a step of lightness moves red, green and blue the same way, so each step brings more contrast. Black or
    white, where the steps end, can be read on any of the page's papers.
    """
    hue, lightness, saturation = rgb_to_hls(*_channels(colour))
    end, step = (0.0, -1 / 255) if darker else (1.0, 1 / 255)
    while min(contrast(colour, paper) for paper in papers) < CONTRAST and lightness != end:
        lightness = min(1.0, max(0.0, lightness + step))
        colour = "#" + "".join(f"{round(one * 255):02x}" for one in hls_to_rgb(hue, lightness, saturation))
    return colour


def _luminance(colour: str) -> float:
    """Source: WCAG 2.2, definition of relative luminance."""
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _channels(colour: str) -> tuple[float, float, float]:
    red, green, blue = bytes.fromhex(colour[1:])
    return red / 255, green / 255, blue / 255


def _colour(written: str) -> str:
    found = _COLOUR.fullmatch(written.strip())
    if found is None:
        raise UserError(
            f'FOOTNOTE_ACCENT is "{written}", which is not a colour; '
            'write red, green and blue in hexadecimal, for example "#9a2c16".'
        )
    digits = found[1].lower()
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


def _logo(path: Path) -> Logo:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise UserError(f"The logo {path} cannot be read ({error.strerror or error}); mend FOOTNOTE_LOGO.") from error
    if len(content) > LARGEST:
        raise UserError(f"The logo {path} has more than {LARGEST // 1000} kB; make it smaller.")
    if content.startswith(_PNG):
        return Logo(content, "image/png")
    if _is_svg(content):
        return Logo(content, "image/svg+xml")
    raise UserError(f"The logo {path} is neither an SVG nor a PNG picture; save it as one of them.")


def _is_svg(content: bytes) -> bool:
    """Return whether a browser takes content for an SVG: well-formed, and its root in the namespace of SVG."""
    try:
        return ElementTree.fromstring(content).tag == _SVG
    except (ElementTree.ParseError, LookupError, ValueError):  # not well-formed; an encoding nobody knows
        return False
