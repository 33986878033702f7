"""Pictures of matplotlib as SVG within a page; matplotlib is imported when one is drawn."""

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The colours of curves, which can be told apart on a light and on a dark page, and by those who
#: see few colours (Okabe and Ito 2008, 'Color Universal Design').
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
#: The space for the numbers beside axes, in inches.
MARGIN = 0.6
#: Text keeps being text; equal pictures have equal ids; nothing covers the page.
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
    "font.family": "sans-serif",
    "font.size": 9,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "path.simplify": True,
}
_METADATA = {"Creator": None, "Date": None, "Format": None, "Type": None}
_UNNEEDED = re.compile(r' xmlns(:xlink)?="[^"]*"| version="1.1"| (width|height)="[\d.]+pt"')
_TAG = re.compile("<[^>]*>")
_ID = re.compile(r' id="([^"]*)"')
_REFERENCE = re.compile(r'(url\(#|href="#)([^)"]*)')


def picture(
    draw: Callable[["Axes"], Any], name: str, width: float = 6.2, height: float = 2.8
) -> Markup:
    """Return a picture as SVG that takes the colour of the text around it.

    The picture has no name and no address; its block describes it.

    Args:
        draw: Draws on axes.
        name: A word that no other picture of the page has, for its ids.
        width: Its width in inches.
        height: Its height in inches.
    """
    import matplotlib as mpl
    from cycler import cycler
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE | {"axes.prop_cycle": cycler(color=COLOURS)}):
        figure = Figure(figsize=(width, height))
        left, below = MARGIN / width, 0.75 * MARGIN / height
        draw(figure.add_axes((left, below, 0.98 - left, 0.96 - below)))
        written = io.BytesIO()
        FigureCanvasSVG(figure).print_svg(written, metadata=_METADATA)  # draws once
    return Markup(_within_page(written.getvalue().decode(), name))


def _within_page(svg: str, name: str) -> str:
    """Return an SVG file as an element of a page, in which its ids are its own.

    Tags alone are edited: what stands between them may be names of classes.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->\n?", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<defs>\s*<style[^>]*>.*?</style>\s*</defs>", "", svg, flags=re.DOTALL)
    used = {found[2] for tag in _TAG.findall(svg) for found in _REFERENCE.finditer(tag)}

    def edited(match: re.Match[str]) -> str:
        tag = _UNNEEDED.sub("", match[0]).replace("xlink:href", "href")
        tag = _ID.sub(lambda m: f' id="{name}-{m[1]}"' if m[1] in used else "", tag)
        tag = _REFERENCE.sub(lambda m: f"{m[1]}{name}-{m[2]}", tag)
        tag = re.sub(r"font: ([\d.]+px)[^;\"]*", r"font-size: \1", tag)
        return re.sub(r"#000000\b|(?<=fill: )black\b", "currentColor", tag)

    svg = _TAG.sub(edited, svg).replace("<svg ", '<svg aria-hidden="true" ', 1)
    return re.sub(r"\n\s*", "\n", svg)
