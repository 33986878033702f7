"""Columns that were guessed for a training are those of the run, whatever else new data has."""

import importlib
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toolkit.data import AudioExamples, EntityExamples, PairExamples, StrandExamples, TextExamples
from toolkit.data.audio.open import open_audio
from toolkit.data.audio.wav import wav_bytes
from toolkit.data.entities.open import open_entities
from toolkit.data.options import inherit, table_format
from toolkit.data.pairs.open import open_pairs
from toolkit.data.sources.open import open_source
from toolkit.data.strands.source import open_strands
from toolkit.data.streams.stream import open_stream
from toolkit.errors import DataError
from toolkit.tasks import TextClassifier
from toolkit.tasks.classification.options import TextClassifierOptions
from toolkit.tasks.entities.options import EntityTaggerOptions
from toolkit.tasks.language_modelling.options import LanguageModelOptions
from toolkit.tasks.sequences.options import SequenceClassifierOptions
from toolkit.tasks.sequences.reading import open_sequences, read_examples
from toolkit.tasks.settings import Settings
from toolkit.tasks.speech.options import SpeechRecognizerOptions
from toolkit.tasks.strands.options import StrandClassifierOptions
from toolkit.tasks.translation.options import TranslatorOptions


def of_texts(path: Path, options: Any) -> Any:
    return TextExamples(open_source(str(path), "test", table_format(options)), options)


def of_strands(path: Path, options: Any) -> Any:
    return StrandExamples(open_strands(str(path), "test", options), options)


def of_series(path: Path, options: Any) -> Any:
    return read_examples(open_sequences(str(path), "test", options), options)


def of_recordings(path: Path, options: Any) -> Any:
    return AudioExamples(open_audio(str(path), "test", options), options)


def of_entities(path: Path, options: Any) -> Any:
    return EntityExamples(open_entities(str(path), "test", options), options)


def of_pairs(path: Path, options: Any) -> Any:
    return PairExamples(open_pairs(str(path), "test", options), options)


def of_a_stream(path: Path, options: Any) -> Any:
    return open_stream(str(path), "test", options)


ENTITIES = '"[{""start"": 0, ""end"": 3, ""label"": ""PER""}]"'
#: By kind: what reads, the options, a table, the columns that are found in it, and the same rows
#: with further columns that would be guessed in their place.
KINDS: dict[str, tuple[Callable[[Path, Any], Any], type, str, dict[str, str], str]] = {
    "texts": (
        of_texts,
        TextClassifierOptions,
        "words,kind\nso good,a\nso bad,b\n",
        {"text_column": "words", "label_column": "kind"},
        "text,words,kind,label\nx y,so good,a,7\nx z,so bad,b,8\n",
    ),
    "strands": (
        of_strands,
        StrandClassifierOptions,
        "bases,kind\nACGT,a\nTTTT,b\n",
        {"text_column": "bases", "label_column": "kind"},
        "sequence,bases,kind,label\nAAAA,ACGT,a,7\nAAAA,TTTT,b,8\n",
    ),
    "series": (
        of_series,
        SequenceClassifierOptions,
        'values,kind\n"[1, 2]",a\n"[3]",b\n',
        {"series_column": "values", "label_column": "kind"},
        'series,values,kind,label\n"[9]","[1, 2]",a,7\n"[9]","[3]",b,8\n',
    ),
    "steps": (
        of_series,
        SequenceClassifierOptions,
        "trial,seconds,kind,x\n1,0,a,5\n1,1,a,6\n2,0,b,7\n",
        {
            "sequence_column": "trial",
            "time_column": "seconds",
            "label_column": "kind",
            "channels": "x",
        },
        "id,trial,time,seconds,kind,label,x\n8,1,9,0,a,c,5\n9,1,8,1,a,c,6\n9,2,9,0,b,c,7\n",
    ),
    "recordings": (
        of_recordings,
        SpeechRecognizerOptions,
        "sound,said\na.wav,one\nb.wav,two\n",
        {"audio_column": "sound", "transcript_column": "said"},
        "audio,sound,said,text\nc.wav,a.wav,one,x\nc.wav,b.wav,two,x\n",
    ),
    "entities": (
        of_entities,
        EntityTaggerOptions,
        f"body,marks\nAda sang,{ENTITIES}\nBob sang,{ENTITIES}\n",
        {"text_column": "body", "entities_column": "marks"},
        f"text,body,entities,marks\nx,Ada sang,[],{ENTITIES}\ny,Bob sang,[],{ENTITIES}\n",
    ),
    "words of a string": (
        of_entities,
        EntityTaggerOptions,
        'said,marks\nAda sang,"[""B-PER"", ""O""]"\nBob sang,"[""B-PER"", ""O""]"\n',
        {"token_column": "said", "tag_column": "marks"},
        'tokens,said,tags,marks\n"[""x"", ""y""]",Ada sang,"[""O"", ""O""]","[""B-PER"", ""O""]"\n'
        '"[""x"", ""y""]",Bob sang,"[""O"", ""O""]","[""B-PER"", ""O""]"\n',
    ),
    "lists of tokens": (
        of_entities,
        EntityTaggerOptions,
        'w,t\n"[""Ada"", ""sang""]","[""B-PER"", ""O""]"\n',
        {"token_column": "w", "tag_column": "t"},
        'text,w,t\nhello you,"[""Ada"", ""sang""]","[""B-PER"", ""O""]"\n',
    ),
    "pairs": (
        of_pairs,
        TranslatorOptions,
        "input,output\nred,rot\nblue,blau\n",
        {"source_column": "input", "target_column": "output"},
        "source,input,target,output\nx,red,y,rot\nx,blue,y,blau\n",
    ),
    "prompts": (
        of_a_stream,
        LanguageModelOptions,
        "words\nso good it is\nso bad\n",
        {"text_column": "words"},
        "text,words\nx y,so good it is\nx z,so bad\n",
    ),
}


