"""Sources of recordings: lists, single files, manifests and folders of several layouts."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from toolkit.data.audio.recording import ENDINGS
from toolkit.data.sources.natural_order import natural_order
from toolkit.data.sources.source import Record, Source
from toolkit.errors import DataError, count

#: A ``pathlib.Path`` or a ``zipfile.Path``.
AnyPath = Any
#: The columns of sources whose columns have no names of their own.
AUDIO, TRANSCRIPT, SPEAKER = "audio", "transcript", "speaker"


class AudioList:
    """Recordings, optionally with transcripts, in lists.

    Args:
        recordings: The recordings, as ``open_recording`` takes them.
        transcripts: Their transcripts, or None.

    Raises:
        DataError: The numbers of recordings and transcripts differ.
    """

    name = "the list"
    fixed_columns = True

    def __init__(self, recordings: Sequence[Any], transcripts: Sequence[Any] | None = None) -> None:
        if transcripts is not None and len(transcripts) != len(recordings):
            raise DataError(
                f"{count(len(recordings), 'recording')} with "
                f"{count(len(transcripts), 'transcript')}; give one each"
            )
        self.columns = (AUDIO,) if transcripts is None else (AUDIO, TRANSCRIPT)
        self._lists = [recordings] if transcripts is None else [recordings, transcripts]

    def records(self) -> Iterator[Record]:
        """Yield the records from the first one; each call starts again."""
        for row, values in enumerate(zip(*self._lists, strict=True), start=1):
            yield Record(row, dict(zip(self.columns, values, strict=True)), f"row {row}")


class AudioFile:
    """A single recording without a transcript.

    Args:
        path: The file.
    """

    columns = (AUDIO,)
    fixed_columns = True

    def __init__(self, path: Path) -> None:
        self.name = str(path)

    def records(self) -> Iterator[Record]:
        """Yield the only record."""
        yield Record(1, {AUDIO: self.name}, f"file {self.name}")


class Manifest:
    """A table whose rows name the files of recordings.

    Args:
        table: The table.
        folder: The folder to which relative paths are relative.

    Attributes:
        folder: The same.
    """

    def __init__(self, table: Source, folder: AnyPath, name: str | None = None) -> None:
        self.name = name or table.name
        self.columns = table.columns
        self.fixed_columns = table.fixed_columns
        self.folder = folder
        self._table = table

    def records(self) -> Iterator[Record]:
        """Yield the records of the table."""
        return self._table.records()


class AudioFolder:
    """A folder with recordings, and transcripts in a layout that tells where.

    Args:
        folder: The folder, or a folder in an archive.
        rows: Yields the path, the transcript (None if there is none) and the speaker (likewise) of
            each recording, or its problem in the place of the path.
        labelled: Whether there are transcripts.
        speakers: Whether there are speakers.
    """

    fixed_columns = True

    def __init__(
        self,
        folder: AnyPath,
        rows: Callable[[], Iterator[tuple[AnyPath, str | None, str | None]]],
        labelled: bool = True,
        speakers: bool = False,
    ) -> None:
        self.name = str(folder).rstrip("/")
        there = {AUDIO: True, TRANSCRIPT: labelled, SPEAKER: speakers}
        self.columns = tuple(name for name, is_there in there.items() if is_there)
        self._rows = rows

    def records(self) -> Iterator[Record]:
        """Yield the records from the first one; each call starts again."""
        for row, (path, transcript, speaker) in enumerate(self._rows(), start=1):
            file = str(path).removeprefix(f"{self.name}/")
            values = {AUDIO: str(path), TRANSCRIPT: transcript, SPEAKER: speaker}
            kept = {name: values[name] for name in self.columns}
            yield Record(row, kept, f"row {row} (file {file})")


def class_folders(folder: AnyPath, classes: Sequence[str]) -> AudioFolder:
    """Return the recordings in the sub-folders of a folder, whose names are the transcripts."""

    def rows() -> Iterator[tuple[AnyPath, str | None, str | None]]:
        for name in classes:
            for path in recordings_in(folder / name):
                yield path, name.replace("_", " "), None

    return AudioFolder(folder, rows)


def plain_folder(folder: AnyPath) -> AudioFolder:
    """Return the recordings in a folder; their transcripts are files beside them, if any are."""
    paths = recordings_in(folder)
    labelled = any(_beside(path).is_file() for path in paths)

    def rows() -> Iterator[tuple[AnyPath, str | None, str | None]]:
        for path in paths:
            text = _beside(path)
            yield path, read_text(text) if labelled and text.is_file() else None, None

    return AudioFolder(folder, rows, labelled)


def libri_speech(folder: AnyPath, lists: Sequence[AnyPath]) -> AudioFolder:
    """Return the recordings of the layout of LibriSpeech: ``speaker/chapter/*.trans.txt``.

    Args:
        folder: The folder.
        lists: The files ``*.trans.txt``, of lines with the name of a recording and its transcript.
    """

    def rows() -> Iterator[tuple[AnyPath, str | None, str | None]]:
        for listed in lists:
            files = {path.stem: path for path in recordings_in(listed.parent)}
            for line in read_text(listed).splitlines():
                name, _, transcript = line.partition(" ")
                if name:
                    path = files.get(name, listed.parent / f"{name}.flac")
                    yield path, transcript, name.partition("-")[0]

    return AudioFolder(folder, rows, speakers=True)


def lj_speech(folder: AnyPath, table: AnyPath) -> AudioFolder:
    """Return the recordings of the layout of LJSpeech: ``name|text|text with numbers as words``.

    Args:
        folder: The folder, with the recordings in ``wavs``.
        table: The file of such lines.
    """

    def rows() -> Iterator[tuple[AnyPath, str | None, str | None]]:
        for line in read_text(table).splitlines():
            name, *texts = line.split("|")
            if name:
                file = name if name.lower().endswith(ENDINGS) else f"{name}.wav"
                transcript = next((text for text in reversed(texts[:2]) if text.strip()), None)
                yield folder / "wavs" / file, transcript, None

    return AudioFolder(folder, rows)


def kaldi(folder: AnyPath) -> AudioFolder:
    """Return the recordings of a data folder of Kaldi: ``wav.scp``, ``text`` and ``utt2spk``.

    A line of ``wav.scp`` that is a command is no path, and so a recording that does not exist.
    """
    labelled, spoken = ((folder / name).is_file() for name in ("text", "utt2spk"))

    def rows() -> Iterator[tuple[AnyPath, str | None, str | None]]:
        texts, speakers = (
            _keyed(folder / name) if there else {}
            for name, there in (("text", labelled), ("utt2spk", spoken))
        )
        for name, place in _keyed(folder / "wav.scp").items():
            path = Path(place) if place.startswith("/") else folder / place
            yield path, texts.get(name), speakers.get(name)

    return AudioFolder(folder, rows, labelled, spoken)


def recordings_in(folder: AnyPath) -> list[AnyPath]:
    """Return the paths of the recordings directly in a folder, in natural order."""
    return [path for path in entries(folder) if path.name.lower().endswith(ENDINGS)]


def entries(folder: AnyPath) -> list[AnyPath]:
    """Return the paths in a folder in natural order, without hidden ones.

    Raises:
        DataError: It cannot be read.
    """
    try:
        paths = {path.name: path for path in folder.iterdir() if not path.name.startswith(".")}
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror}") from None
    return [paths[name] for name in natural_order(paths)]


def read_text(path: AnyPath) -> str:
    """Return a text file without its byte order mark.

    Raises:
        DataError: It cannot be read, or is not UTF-8.
    """
    try:
        return str(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8; save it as UTF-8") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None


def _beside(path: AnyPath) -> AnyPath:
    """Return the path of the text file beside a recording."""
    return path.parent / f"{path.stem}.txt"


def _keyed(path: AnyPath) -> dict[str, str]:
    """Return the lines of a file by their first words."""
    pairs = (line.split(maxsplit=1) for line in read_text(path).splitlines() if line.strip())
    return {key: rest[0].strip() if rest else "" for key, *rest in pairs}
