"""The tasks that are held to the contract, a line each, and tiny data to hold them to it."""

import gzip
import importlib
import io
import json
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import mido
import numpy as np
import pandas as pd
from documented_task import write_package
from videos import write_video

from pipelines.pipeline import Pipeline
from toolkit.data.audio.wav import wav_bytes
from toolkit.music.midi import midi_bytes
from toolkit.music.rolls import LOWEST, notes_of, roll_of_pitches
from toolkit.tagging import Span, tags_of

sys.path.append(str(Path(__file__).parents[1] / "pipelines"))  # where the fake task is
_DOCUMENTED = tempfile.TemporaryDirectory(prefix="toolkit-")  # removed at the end of the process
write_package(Path(_DOCUMENTED.name))


class Data(NamedTuple):
    """Data of a task.

    Args:
        kinds: The same training data by kind. Kinds that come in other order or in other pieces,
            and so cannot give the same weights, are left to the tests of the readers.
        test: Labelled data to be measured on, not the training data.
        questions: What ``predict`` is asked: usual, empty and unusual inputs.
        bad: Data that cannot be learnt from.
        more: Further data, with words and, where there are any, classes that are new.
    """

    kinds: Mapping[str, Any]
    test: Any
    questions: Sequence[Any]
    bad: Any
    more: Any


@dataclass(frozen=True)
class TaskCase:
    """A task under contract.

    Args:
        name: What to call it in the names of the tests.
        pipeline: The module of its pipeline, which names the task and its options.
        data: Writes its data into a folder.
        options: Those that make it tiny, and make it learn in seconds.
        asking: How ``predict`` is asked so that it answers as ``serving_default`` does.
        steps: Over how many steps ``diagnose`` looks; 0 where a task has no network.
    """

    name: str
    pipeline: str
    data: Callable[[Path], Data]
    options: Mapping[str, Any]
    asking: Mapping[str, Any] = field(default_factory=dict)
    steps: int = 3

    @property
    def made_of(self) -> Pipeline:
        """Its pipeline."""
        found: Pipeline = importlib.import_module(self.pipeline).PIPELINE
        return found

    @property
    def task(self) -> Any:
        """The class of the task."""
        return self.made_of.load_task()

    @property
    def has_network(self) -> bool:
        """Return whether the task has a network, which is trained, exported and served."""
        return self.steps > 0


# Data

WORDS = ["the", "film", "and", "its", "cast", "was", "in", "town"]
#: The samples a second of recordings.
RATE = 2000
UNUSUAL = ["", "👍🏽 naïve \ud800\0", "word " * 40]


def texts(folder: Path) -> Data:
    """Texts in which one word gives the class away."""
    rows = _labelled(60, seed=1)
    table = pd.DataFrame(rows, columns=["text", "label"])
    for number, (text, label) in enumerate(rows):
        path = folder / "classes" / label / f"{number:03}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    columns = tuple(list(column) for column in zip(*rows, strict=True))
    kinds = {"lists": columns, "a folder": folder / "classes", **_tables(folder, table)}
    test = _labelled(30, seed=2)
    return Data(
        {**kinds, "tf.data": lambda: _dataset({"text": columns[0], "label": columns[1]})},
        tuple(list(column) for column in zip(*test, strict=True)),
        ["the film was good", "poor", *UNUSUAL],
        (["one", "two"], ["same", "same"]),
        (["strange play", "the play was good", "strange song"] * 5, ["odd", "good", "odd"] * 5),
    )


def conditioned(folder: Path) -> Data:
    """The same, to be written of a class."""
    data = texts(folder)
    kinds = {name: kind for name, kind in data.kinds.items() if name != "a folder"}
    prompts = [("the film", "good"), ("", "bad"), ("👍🏽", "good")]
    return Data(kinds, data.test, prompts, folder / "none.csv", data.more)


