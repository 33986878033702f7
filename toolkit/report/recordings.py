"""Recordings to see and to hear in a page."""

import base64
import io
from typing import Any

import numpy as np
from markupsafe import Markup

from toolkit.data.audio.wav import wav_bytes
from toolkit.evaluation import HeardRecording
from toolkit.evaluation.pages.page import escaped
from toolkit.report.blocks import Examples

#: The samples a second of a recording in a page, and its most seconds.
RATE, MOST_SECONDS = 8_000, 8.0

STYLE = """
.recording { border-bottom: 1px solid var(--line); padding-bottom: .5rem; }
.recording p { margin: .3rem 0; }
.recording img { width: 100%; height: 8rem; display: block; }
"""


def recording_examples(items: list[Markup]) -> Examples:
    """Return the block of some of ``recording``."""
    caption = (
        f"The recordings with most wrong words: log-mel spectrograms from low to high frequencies, "
        f"and their sound at {RATE:,} samples a second, at most the first {MOST_SECONDS:g} seconds."
    )
    return Examples(caption, items, noun="recording", style=STYLE)


def recording(heard: HeardRecording, samples: Any) -> Markup:
    """Return a recording with its name, its spectrogram and its sound.

    Args:
        heard: The recording; each line of its name is a paragraph.
        samples: Its samples, int16 [N], at ``RATE``.
    """
    from matplotlib.image import imsave

    frames = round(MOST_SECONDS / heard.hop_seconds)
    picture = io.BytesIO()
    imsave(picture, np.asarray(heard.log_mel[:frames]).T[::-1], cmap="magma", format="png")
    image, sound = (
        base64.b64encode(content).decode()
        for content in (picture.getvalue(), wav_bytes(samples[: round(MOST_SECONDS * RATE)], RATE))
    )
    seconds = len(samples) / RATE
    lines = "".join(f'<p dir="auto">{escaped(line)}</p>\n' for line in heard.name.split("\n"))
    return Markup(
        f'<div class="recording">{lines}'
        f'<img alt="Log-mel spectrogram of {seconds:.1f} seconds" '
        f'src="data:image/png;base64,{image}">\n'
        f'<audio controls preload="none" src="data:audio/wav;base64,{sound}"></audio></div>'
    )
