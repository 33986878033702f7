"""The words of a recording with their times: SubRip (.srt), WebVTT (.vtt) and Praat's TextGrid."""

import html
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TextIO

from toolkit.errors import OptionError

#: A subtitle ends before a pause of so many seconds, or where it would be longer in seconds or
#: characters than is easily read.
PAUSE, SECONDS, CHARACTERS = 0.8, 6.0, 84
#: The shortest time that a subtitle is shown, unless the next begins before.
SHORTEST = 0.5


class TimedWriter(ABC):
    """A writer of the words of one recording with their times.

    Args:
        output: The stream to write to.
    """

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._rows = 0

    def write(self, row: Mapping[str, Any]) -> None:
        """Write the answer to a recording.

        Raises:
            OptionError: It is the second one, or cannot be read.
        """
        self._rows += 1
        if self._rows > 1:
            raise OptionError("the times of a file are of one recording; give one at a time")
        if "error" in row:
            raise OptionError(row["error"])
        self._write(row)

    def close(self) -> None:
        """Write what is left."""
        self._output.flush()

    @abstractmethod
    def _write(self, row: Mapping[str, Any]) -> None:
        """Write the answer to the recording."""


class SubtitleWriter(TimedWriter):
    """A writer of SubRip.

    Args:
        output: The stream to write to.
    """

    #: The first line, if there is one, and what stands between seconds and thousandths.
    header: ClassVar[str] = ""
    point: ClassVar[str] = ","

    def __init__(self, output: TextIO) -> None:
        super().__init__(output)
        output.write(self.header)

    def _write(self, row: Mapping[str, Any]) -> None:
        for number, words in enumerate(subtitles(row["words"]), start=1):
            times = " --> ".join(self._time(words[place][side]) for place, side in ENDS)
            text = " ".join(word["word"] for word in words)
            self._output.write(f"{number}\n{times}\n{self._text(text)}\n\n")

    def _text(self, text: str) -> str:
        """Return a text as it is written."""
        return text

    def _time(self, seconds: float) -> str:
        """Return a time as hours, minutes, seconds and thousandths."""
        whole, thousandths = divmod(round(1000 * seconds), 1000)
        minutes, second = divmod(whole, 60)
        hours, minute = divmod(minutes, 60)
        return f"{hours:02}:{minute:02}:{second:02}{self.point}{thousandths:03}"


class VttWriter(SubtitleWriter):
    """A writer of WebVTT."""

    header = "WEBVTT\n\n"
    point = "."

    def _text(self, text: str) -> str:
        return html.escape(text, quote=False)


class TextGridWriter(TimedWriter):
    """A writer of a TextGrid of Praat, in its long text format.

    It has a tier of words, and one of symbols where they are given, up to the end of the recording.
    """

    def _write(self, row: Mapping[str, Any]) -> None:
        spoken = {"words": "word", "symbols": "symbol"}
        tiers = {tier: (row[tier], name) for tier, name in spoken.items() if tier in row}
        end = row["seconds"]
        lines = [
            *('File type = "ooTextFile"', 'Object class = "TextGrid"', ""),
            *(f"xmin = 0\nxmax = {end}", f"tiers? <exists>\nsize = {len(tiers)}", "item []:"),
        ]
        for number, (tier, (spans, name)) in enumerate(tiers.items(), start=1):
            parts = intervals([(each["start"], each["end"], each[name]) for each in spans], end)
            lines += [
                f"    item [{number}]:",
                f'        class = "IntervalTier"\n        name = "{tier}"',
                f"        xmin = 0\n        xmax = {end}",
                f"        intervals: size = {len(parts)}",
            ]
            for place, (start, stop, text) in enumerate(parts, start=1):
                written = text.replace('"', '""')
                lines += [
                    f"        intervals [{place}]:",
                    f"            xmin = {start}\n            xmax = {stop}",
                    f'            text = "{written}"',
                ]
        self._output.write("\n".join(lines) + "\n")


def intervals(
    spans: Sequence[tuple[float, float, str]], duration: float
) -> list[tuple[float, float, str]]:
    """Return spans with their texts, and empty ones between them, from 0 to a duration.

    A span ends where the next one begins at the latest; the text of one that then has no duration
    is joined to the next one.

    Args:
        spans: Start, end and text of each, in the order of the starts.
        duration: The end of the last interval.
    """
    found: list[tuple[float, float, str]] = []
    last, before = 0.0, ""
    limits = [*(start for start, _, _ in spans[1:]), duration]
    for (start, end, text), limit in zip(spans, limits, strict=False):
        text, end = f"{before} {text}" if before else text, min(end, limit)
        if end <= start:
            before = text
            continue
        if start > last:
            found.append((last, start, ""))
        found.append((start, end, text))
        last, before = end, ""
    if last < duration or not found:
        found.append((last, duration, before))
    elif before:
        start, end, text = found.pop()
        found.append((start, end, f"{text} {before}"))
    return found


#: The times of a subtitle: the start of its first word and the end of its last.
ENDS = ((0, "start"), (-1, "end"))


def subtitles(words: Sequence[Mapping[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return the words of each subtitle.

    Args:
        words: The words in order, each with its ``start`` and ``end`` in seconds.
    """
    found: list[list[dict[str, Any]]] = []
    for word in words:
        last = found[-1] if found else []
        text = " ".join([*(each["word"] for each in last), word["word"]])
        if (
            not last
            or word["start"] - last[-1]["end"] > PAUSE
            or word["end"] - last[0]["start"] > SECONDS
            or len(text) > CHARACTERS
        ):
            found.append([])
        found[-1].append(dict(word))
    starts = [*(each[0]["start"] for each in found[1:]), float("inf")]
    for each, following in zip(found, starts, strict=False):  # of no subtitle nothing follows
        shown_until = min(max(each[-1]["end"], each[0]["start"] + SHORTEST), following)
        each[-1]["end"] = shown_until
    return found
