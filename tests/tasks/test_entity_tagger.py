"""The tagger of entities from data to answers: fitted, exported, loaded, measured."""

import itertools
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from trained import TAGGER as SMALL
from trained import TrainedRun, as_columns, load_archive, records

from toolkit.data import spans_of
from toolkit.errors import DataError, ModelError, OptionError
from toolkit.evaluation import compare
from toolkit.export import Servable, of_python
from toolkit.tasks import EntityTagger, span_outputs
from toolkit.tasks.entities import serving as entity_serving
from toolkit.tasks.span_outputs import likely
from toolkit.text import utf8

pytestmark = pytest.mark.xdist_group("entities")

#: The least that is a tagger, where it does not matter what the network is.
LEAN: dict[str, Any] = SMALL | {
    "characters": "none",
    "shape_size": 0,
    "affix_size": 0,
    "crf": False,
    "cell": "simple_rnn",
    "bidirectional": False,
}


@pytest.fixture(scope="module")
def fitted(tagger_run: TrainedRun, tmp_path_factory: pytest.TempPathFactory) -> EntityTagger:
    return load_archive(EntityTagger, tagger_run, tmp_path_factory.mktemp("saved") / "run")


@pytest.fixture(scope="module")
def run(tagger_run: TrainedRun) -> Path:
    return tagger_run.path


@pytest.fixture(scope="module")
def loaded(run: Path, tmp_path_factory: pytest.TempPathFactory) -> EntityTagger:
    """A tagger of which there is no more than the SavedModel."""
    folder = tmp_path_factory.mktemp("alone")
    shutil.copytree(run / "1", folder / "1")
    return EntityTagger.load(folder)


def test_texts_with_spans(fitted: EntityTagger) -> None:
    assert fitted.classes == ("LOC", "PER")
    assert fitted.facts["rows"] == 270
    assert fitted.evaluate(records(100, seed=2))["f1"] >= 0.97
    text = "today we saw Ada O'Hara in Cork!"
    (answer,) = fitted.predict([text])
    found = [(entity["text"], entity["label"]) for entity in answer["entities"]]
    assert found == [("Ada O'Hara", "PER"), ("Cork", "LOC")]
    for entity in answer["entities"]:
        assert text[entity["start"] : entity["end"]] == entity["text"]
        assert 0.5 < entity["score"] <= 1


def test_a_threshold_leaves_out_what_is_not_sure() -> None:
    entities = [{"label": "a", "score": 0.9}, {"label": "b", "score": 0.4}]
    answer = {"entities": entities}
    assert likely(answer, 0.0) == answer
    assert likely(answer, 0.5) == {"entities": entities[:1]}
    tagged = {"tags": ["B-a", "I-a", "B-b", "O"], "scores": [0.9, 0.6, 0.7, 0.1]}
    assert likely(tagged, 0.6) == tagged
    assert likely(tagged, 0.65)["tags"] == ["O", "O", "B-b", "O"]
    assert likely({"error": "row 1"}, 0.9) == {"error": "row 1"}


@pytest.mark.parametrize(
    "before", ["👩🏽\u200d🚀 ", "Привет, ", "مرحبا ", "e\u0301a\u0308 ", "\U0001f1eb\U0001f1f7 好 "]
)
def test_places_are_code_points_whatever_stands_before(run: Path, before: str) -> None:
    text = f"{before}today we saw Ada Moss in Cork."
    answer = servable(run)(text=[text, "", text + " " + text])
    assert answer["entity_count"].tolist()[1] == 0
    for row, whole in enumerate([text, "", text + " " + text]):
        count = answer["entity_count"][row]
        for n in range(count):
            start, end = answer["entity_start"][row][n], answer["entity_end"][row][n]
            assert whole[start:end] == answer["entity_text"][row][n]
        assert set(answer["entity_label"][row][count:]) <= {""}
        assert set(answer["entity_start"][row][count:]) <= {-1}
        assert set(answer["entity_end"][row][count:]) <= {-1}
        assert set(answer["entity_score"][row][count:].tolist()) <= {-1.0}
    last = [
        answer[f"entity_{name}"][0][answer["entity_count"][0] - 1] for name in ("text", "label")
    ]
    assert last == ["Cork", "LOC"]