@pytest.fixture(autouse=True)
def recordings(tmp_path: Path) -> None:
    for number, name in enumerate("abc", 1):
        samples = np.tile(np.array([0, 1000], np.int16), 400 * number)
        (tmp_path / f"{name}.wav").write_bytes(wav_bytes(samples, 8000))


def content(examples: Any) -> list[str]:
    """Return what is read, without places in memory."""
    return [re.sub(r" |0x\w+", "", str(example[:3])) for example in examples]


@pytest.mark.parametrize("kind", KINDS)
def test_new_data_is_read_by_the_columns_of_the_training(tmp_path: Path, kind: str) -> None:
    read, options, table, columns, more = KINDS[kind]
    (tmp_path / "train.csv").write_text(table)
    (tmp_path / "new.csv").write_text(more)
    trained = read(tmp_path / "train.csv", options())
    assert trained.named_columns == columns
    new = options()
    inherit(new, vars(new), {"named_columns": trained.named_columns})
    assert content(read(tmp_path / "new.csv", new)) == content(trained)
    try:
        other = content(read(tmp_path / "new.csv", options()))
    except DataError:
        other = []
    assert other != content(trained)


PIPELINES = {
    "texts": "sentiment",
    "strands": "dna",
    "series": "activity",
    "steps": "activity",
    "recordings": "speech",
    "entities": "ner",
    "words of a string": "ner",
    "lists of tokens": "ner",
    "pairs": "translation",
    "prompts": "language_model",
}


@pytest.mark.parametrize("kind", KINDS)
def test_validation_data_is_checked_by_the_columns_of_the_training(
    tmp_path: Path, kind: str
) -> None:
    _, options, table, columns, more = KINDS[kind]
    (tmp_path / "train.csv").write_text(table)
    (tmp_path / "new.csv").write_text(more)
    pipeline = importlib.import_module(f"pipelines.{PIPELINES[kind]}").PIPELINE
    source = pipeline.data(str(tmp_path / "train.csv"), "train", options())
    assert pipeline.labelled.named_columns(source, options()) == columns


def test_validation_data_is_read_by_the_columns_of_the_training(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("words,kind\nso good,a\nso bad,b\n")
    (tmp_path / "new.csv").write_text("text,words,kind\n1 2 3 4 5,so good,a\n")
    task = TextClassifier()
    paths = str(tmp_path / "train.csv"), str(tmp_path / "new.csv")
    assert task._prepare(Settings(task), *paths).held_out.lengths.tolist() == [2]


def test_another_column_than_that_of_the_training_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "new.csv"
    path.write_text("message,kind\nso good,a\n")
    columns = TextClassifierOptions()
    inherit(columns, vars(columns), {"named_columns": {"text_column": "words"}})
    with caplog.at_level(logging.INFO, "toolkit"):
        assert [example.text for example in of_texts(path, columns)] == ["so good"]
    warned = [each.message for each in caplog.records if each.levelno == logging.WARNING]
    assert warned == [
        f"{path} has no column 'words', which the run was trained on; text column: 'message' "
        "(guessed; set text_column)"
    ]
    columns.named_columns = {"text_column": "kind"}
    assert [example.text for example in of_texts(path, columns)] == ["a"]
    columns.text_column = None  # which asks for a guess
    with caplog.at_level(logging.INFO, "toolkit"):
        assert [example.text for example in of_texts(path, columns)] == ["so good"]
    assert caplog.records[-1].levelno == logging.INFO
    columns.text_column = "kind"
    caplog.clear()
    assert [example.text for example in of_texts(path, columns)] == ["a"]
    assert not caplog.records
