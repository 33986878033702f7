"""The part of the report of ``inspect`` on the frames of videos."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from toolkit.data import FrameFormat, PackedCorpus
from toolkit.errors import count
from toolkit.inspection.duplicates import EXAMPLES
from toolkit.inspection.findings import Warnings
from toolkit.inspection.labelled_rows import InspectedRows


def inspect_frames(
    frames: FrameFormat,
    inspected: InspectedRows,
    corpora: Sequence[PackedCorpus],
    warnings: Warnings,
) -> dict[str, Any]:
    """Return how videos are read, and their brightness; warn of those in which nothing moves.

    Args:
        frames: The frames that are read.
        inspected: The rows.
        corpora: The training part and, if any, the held-out part.
        warnings: The warnings to add to.

    Returns:
        The fields of ``frames``, and the ``mean`` and the ``deviation`` of the brightness of the
        videos of the training part, 0 to 255.
    """
    still: list[int] = []
    brightness: list[float] = []
    number = 0
    for corpus in corpora:
        for index in range(len(corpus)):
            video = corpus.sequences[index]
            if len(video) > 1 and (video == video[0]).all():
                still.append(number)
            if corpus is corpora[0]:
                brightness.append(float(video.mean()) if len(video) else 0.0)
            number += 1
    if still:
        rows, where = inspected.describe(np.asarray(still[:EXAMPLES]))
        warnings.add(
            "still_videos",
            f"{count(len(still), 'video')} in which all frames are equal ({where})",
            rows,
        )
    return {
        **asdict(frames),
        "mean": float(np.mean(brightness)),
        "deviation": float(np.std(brightness)),
    }