@given(st.lists(st.text(max_size=40), min_size=1, max_size=4))
def test_any_text_is_answered_alone_as_in_a_batch(run: Path, texts: list[str]) -> None:
    model = servable(run)
    together = model(text=texts)
    for row, text in enumerate(texts):
        alone = model(text=[text])
        count = int(alone["entity_count"][0])
        assert together["entity_count"][row] == count
        for n in range(count):
            start, end = (int(alone[f"entity_{side}"][0][n]) for side in ("start", "end"))
            assert (start, end) == tuple(
                int(together[f"entity_{side}"][row][n]) for side in ("start", "end")
            )
            assert 0 <= start < end <= len(text)
            assert alone["entity_text"][0][n] == utf8(text).decode()[start:end]


SERVABLES: dict[Path, Servable] = {}


def servable(run: Path) -> Servable:
    if run not in SERVABLES:
        SERVABLES[run] = Servable.load(run)
    return SERVABLES[run]


def test_the_saved_model_alone_predicts_and_evaluates(
    fitted: EntityTagger, loaded: EntityTagger, tmp_path: Path
) -> None:
    test = records(60, seed=3)
    assert loaded.evaluate(test) == fitted.evaluate(test)
    texts = [record["text"] for record in test]
    for one, other in zip(loaded.predict(texts), fitted.predict(texts), strict=True):
        assert [{**e, "score": 0} for e in one["entities"]] == [
            {**e, "score": 0} for e in other["entities"]
        ]
        assert [e["score"] for e in one["entities"]] == pytest.approx(
            [e["score"] for e in other["entities"]], abs=1e-5
        )
    with pytest.raises(ModelError, match="export needs"):
        loaded.export(tmp_path / "run")


def test_the_signatures_have_names_shapes_and_types(run: Path) -> None:
    signatures = servable(run).signatures
    answer = signatures["serving_default"](text=tf.constant(["today we saw Ada Moss in Cork.", ""]))
    assert sorted((k, v.dtype.name, v.shape.rank) for k, v in answer.items()) == [
        ("entity_count", "int32", 1),
        ("entity_end", "int32", 2),
        ("entity_label", "string", 2),
        ("entity_score", "float32", 2),
        ("entity_start", "int32", 2),
        ("entity_text", "string", 2),
    ]
    tokens = tf.constant([["we", "saw", "Ada", "Moss"], ["a", "", "", ""]])
    tags = signatures["tag_tokens"](tokens=tokens)["tags"].numpy().tolist()
    assert tags == [[b"O", b"O", b"B-PER", b"I-PER"], [b"O", b"", b"", b""]]
    no_steps = signatures["tag_tokens"](tokens=tf.zeros([2, 0], tf.string))
    assert no_steps["tags"].shape == (2, 0)
    no_texts = signatures["serving_default"](text=tf.zeros([0], tf.string))
    assert no_texts["entity_text"].shape[0] == 0


def test_an_empty_token_is_outside_and_the_others_are_as_without_it(fitted: EntityTagger) -> None:
    tokens = ["today", "we", "saw", "Ada", "Moss", "in", "Cork"]
    (plain,) = fitted.predict([tokens])
    assert plain["tags"] == ["O", "O", "O", "B-PER", "I-PER", "O", "B-LOC"]
    gaps = [[*tokens[:place], "", *tokens[place:]] for place in range(len(tokens) + 1)]
    for place, answer in enumerate(fitted.predict(gaps)):
        tag, score = answer["tags"].pop(place), answer["scores"].pop(place)
        assert (tag, score) == ("O", 1.0)
        torn = ["B-PER" if place == n == 4 else tag for n, tag in enumerate(plain["tags"])]
        assert answer["tags"] == torn
        assert answer["scores"] == pytest.approx(plain["scores"], abs=1e-5)
    (nothing,) = fitted.predict([[""]])
    error = "row 1, token 1: the token is empty"
    assert nothing == {"tags": ["O"], "scores": [1.0], "error": error}