def streams(folder: Path) -> Data:
    """Lines of text that go on in a way that can be learnt."""
    lines = [f"{n} and {n + 1} are {2 * n + 1}." for n in range(60)]
    table = pd.DataFrame({"text": lines})
    (folder / "parts").mkdir(parents=True)
    for first in range(0, len(lines), 20):
        part = "\n".join(lines[first : first + 20])
        (folder / "parts" / f"{first:02}.txt").write_text(part)
    kinds = {
        "a list": lines,
        "a text file": _written(folder / "a.txt", "\n".join(lines)),
        "a packed text file": _packed(folder / "a.txt.gz", "\n".join(lines)),
        "a folder": folder / "parts",
        **_tables(folder, table),
        "tf.data": lambda: _dataset({"text": lines}),
    }
    more = [f"{n} × {n} = {n * n}!" for n in range(30)]
    return Data(kinds, lines[7:30], ["7 and ", "", "👍🏽 好看"], ["a"], more)


def series(folder: Path) -> Data:
    """Series of numbers, each of one of three waves."""
    from waves.pipeline import sample

    rows, labels = sample("train")
    table = pd.DataFrame({"x": rows, "label": labels})
    records = [{"x": row, "label": label} for row, label in zip(rows, labels, strict=True)]
    path = _json_lines(folder / "waves.jsonl", records)
    kinds = {
        "lists": (rows, labels),
        "a frame": table,
        "JSON Lines": path,
        "packed JSON Lines": _packed(folder / "waves.jsonl.gz", path.read_text()),
    }
    bad = ([[0.5, 1.0], "no numbers"], ["sine", "saw"])
    more = ([[0.5] * 20, rows[0]] * 9, ["flat", labels[0]] * 9)
    return Data(kinds, sample("test"), [[0.0, 0.5, 1.0], [1.0], [], rows[0]], bad, more)


def strands(folder: Path) -> Data:
    """Strands in which one motif gives the class away."""
    rows = _strands(60, seed=1)
    table = pd.DataFrame(rows, columns=["sequence", "label"])
    columns = tuple(list(column) for column in zip(*rows, strict=True))
    fasta = "".join(
        f">s{n} label={label}\n{strand[:5].lower()}\n{strand[5:]}\n"
        for n, (strand, label) in enumerate(rows)
    )
    fastq = "".join(
        f"@s{n}|{label}\n{strand}\n+\n{'I' * len(strand)}\n"
        for n, (strand, label) in enumerate(rows)
    )
    for strand, label in rows:
        path = folder / "classes" / f"{label}.fa"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(f">s\n{strand}\n")
    names = pd.DataFrame({"name": [f"s{n}" for n in range(len(rows))], "label": columns[1]})
    names.to_csv(folder / "names.csv", index=False)
    kinds = {
        "lists": columns,
        "FASTA": _written(folder / "a.fa", fasta),
        "packed FASTA": _packed(folder / "a.fa.gz", fasta),
        "FASTQ": _written(folder / "a.fastq", fastq),
        "a file a class": folder / "classes",
        **_tables(folder, table),
        "tf.data": lambda: _dataset({"text": columns[0], "label": columns[1]}),
    }
    test = _strands(30, seed=2)
    return Data(
        kinds,
        tuple(list(column) for column in zip(*test, strict=True)),
        ["ACGGTAAGTC", "acguNRY-", "", "A C\nG", "T" * 40],
        (["ACGT", "MKTFFEVL"], ["x", "y"]),
        (["ACGTATAAGG", "GGTAAGT", "CCC"] * 6, ["odd", "donor", "odd"] * 6),
    )


