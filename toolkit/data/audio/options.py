"""Options of the columns of recordings and transcripts."""

from dataclasses import dataclass

from toolkit.data.options import RowOptions


@dataclass(kw_only=True)
class AudioOptions(RowOptions):
    """The columns of recordings, transcripts and speakers, and what of a transcript counts.

    Args:
        audio_column: The column of the recordings, each the path of a file; guessed, and logged,
            when not given.
        transcript_column: The column of the transcripts; guessed, and logged, when not given.
        group_column: The column of groups, such as speakers; a split never divides rows with equal
            values. When not given, it is one with a usual name, such as speaker or client_id, and
            logged; none for no groups.
        lowercase: Whether case in transcripts is ignored, so that all answers are in lower case.
    """

    audio_column: str | None = None
    transcript_column: str | None = None
    group_column: str | None = None
    lowercase: bool = True