@pytest.mark.slow
def test_held_out_sentences_without_entities_are_gone_by_the_log_loss(
    caplog: pytest.LogCaptureFixture,
) -> None:
    without = [{"text": f"nobody saw {number}", "entities": []} for number in range(20)]
    tagger = EntityTagger(**LEAN | {"epochs": 3, "learning_rate": 0.3})
    with caplog.at_level("WARNING", logger="toolkit"):
        tagger.fit(records(40, seed=1), without)
    (message,) = [record.message for record in caplog.records if record.name == "toolkit"]
    assert message == (
        "the 20 sentences to validate have no entities, so that F1 cannot be measured; the log "
        "loss decides which weights are kept"
    )
    losses = [row["val_log_loss"] for row in tagger.history]
    assert tagger.metrics["log_loss"] == pytest.approx(min(losses), rel=1e-6)
    assert min(losses) < losses[-1]  # so that it was a choice


def test_column_files_are_evaluated_as_they_are_tagged(
    fitted: EntityTagger, tmp_path: Path
) -> None:
    test = tmp_path / "test.conll"
    whole = [record for record in records(80, seed=5) if "'" not in record["text"]]
    test.write_text(as_columns(whole), encoding="utf-8")
    metrics = fitted.evaluate(test)
    assert metrics["cut_otherwise"] == 0
    assert metrics["f1"] >= 0.9
    sentences = [
        [line.split() for line in block.splitlines()] for block in test.read_text().split("\n\n")
    ]
    tokens = [[line[0] for line in sentence] for sentence in sentences if sentence]
    right = [spans_of([line[2] for line in sentence]) for sentence in sentences if sentence]
    given_spans = [spans_of(answer["tags"]) for answer in fitted.predict(tokens)]
    found = sum(len({*a} & {*b}) for a, b in zip(right, given_spans, strict=True))
    assert metrics["f1"] == 2 * found / sum(
        len(a) + len(b) for a, b in zip(right, given_spans, strict=True)
    )