def movements(folder: Path) -> Data:
    """Series of two channels, of which one rises and the other falls in one of two orders."""
    made, labels = _moved(24, seed=1)
    lists = [each.tolist() for each in made]
    table = pd.DataFrame({"x": lists, "label": labels})
    by_step = pd.DataFrame(
        [
            (number, time, *frame, label)
            for number, (frames, label) in enumerate(zip(lists, labels, strict=True))
            for time, frame in enumerate(frames)
        ],
        columns=["id", "time", "1", "2", "label"],
    )
    for number, (frames, label) in enumerate(zip(made, labels, strict=True)):
        path = folder / "classes" / label / f"{number:02}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(frames).to_csv(path, index=False, header=False)
    lengths = np.array([*map(len, made)])
    padded = np.full((len(made), lengths.max(), 2), 9.0)
    for row, frames in zip(padded, made, strict=True):
        row[: len(frames)] = frames
    np.savez(folder / "a.npz", X=padded, y=labels, lengths=lengths)
    archive = "".join(
        ":".join([*(",".join(map(str, channel)) for channel in frames.T), label]) + "\n"
        for frames, label in zip(made, labels, strict=True)
    ).replace("nan", "?")
    header = "@timeStamps false\n@dimensions 2\n@classLabel true down up\n@data\n"
    steps = _tables(folder / "steps", by_step, "a frame a row")
    written = _tables(folder, table.assign(x=table["x"].map(json.dumps)), "written lists")
    kinds = {
        "arrays": (made, labels),
        "lists": (lists, labels),
        "padded": (padded, labels, lengths),
        "an archive's file": _written(folder / "a.ts", header + archive),
        "a packed archive's file": _packed(folder / "a.ts.gz", header + archive),
        "NumPy's file": folder / "a.npz",
        "a folder": folder / "classes",
        **{name: kind for name, kind in (steps | written).items() if "JSON" not in name},
        "a frame of lists": table,
        "JSON Lines": _json_lines(folder / "lists.jsonl", table.to_dict("records")),
    }
    test = _moved(16, seed=2)
    questions = [lists[0], lists[-1], [[0.5, None]], [[0.0, 1e9], [-1e9, 0.0]]]
    other = ([np.ones((6, 2)), made[0]] * 9, ["still", labels[0]] * 9)
    return Data(kinds, test, questions, (made[:2], ["same", "same"]), other)


def films(folder: Path) -> Data:
    """Videos of a bar that moves in one of two directions."""
    made, labels = _filmed(24, seed=1)
    paths = []
    for number, (frames, label) in enumerate(zip(made, labels, strict=True)):
        path = folder / "classes" / label / f"{number:02}.mkv"
        paths.append(write_video(path, np.repeat(frames[..., None], 3, axis=-1)))
    table = pd.DataFrame({"video": [path.relative_to(folder) for path in paths], "label": labels})
    lengths = np.array([*map(len, made)])
    padded = np.full((len(made), lengths.max(), 8, 8, 1), 9, np.uint8)
    for row, frames in zip(padded, made, strict=True):
        row[: len(frames)] = frames[..., None]
    kinds = {
        "arrays": (made, labels),
        "padded": (padded, labels, lengths),
        "a folder": folder / "classes",
        "CSV": _written(folder / "a.csv", table.to_csv(index=False)),
        "a frame": table.assign(video=paths),
    }
    questions = [made[0].tolist(), made[-1].tolist(), made[1][:1].tolist()]
    other = ([np.full((4, 8, 8), 90, np.uint8), made[0]] * 9, ["still", labels[0]] * 9)
    return Data(kinds, _filmed(16, seed=2), questions, (made[:2], ["same", "same"]), other)


def music(folder: Path) -> Data:
    """Pieces in which three chords go round."""
    made = _pieces(40, seed=1)
    rolls = [roll_of_pitches(piece) for piece in made]
    notes = pd.DataFrame(
        [
            (f"p{number}", note.key + LOWEST, note.start / 4, note.end / 4)
            for number, roll in enumerate(rolls)
            for note in notes_of(roll)
        ],
        columns=["piece", "pitch", "start", "end"],
    )
    lengths = np.array([*map(len, rolls)])
    padded = np.zeros((len(rolls), lengths.max(), 88), np.uint8)
    for row, roll in zip(padded, rolls, strict=True):
        row[: len(roll)] = roll
    (folder / "files").mkdir(parents=True)
    for number, roll in enumerate(rolls):
        file = mido.MidiFile(file=io.BytesIO(midi_bytes(roll, 4)))
        del file.tracks[0]  # without tempo and metre, as the others are
        file.save(folder / "files" / f"{number:02}.mid")
    np.savez(folder / "a.npz", rolls=padded, lengths=lengths)
    parts = json.dumps({"train": made, "valid": made})
    kinds = {
        "pitches": made,
        "arrays": [np.pad(roll, ((0, 0), (21, 19))) * 80.0 for roll in rolls],
        "MIDI files": folder / "files",
        "paths": [*sorted((folder / "files").iterdir())],
        "JSON": _written(folder / "a.json", parts),
        "packed JSON": _packed(folder / "a.json.gz", parts),
        "JSON Lines": _json_lines(folder / "rolls.jsonl", [{"roll": piece} for piece in made]),
        "NumPy's file": folder / "a.npz",
        **_tables(folder, notes, "notes"),
    }
    questions = [made[0][:6], [], [[60]], rolls[1]]
    return Data(kinds, _pieces(10, seed=2), questions, [[[200]], []], _pieces(9, seed=3))


