"""Recognition of the time axis of series by their shapes."""

from collections import Counter
from collections.abc import Sequence

#: Series all of one shape have their channels first if they would have fewer steps than channels by
#: this factor, and at least as many channels as this.
_FACTOR, _LONG = 10, 50
#: The share of series that have one size on the axis of the channels.
_MOST = 0.9


def has_channels_first(shapes: Sequence[tuple[int, ...]], channels: int | None = None) -> bool:
    """Return whether series are more likely [C, T] than [T, C].

    ::

        [6, 80], [6, 95], [6, 70]  ->  True   (6 is on the first axis alone)
        [80, 6], [95, 6], [70, 6]  ->  False
        [6, 100], [6, 100]         ->  True   (6 steps of 100 channels are rare)
        [12, 29], [12, 29]         ->  False
        [80, 6], [80, 6], [80, 5]  ->  False  (one has another number of channels)

    Args:
        shapes: The shapes of some series; those of one axis tell nothing.
        channels: The number of channels, if it is known.
    """
    shapes = [shape for shape in shapes if len(shape) == 2]
    if not shapes:
        return False
    first, second = (Counter(sizes) for sizes in zip(*shapes, strict=True))
    if channels is not None:
        return first[channels] > second[channels]
    needed = _MOST * len(shapes)
    (steps, same_first), (width, same_second) = first.most_common(1)[0], second.most_common(1)[0]
    if same_first < needed:
        return False
    if same_second < needed:  # of a few odd series, none has its channels first
        return 2 * same_second < len(shapes) or width > steps
    return width >= max(_LONG, _FACTOR * steps)