def test_tokens_that_are_cut_otherwise_are_evaluated_by_their_characters(
    fitted: EntityTagger, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    test = tmp_path / "test.conll"
    some = [record for record in records(80, seed=5) if "'" in record["text"]]
    test.write_text(as_columns(some), encoding="utf-8")
    with caplog.at_level("WARNING", logger="toolkit"):
        metrics = fitted.evaluate(test)
    assert metrics["f1"] >= 0.97
    assert metrics["entities"] == sum(len(record["entities"]) for record in some)
    assert metrics["cut_otherwise"] == len(some)
    tokens = sum(bool(line) for line in test.read_text().splitlines())
    assert caplog.messages == [
        f"{test}: {len(some)} of {tokens} tokens are cut otherwise than this model cuts a text "
        "(such as O'Hara); it tags its own tokens there, and entities are compared by their "
        "characters"
    ]


def test_the_score_is_the_probability_of_the_entity(fitted: EntityTagger) -> None:
    """By sums over all paths of a short sentence that have exactly this entity."""
    network = fitted.sequence_model.network  # type: ignore[union-attr]
    features = fitted.sequence_model.preprocessing([["saw", "Ada", "Moss", "in"]])  # type: ignore[union-attr]
    scores = network(features).numpy()[0]
    start, transitions, end = (
        np.where(network.crf.allowed[name], network.crf.scores[name].numpy(), -1e9)
        for name in ("start", "transitions", "end")
    )
    tags = network.tags
    total = wanted = 0.0
    want = ["B-PER", "E-PER"]
    for path in np.ndindex(*[len(tags)] * 4):
        value = start[path[0]] + end[path[-1]] + sum(scores[t, tag] for t, tag in enumerate(path))
        value += sum(transitions[a, b] for a, b in itertools.pairwise(path))
        weight = float(np.exp(value))
        total += weight
        wanted += weight * ([tags[path[1]], tags[path[2]]] == want)
    (answer,) = fitted.predict(["saw Ada Moss in"])
    (entity,) = [e for e in answer["entities"] if e["label"] == "PER"]
    assert entity["text"] == "Ada Moss"
    assert entity["score"] == pytest.approx(wanted / total, rel=1e-4)


def test_sentences_are_tagged_one_by_one_unless_told_otherwise(loaded: EntityTagger) -> None:
    one, other = "today we saw Ada Moss in Cork.", "So did Eva Pike near Bray!"
    apart = [loaded.predict([text])[0]["entities"] for text in (one, other)]
    (both,) = loaded.predict([f"{one} {other}"])
    shifted = [
        {**e, "start": e["start"] + len(one) + 1, "end": e["end"] + len(one) + 1} for e in apart[1]
    ]
    assert [(e["text"], e["start"], e["end"]) for e in both["entities"]] == [
        (e["text"], e["start"], e["end"]) for e in [*apart[0], *shifted]
    ]
    assert [e["score"] for e in both["entities"]] == pytest.approx(
        [e["score"] for e in [*apart[0], *shifted]], abs=1e-5
    )


@pytest.mark.slow
def test_long_and_short_sentences_are_answered_in_groups(
    fitted: EntityTagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = "today we saw Ada Moss in Cork."
    text = f"{short} {'we saw nobody near town , ' * 9}. {short} Well! {short}"
    texts = [text, "", short]
    together = fitted.predict(texts)
    monkeypatch.setattr(span_outputs, "BATCH_TOKENS", 12)  # one sentence a group, or two
    found = entity_serving.signatures(fitted.sequence_model, fitted.classes, sentences=True)
    ask = of_python(found["serving_default"])
    apart = span_outputs.find_all(texts, lambda some: ask(text=some))
    for one, other in zip(together, apart, strict=True):
        assert [{**e, "score": 0} for e in one["entities"]] == [{**e, "score": 0} for e in other]
        assert [e["score"] for e in one["entities"]] == pytest.approx(
            [e["score"] for e in other], abs=1e-5
        )


@pytest.mark.slow
def test_entities_that_do_not_fit_are_said_and_missed(
    caplog: pytest.LogCaptureFixture, not_trained: None
) -> None:
    some = records(60, seed=1)
    some[7] = {"text": "we saw Ada", "entities": [{"start": 7, "end": 9, "label": "PER"}]}
    tagger = EntityTagger(**LEAN)
    with caplog.at_level("WARNING", logger="toolkit"):
        tagger.fit(some)
        assert tagger.evaluate([*some[:9], some[7]])["unaligned"] == 2
    total = sum(len(record["entities"]) for record in some)
    of_nine = sum(len(record["entities"]) for record in some[:9])
    assert [r.message for r in caplog.records if "do not begin and end" in r.message] == [
        f"{part} entities do not begin and end where tokens of one sentence do, and cannot be "
        f"{verb} ('Ad' in row 8)"
        for part, verb in ((f"1 of {total}", "learnt"), (f"2 of {of_nine + 1}", "found"))
    ]
    metrics = tagger.evaluate([some[7]])
    assert metrics["recall"] == 0


@pytest.mark.slow
def test_a_cell_of_two_states_is_saved_and_answers(tmp_path: Path, not_trained: None) -> None:
    tagger = EntityTagger(**LEAN | {"cell": "lstm"}).fit(records(20, seed=1))
    tagger.save(tmp_path)
    tagger.export(tmp_path)
    again = EntityTagger.load(tmp_path)
    tokens = [["today", "we", "saw", "Ada", "Moss", "."]]
    answers = [again.predict(tokens)]  # of the SavedModel
    again._answer_from_network()  # of model.keras
    answers.append(again.predict(tokens))
    assert answers[0][0]["tags"] == answers[1][0]["tags"]
    assert answers[0][0]["scores"] == pytest.approx(answers[1][0]["scores"], abs=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {
            "crf": False,
            "characters": "none",
            "shape_size": 0,
            "affix_size": 0,
            "token_level": "treebank_words",
            "cell": "simplified_gru",
            "bidirectional": False,
            "optimizer": "sgd",
            "learning_rate": 0.5,
            "ema": 0.9,
            "dropout": 0.1,
            "epochs": 12,
        },
        {
            "characters": "gru",
            "class_weights": "balanced",
            "sentences": False,
            "cell": "keras_gru",
            "layers": 2,
            "precision": "mixed_bfloat16",
        },
    ],
    ids=["few_parts", "many_parts"],
)
def test_options_do_what_they_say(options: dict[str, Any]) -> None:
    tagger = EntityTagger(**SMALL | options).fit(records(300, seed=1))
    assert tagger.history[-1]["loss"] < 0.5 * tagger.history[0]["loss"]
    assert tagger.evaluate(records(60, seed=4))["f1"] >= 0.85


def test_word_vectors_are_where_the_words_start(tmp_path: Path, not_trained: None) -> None:
    path = tmp_path / "vectors.txt"
    path.write_text("saw 1 2 3\nAda 4 5 6\n", encoding="utf-8")
    options = LEAN | {"vectors": str(path)}
    tagger = EntityTagger(**options).fit(records(30, seed=1))
    features, network = tagger.sequence_model.preprocessing, tagger.sequence_model.network  # type: ignore[union-attr]
    vectors = network.front.embedding.embeddings.numpy()
    assert vectors.shape == (features.sizes["words"], 3)
    assert vectors[features.words.index("saw")] == pytest.approx([1, 2, 3], abs=1e-5)
    assert vectors[features.words.index("ada")] == pytest.approx([4, 5, 6], abs=1e-5)
    assert not vectors[0].any()


@pytest.mark.slow
def test_two_taggers_are_compared(fitted: EntityTagger, not_trained: None) -> None:
    other = EntityTagger(**LEAN).fit(records(40, seed=1))
    found = compare(other, fitted, records(150, seed=6))
    assert found["metrics"]["f1"]["better"] == "b"
    assert found["metrics"]["f1"]["b"] == fitted.evaluate(records(150, seed=6))["f1"]


def test_entities_that_were_seen_in_training_are_told_from_others(loaded: EntityTagger) -> None:
    known = [{"text": "we saw Cork.", "entities": [{"start": 7, "end": 11, "label": "LOC"}]}]
    new = [{"text": "we saw Ulm.", "entities": [{"start": 7, "end": 10, "label": "LOC"}]}]
    assert loaded.evaluate(known)["unseen_recall"] is None
    assert loaded.evaluate(new)["seen_recall"] is None


def test_a_frame_of_tokens_with_a_sentence_column(fitted: EntityTagger) -> None:
    rows = [
        (number, word, tag)
        for number, block in enumerate(as_columns(records(120, seed=1)).split("\n\n"))
        for word, _, tag in (line.split() for line in block.splitlines())
    ]
    frame = pd.DataFrame(rows, columns=["sentence", "word", "tag"])
    assert fitted.evaluate(frame)["f1"] >= 0.9


@pytest.mark.slow
def test_a_long_sentence_is_learnt_from_and_tagged() -> None:
    tokens = ["today", "we", "saw", "Ada", "Moss", "in", "Cork", "."] * 250
    tags = ["O", "O", "O", "B-PER", "I-PER", "O", "B-LOC", "O"] * 250
    tagger = EntityTagger(**LEAN | {"crf": True, "epochs": 1, "validation_split": 0.0})
    tagger.fit(([tokens, tokens[:8]], [tags, tags[:8]]))
    (answer,) = tagger.predict([tokens])
    assert len(answer["tags"]) == len(tokens)
    (answer,) = tagger.predict([" ".join(tokens)])
    for entity in answer["entities"]:
        assert " ".join(tokens)[entity["start"] : entity["end"]] == entity["text"]


def test_asked_before_learning() -> None:
    with pytest.raises(ModelError, match="nothing has been learnt"):
        EntityTagger().predict(["Ada"])
    with pytest.raises(ModelError, match="nothing has been learnt"):
        EntityTagger().predict([["Ada"]])
    for measure in (EntityTagger().evaluate, EntityTagger().statistics):
        with pytest.raises(ModelError, match="nothing has been learnt"):
            measure(([["Ada"]], [["B-PER"]]))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"monitor": "accuracy"}, "it can be auto, f1"),
        ({"cell": "nothing"}, "module:Class"),
        ({"characters": "gru", "character_size": 5}, "even"),
        ({"word_dropout": 1.0}, "below 1"),
        ({"token_level": "characters"}, "treebank_words"),
    ],
)
def test_impossible_options(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(OptionError, match=complaint):
        EntityTagger(**options)


def test_data_without_entities() -> None:
    with pytest.raises(DataError, match="no entities"):
        EntityTagger(**SMALL).fit([{"text": "nothing here", "entities": []}] * 3)


def test_a_label_that_was_never_learnt(fitted: EntityTagger) -> None:
    with pytest.raises(DataError, match="ORG"):
        fitted.evaluate([{"text": "Ada", "entities": [{"start": 0, "end": 3, "label": "ORG"}]}])


def test_onnx_is_refused(fitted: EntityTagger, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="onnx"):
        fitted.export(tmp_path, format="onnx")
    assert not list(tmp_path.iterdir())