def spoken(folder: Path) -> Data:
    """Recordings of one or two tones, each with a name."""
    rows = _spoken(24, seed=1)
    waves, texts = ([row[n] for row in rows] for n in (0, 1))
    inside = folder / "wavs"
    for number, wave in enumerate(waves):
        inside.mkdir(parents=True, exist_ok=True)
        (inside / f"{number:02}.wav").write_bytes(wav_bytes(wave, RATE))
        (inside / f"{number:02}.txt").write_text(texts[number])
    names = [f"{number:02}.wav" for number in range(len(rows))]
    table = pd.DataFrame({"path": [f"wavs/{name}" for name in names], "text": texts})
    beside = _tables(folder, table)
    listed = [f"{name[:2]}|{text}|{text}" for name, text in zip(names, texts, strict=True)]
    _written(folder / "lj" / "metadata.csv", "\n".join(listed))
    shutil.copytree(inside, folder / "lj" / "wavs")
    scp = "".join(f"u{name[:2]} {inside / name}\n" for name in names)
    _written(folder / "kaldi" / "wav.scp", scp)
    said = "".join(f"u{name[:2]} {text}\n" for name, text in zip(names, texts, strict=True))
    _written(folder / "kaldi" / "text", said)
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        for path in inside.iterdir():
            archive.write(path, f"all/{path.name}")
    kinds = {
        "pairs of a rate and an array": ([(RATE, wave) for wave in waves], texts),
        "bytes": ([wav_bytes(wave, RATE) for wave in waves], texts),
        "texts beside recordings": inside,
        "LJSpeech": folder / "lj",
        "Kaldi": folder / "kaldi",
        "an archive": folder / "a.zip",
        **{name: kind for name, kind in beside.items() if name != "a frame"},
    }
    test = _spoken(12, seed=2)
    asked = (waves[0], waves[-1], waves[0][:9], waves[0][:0])
    return Data(
        kinds,
        ([(RATE, wave) for wave, _ in test], [text for _, text in test]),
        [wav_bytes(wave, RATE) for wave in asked],
        ([(RATE, waves[0])], [""]),
        ([(RATE, wave) for wave in waves], ["mi"] * len(waves)),
    )


def marked_strands(folder: Path) -> Data:
    """Strands in which what stands before a span gives it away."""
    records = _marked_strands(60, seed=1)
    fasta = "".join(f">s{n}\n{record['text']}\n" for n, record in enumerate(records))
    spans = [(n, span) for n, record in enumerate(records) for span in record["entities"]]
    bed = "".join(f"s{n}\t{s['start']}\t{s['end']}\t{s['label']}\n" for n, s in spans)
    gff = "##gff-version 3\n" + "".join(
        f"s{n}\tx\t{s['label']}\t{s['start'] + 1}\t{s['end']}\t.\t+\t.\t.\n" for n, s in spans
    )
    _written(folder / "a.bed", bed)
    _written(folder / "b.gff3", gff)
    tags = [
        tags_of([Span(**span) for span in record["entities"]], len(record["text"]))
        for record in records
    ]
    columns = "\n\n".join(
        "\n".join(f"{base} {tag}" for base, tag in zip(record["text"], of, strict=True))
        for record, of in zip(records, tags, strict=True)
    )
    kinds = {
        "dicts of texts": records,
        "FASTA beside BED": _written(folder / "a.fa", fasta),
        "FASTA beside GFF3": _written(folder / "b.fa", fasta),
        "packed FASTA and BED": f"{_packed(folder / 'c.fa.gz', fasta)},{folder / 'a.bed'}",
        "JSON Lines of texts": _json_lines(folder / "texts.jsonl", records),
        "bases and tags": ([[*record["text"]] for record in records], tags),
        "a column file": _written(folder / "a.conll", f"{columns}\n"),
    }
    return Data(
        kinds,
        _marked_strands(20, seed=2),
        [records[0]["text"], records[1]["text"].lower(), "", "ACGTN", records[2]["text"] * 3],
        [{"text": "ACGT", "entities": []}] * 3,
        [{"text": "ACCCAAGGT", "entities": [{"start": 4, "end": 6, "label": "odd"}]}] * 9,
    )


def entities(folder: Path) -> Data:
    """Sentences in which capitals and the word before give people and towns away."""
    sentences = _marked(60, seed=1)
    records, tokens, tags = [], [], []
    for sentence in sentences:
        text, spans = "", []
        for word, tag in sentence:
            text += " " if text else ""
            if tag != "O":
                span = {"start": len(text), "end": len(text) + len(word), "label": tag[2:]}
                spans.append(span)
            text += word
        records.append({"text": text, "entities": spans})
        tokens.append([word for word, _ in sentence])
        tags.append([tag for _, tag in sentence])
    rows = [(n, *row) for n, sentence in enumerate(sentences) for row in sentence]
    by_token = pd.DataFrame(rows, columns=["sentence", "token", "tag"])
    columns = "\n\n".join(
        "\n".join(f"{word} x {tag}" for word, tag in sentence) for sentence in sentences
    )
    both = [{"tokens": words, "tags": of} for words, of in zip(tokens, tags, strict=True)]
    kinds = {
        "dicts of texts": records,
        "JSON Lines of texts": _json_lines(folder / "texts.jsonl", records),
        "texts and entities": ([r["text"] for r in records], [r["entities"] for r in records]),
        "a frame of texts": pd.DataFrame(records),
        "tokens and tags": (tokens, tags),
        "dicts of tokens": both,
        "JSON Lines of tokens": _json_lines(folder / "tokens.jsonl", both),
        "a column file": _written(folder / "a.conll", f"{columns}\n"),
        "a packed column file": _packed(folder / "a.conll.gz", f"{columns}\n"),
        **_tables(folder, by_token, "a token a row"),
    }
    return Data(
        {name: kind for name, kind in kinds.items() if name != "a token a row, JSON Lines"},
        records[:12],
        [records[3]["text"], records[4]["text"] + ". " + records[5]["text"], *UNUSUAL],
        [{"text": "nothing here", "entities": []}] * 3,
        [{"text": "they joined Umber", "entities": [{"start": 12, "end": 17, "label": "ORG"}]}] * 9,
    )


def pairs(folder: Path) -> Data:
    """Some words, and others for them in the opposite order."""
    rows = _translated(80, seed=1)
    table = pd.DataFrame(rows, columns=["source", "target"])
    sides = [[row[n] for row in rows] for n in (0, 1)]
    paths = [
        _written(folder / f"a.{name}", "\n".join(side))
        for name, side in zip(("en", "de"), sides, strict=True)
    ]
    lines = "\n".join("\t".join(row) for row in rows)
    kinds = {
        "lists": tuple(sides),
        "two files": tuple(paths),
        "two files, a comma between": ",".join(map(str, paths)),
        "a pair a line": _written(folder / "a.txt", lines),
        "a packed pair a line": _packed(folder / "a.txt.gz", lines),
        **_tables(folder, table),
        "tf.data": lambda: _dataset({"source": sides[0], "target": sides[1]}),
    }
    test = _translated(20, seed=2)
    return Data(
        kinds,
        ([source for source, _ in test], [target for _, target in test]),
        ["old bird", "house", *UNUSUAL],
        ([], []),
        (["red bird", "red"] * 9, ["Vogel rot", "rot"] * 9),
    )


def _labelled(rows: int, seed: int) -> list[tuple[str, str]]:
    """Texts with their classes, class by class as in a folder."""
    random = np.random.default_rng(seed)
    made = []
    for label in ("bad", "good"):
        for _ in range(rows // 2):
            words = list(random.choice(WORDS, random.integers(2, 7)))
            words.insert(random.integers(len(words) + 1), {"bad": "poor"}.get(label, label))
            made.append((" ".join(words), label))
    return made


def _strands(rows: int, seed: int) -> list[tuple[str, str]]:
    """Strands with their classes, class by class as in a folder."""
    random = np.random.default_rng(seed)
    made = []
    for label, motif in (("donor", "GGTAAGT"), ("none", "CCCCTTT")):
        for _ in range(rows // 2):
            before, after = ("".join(random.choice([*"ACGT"], random.integers(5, 9))) for _ in "12")
            made.append((before + motif + after, label))
    return made


def _marked_strands(rows: int, seed: int) -> list[dict[str, Any]]:
    """Strands of A and C with spans of G and T."""
    random = np.random.default_rng(seed)
    made = []
    for _ in range(rows):
        before, after = ("".join(random.choice([*"AC"], random.integers(4, 9))) for _ in "12")
        inside = "".join(random.choice([*"GT"], random.integers(3, 7)))
        span = {"start": len(before), "end": len(before + inside), "label": "exon"}
        made.append({"text": before + inside + after, "entities": [span]})
    return made


def _marked(rows: int, seed: int) -> list[list[tuple[str, str]]]:
    """Sentences of words and their tags."""
    random = np.random.default_rng(seed)
    made = []
    for _ in range(rows):
        who = str(random.choice(["Ada", "Bo", "Cleo", "Dov"]))
        town = str(random.choice(["Arles", "Bray", "Cork"]))
        people = [("saw", "O"), (who, "B-PER")] if random.random() < 0.8 else [("left", "O")]
        towns = [("in", "O"), (town, "B-LOC")] if random.random() < 0.8 else [("soon", "O")]
        made.append([("we", "O"), *people, *towns, ("at", "O"), ("last", "O")])
    return made


def _moved(rows: int, seed: int) -> tuple[list[Any], list[str]]:
    """Series [T, 2] with some missing values and their classes, class by class as in a folder."""
    random = np.random.default_rng(seed)
    made, labels = [], []
    for label in ("down", "up"):
        for _ in range(rows // 2):
            way = np.linspace(0, 1, random.integers(8, 16))
            way = np.stack([way, 1 - way], axis=1) if label == "up" else np.stack([1 - way, way], 1)
            frames = np.round(way + random.normal(0, 0.1, way.shape), 3).astype(np.float32)
            frames[random.random(frames.shape) < 0.1] = np.nan
            made.append(frames)
            labels.append(label)
    return made, labels


def _filmed(rows: int, seed: int) -> tuple[list[Any], list[str]]:
    """Videos [T, 8, 8] of a bright bar that rises or sinks, class by class as in a folder."""
    random = np.random.default_rng(seed)
    made, labels = [], []
    for label in ("down", "up"):
        for _ in range(rows // 2):
            frames = random.integers(0, 60, (random.integers(5, 9), 8, 8)).astype(np.uint8)
            for number, frame in enumerate(frames[:: 1 if label == "down" else -1]):
                frame[number % 8] = 220
            made.append(frames)
            labels.append(label)
    return made, labels


def _pieces(rows: int, seed: int) -> list[list[list[int]]]:
    """Pieces of three chords in turn, as pitches, the last of which is held."""
    random = np.random.default_rng(seed)
    chords = [[48, 64, 67, 72], [53, 65, 69, 72], [55, 62, 67, 71]]
    made = []
    for _ in range(rows):
        first, length = random.integers(3), random.integers(6, 12)
        made.append([chords[(first + step) % 3] for step in range(length)])
    return made


def _spoken(rows: int, seed: int) -> list[tuple[Any, str]]:
    """Recordings of 16 bits and their transcripts."""
    random = np.random.default_rng(seed)
    made = []
    for _ in range(rows):
        words = random.choice(["do", "so"], random.integers(1, 3))
        tones = []
        for word in words:
            time = np.arange(random.integers(240, 320)) / RATE
            tones += [np.sin(2 * np.pi * {"do": 200, "so": 600}[word] * time), np.zeros(60)]
        wave = np.concatenate(tones)
        wave = 9_000 * wave + random.normal(0, 300, len(wave))
        made.append((wave.astype(np.int16), " ".join(words)))
    return made


def _translated(rows: int, seed: int) -> list[tuple[str, str]]:
    random = np.random.default_rng(seed)
    words = [("old", "alt"), ("new", "neu"), ("bird", "Vogel"), ("house", "Haus")]
    made = []
    for _ in range(rows):
        chosen = [words[n] for n in random.integers(len(words), size=random.integers(1, 4))]
        source, target = zip(*chosen, strict=True)
        made.append((" ".join(source), " ".join(reversed(target))))
    return made


def _tables(folder: Path, table: pd.DataFrame, of: str = "") -> dict[str, Any]:
    """A table as a frame and as files, each also packed."""
    before = f"{of}, " if of else ""
    lines = "".join(f"{json.dumps(row)}\n" for row in table.to_dict("records"))
    found: dict[str, Any] = {"a frame": table}
    for kind, name, content in (
        ("CSV", "a.csv", table.to_csv(index=False)),
        ("TSV", "a.tsv", table.to_csv(index=False, sep="\t")),
        ("JSON Lines", "a.jsonl", lines),
    ):
        found[kind] = _written(folder / name, content)
        found[f"packed {kind}"] = _packed(folder / f"{name}.gz", content)
    return {f"{before}{name}": kind for name, kind in found.items()}


def _json_lines(path: Path, records: Iterable[Mapping[str, Any]]) -> Path:
    return _written(path, "".join(f"{json.dumps(record)}\n" for record in records))


def _written(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def _packed(path: Path, content: str) -> Path:
    path.write_bytes(gzip.compress(content.encode()))
    return path


def _dataset(columns: Mapping[str, Sequence[str]]) -> Any:
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices(dict(columns))


# Tasks

TINY = {
    "embedding_size": 8,
    "hidden_size": 8,
    "epochs": 3,
    "batch_tokens": 64,
    "learning_rate": 0.02,
    "ema": 0.5,
    "word_dropout": 0.1,
    "dropout": 0.1,
    "output_dropout": 0.1,
}
CLASSIFIER = TINY | {"min_count": 1, "bidirectional": False}
TAGGER = TINY | {"character_size": 4, "shape_size": 2, "affix_size": 2, "bidirectional": False}
TRANSLATOR = TINY | {"max_tokens": 280, "bidirectional": False, "validation_split": 0.0}
STRANDS = {name: TINY[name] for name in TINY if name not in ("embedding_size", "word_dropout")}
MARKED_STRANDS = STRANDS | {"kmers": 6, "bidirectional": False, "window": 16, "overlap": 8}
STRANDS |= {"kmers": 6, "bidirectional": False, "base_dropout": 0.1}
WAVES = {name: TINY[name] for name in ("hidden_size", "epochs", "learning_rate", "ema")}
MOVEMENTS = WAVES | {"batch_tokens": 64, "output_dropout": 0.1, "bidirectional": False}
SPOKEN = WAVES | {"batch_tokens": 60, "mel_bands": 8, "layers": 1, "bidirectional": False}
FILMS = MOVEMENTS | {"front": "frames", "frame_size": 8, "batch_tokens": 48}
MUSIC = MOVEMENTS | {"output_size": 8}
del MUSIC["bidirectional"]
LIKELIEST = {"temperature": 0.0}
OF_LINES = TINY | {"lines": True, "window": 20, "layers": 2, "sampled_softmax": 5}
OF_LABELS = TINY | {"condition_column": "label"}

CASES = [
    TaskCase("classifier", "pipelines.sentiment", texts, CLASSIFIER),
    TaskCase("tagger", "pipelines.ner", entities, TAGGER),
    TaskCase("translator", "pipelines.translation", pairs, TRANSLATOR),
    TaskCase("language model", "pipelines.language_model", streams, OF_LINES, LIKELIEST),
    TaskCase("conditioned", "pipelines.language_model", conditioned, OF_LABELS, LIKELIEST),
    TaskCase("strands", "pipelines.dna", strands, STRANDS),
    TaskCase("marked strands", "pipelines.dna_spans", marked_strands, MARKED_STRANDS),
    TaskCase("waves", "waves.pipeline", series, WAVES),
    TaskCase("activity", "pipelines.activity", movements, MOVEMENTS),
    TaskCase("videos", "pipelines.activity", films, FILMS),
    TaskCase("music", "pipelines.music", music, MUSIC, LIKELIEST),
    TaskCase("speech", "pipelines.speech", spoken, SPOKEN),
    TaskCase("fake", "fake_task", texts, {"hidden_size": 8}, steps=0),
]
