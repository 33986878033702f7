"""The tagger's network, against its equations, all paths, and its answers in other batches."""

import itertools
import json
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.data import LengthBatches, TaggedSentence, encode_tagged
from toolkit.errors import ModelError, OptionError
from toolkit.layers import CELLS
from toolkit.models import ManyToMany, SequenceModel, load_sequence_model
from toolkit.tagging.schemes import bioes_tags
from toolkit.text import TokenFeatures

SENTENCES = [
    ["Anna", "sang", "with", "Bo", "Ng", "."],
    ["Bo", "sang", "U.S.", "songs"],
    ["unseen", "2024"],
    ["."],
]
LABELS = ["LOC", "PER"]
PADDING = (0, 0, 1)  # the answers at padding: tag, probability, conditional probability
SMALL: dict[str, Any] = {
    "embedding_size": 5,
    "character_size": 6,
    "shape_size": 3,
    "affix_size": 2,
    "hidden_size": 4,
}
FEATURES = TokenFeatures()
FEATURES.adapt(dict.fromkeys(["Anna", "sang", "with", "Bo", "Ng", ".", "U.S.", "songs"], 3))


def rows_of(sentences: list[list[str]], width: int | None = None) -> tf.Tensor:
    width = max(map(len, sentences)) if width is None else width
    return tf.constant([[*tokens, *[""] * (width - len(tokens))] for tokens in sentences])


def network(
    labels: list[str] = LABELS, seed: int = 1, spread: float = 0.7, **options
) -> ManyToMany:
    """Return a network whose weights are all random, so that none is 0."""
    model = ManyToMany(FEATURES.sizes, labels, **SMALL | options)
    model.build()
    random = np.random.default_rng(seed)
    for weight in model.trainable_weights:
        weight.assign(random.normal(scale=spread, size=weight.shape))
    return model


def weights_of(layer: keras.Layer) -> list[np.ndarray]:
    return [weight.astype(float) for weight in layer.get_weights()]


def legal(before: str | None, after: str | None) -> bool:
    """Return whether BIOES allows a tag after another; None is the border of the sentence."""
    open_before = before is not None and before[0] in "BI"
    goes_on = after is not None and after[0] in "IE"
    return before[2:] == after[2:] if open_before and goes_on else open_before == goes_on


class Paths:
    """All legal paths of tags through a sentence's scores [n, C], with their probabilities."""

    def __init__(self, model: ManyToMany, scores: np.ndarray) -> None:
        tags = model.tags
        learnt = {name: np.asarray(weight) for name, weight in model.crf.scores.items()}
        zeros = {"start": np.zeros(len(tags)), "transitions": np.zeros([len(tags)] * 2)}
        self.tables = {"end": zeros["start"]} | zeros | learnt
        found = {}
        for path in itertools.product(range(len(tags)), repeat=len(scores)):
            names = [None, *(tags[tag] for tag in path), None]
            if all(legal(*pair) for pair in itertools.pairwise(names)):
                found[path] = self.score(path, scores)
        self.paths = np.array([*found])
        exponentials = np.exp([*found.values()])
        self.probabilities = exponentials / exponentials.sum()

    def score(self, path: tuple[int, ...], scores: np.ndarray) -> float:
        transitions = sum(self.tables["transitions"][pair] for pair in itertools.pairwise(path))
        emitted = sum(row[tag] for row, tag in zip(scores, path, strict=True))
        return self.tables["start"][path[0]] + emitted + transitions + self.tables["end"][path[-1]]

    def probability(self, tags: dict[int, int]) -> float:
        """Return the sum of the probabilities of all paths that have these tags at these places."""
        places = [*tags]
        fitting = (self.paths[:, places] == [tags[place] for place in places]).all(axis=1)
        return self.probabilities[fitting].sum()


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def gru_states(x: np.ndarray, kernel, recurrent, bias) -> np.ndarray:
    """Return the states of the lecture's full GRU: c = G_u * c~ + (1 - G_u) * c(t-1)."""
    (k_u, k_r, k_c), (r_u, r_r, r_c), (b_u, b_r, b_c) = (
        np.split(part, 3, axis=-1) for part in (kernel, recurrent, bias)
    )
    states = [np.zeros(len(r_u))]
    for e in x:
        c = states[-1]
        update = sigmoid(e @ k_u + c @ r_u + b_u)
        reset = sigmoid(e @ k_r + c @ r_r + b_r)
        candidate = np.tanh(e @ k_c + (reset * c) @ r_c + b_c)
        states.append(update * candidate + (1 - update) * c)
    return np.array(states[1:])


def vector_of(model: ManyToMany, token: str) -> np.ndarray:
    """Return the vector of a token: its word, characters, shape and affixes."""
    of = {name: ids.numpy()[0] for name, ids in FEATURES.lookup([token]).items()}
    (table,) = weights_of(model.front.characters.embedding)
    kernel, bias = weights_of(model.front.characters.reader)
    padded = np.pad(table[of["characters"]], [(1, 1), (0, 0)])
    filtered = [
        np.einsum("we,wes->s", padded[n : n + 3], kernel) + bias
        for n in range(len(of["characters"]))
    ]
    return np.concatenate(
        [
            weights_of(model.front.embedding)[0][of["words"]],
            np.maximum(np.max(filtered, axis=0), 0),
            weights_of(model.front.shapes)[0][of["shapes"]],
            *weights_of(model.front.affixes)[0][of["affixes"]],
        ]
    )


def test_scores_against_numpy() -> None:
    model = network()
    got = model(FEATURES(rows_of(SENTENCES))).numpy()
    kernel, bias = weights_of(model.scores)
    layer = model.recurrent[0]
    for tokens, scores in zip(SENTENCES, got, strict=True):
        x = np.array([vector_of(model, token) for token in tokens])
        states = np.concatenate(
            [
                gru_states(x, *weights_of(layer.forward_layer)),
                gru_states(x[::-1], *weights_of(layer.backward_layer))[::-1],
            ],
            axis=1,
        )
        np.testing.assert_allclose(scores[: len(x)], states @ kernel + bias, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("crf", [True, False])
def test_losses_against_all_paths(crf: bool) -> None:
    model = network(["PER"], crf=crf)
    assert model.tags == ("O", "B-PER", "I-PER", "E-PER", "S-PER")
    sentences = [["Anna", "sang", "."], ["Bo", "Ng"]]
    right = np.array([[1, 3, 4], [0, 4, 0]])
    features = FEATURES(rows_of(sentences))
    scores = model(features)
    losses = []
    for tokens, tags, row in zip(sentences, right, scores.numpy(), strict=True):
        n = len(tokens)
        if crf:
            paths = Paths(model, row[:n])
            places = {t: int(tags[t]) for t in range(n)}
            begun = [paths.probability({t: places[t] for t in range(m)}) for m in range(n + 1)]
            of_tokens = [np.log(a / b) for a, b in itertools.pairwise(begun)]
        else:
            of_tokens = (np.log(np.exp(row).sum(axis=1)) - row[range(3), tags])[:n]
        losses.append([*of_tokens, *[0] * (3 - n)])
    np.testing.assert_allclose(
        model.token_losses(scores, right, model.mask(features), training=False), losses, atol=1e-5
    )
    loss = float(model.compute_loss(features, right, scores))
    assert loss == pytest.approx(np.sum(losses) / 5, rel=1e-5)
    if crf:
        likelihood = [
            np.log(Paths(model, row[:n]).probability(dict(enumerate(map(int, tags[:n])))))
            for n, tags, row in zip((3, 2), right, scores.numpy(), strict=True)
        ]
        assert loss == pytest.approx(-sum(likelihood) / 5, rel=1e-5)
    weights = np.array([[1, 2, 0.5], [3, 0, 9]])
    weighed = float(model.compute_loss(features, right, scores, sample_weight=weights))
    assert weighed == pytest.approx((losses * weights).sum() / 5, rel=1e-5)
    best, total = model.validate(features, tf.constant(right))
    assert float(total) == pytest.approx(np.sum(losses), rel=1e-5)
    np.testing.assert_array_equal(best, model.answer(features)[0])


@pytest.mark.parametrize("crf", [True, False])
@pytest.mark.parametrize("labels", [["PER"], LABELS])
def test_answers_against_all_paths(crf: bool, labels: list[str]) -> None:
    model = network(labels, crf=crf, seed=3)
    some = [["Bo", "Ng", "sang"], ["Anna"], ["U.S.", "songs", "."]]
    features = FEATURES(rows_of(some))
    scores = model(features).numpy()
    entities = 0
    for tokens, row, *answer in zip(
        some, scores, *map(np.asarray, model.answer(features)), strict=True
    ):
        n = len(tokens)
        tags, sure, conditional = (values[:n] for values in answer)
        for values, padding in zip(answer, PADDING, strict=True):
            assert (values[n:] == padding).all()
        paths = Paths(model, row[:n])
        assert tags.tolist() == paths.paths[np.argmax(paths.probabilities)].tolist()
        right = [paths.probability({t: int(tags[t])}) for t in range(n)]
        np.testing.assert_allclose(sure, right, atol=1e-5)
        start = 0
        for place, tag in enumerate(tags):
            start = start if model.tags[tag][0] in "IE" else place
            if model.tags[tag][0] in "ES":
                entities += 1
                inside = {t: int(tags[t]) for t in range(start, place + 1)}
                probability = sure[start] * np.prod(conditional[start + 1 : place + 1])
                assert probability == pytest.approx(paths.probability(inside), rel=1e-4)
    assert entities


@pytest.mark.parametrize("crf", [True, False])
def test_probabilities_of_labels_against_all_paths(crf: bool) -> None:
    model = network(crf=crf, seed=5)
    features = FEATURES(rows_of([["Bo", "Ng", "sang"], ["Anna"]]))
    found = np.asarray(model.label_probabilities(features))
    assert found.shape == (2, 3, len(LABELS))
    assert (found[1, 1:] == 0).all()
    for row, scores, n in zip(found, model(features).numpy(), (3, 1), strict=True):
        paths = Paths(model, scores[:n])
        for step, label in itertools.product(range(n), LABELS):
            tags = [number for number, tag in enumerate(model.tags) if tag[2:] == label]
            right = sum(paths.probability({step: tag}) for tag in tags)
            assert row[step, LABELS.index(label)] == pytest.approx(right, abs=1e-5)


def test_without_transitions_the_scheme_alone_binds_the_tags() -> None:
    model = network(crf=False)
    assert not model.crf.trainable_weights
    illegal = 0
    for seed in range(5):
        model = network(crf=False, seed=seed, spread=2.0)
        features = FEATURES(rows_of(SENTENCES[:1] * 8))
        free = np.argmax(model(features), axis=-1)
        for given, likeliest in zip(np.asarray(model.answer(features)[0]), free, strict=True):
            names = [None, *(model.tags[tag] for tag in given), None]
            assert all(legal(*pair) for pair in itertools.pairwise(names))
            names = [None, *(model.tags[tag] for tag in likeliest), None]
            illegal += not all(legal(*pair) for pair in itertools.pairwise(names))
    assert illegal  # else the scheme forbids nothing here


EVERY_CELL = pytest.mark.parametrize("cell", CELLS)
MANY_KINDS = pytest.mark.parametrize(
    "options",
    [
        pytest.param(options, id=options["cell"], marks=marks)
        for options, marks in (
            ({"cell": "simple_rnn", "crf": False, "characters": "gru", "layers": 2}, ()),
            ({"cell": "gru", "characters": "none", "shape_size": 0, "bidirectional": False}, ()),
            ({"cell": "lstm", "affix_size": 0, "layers": 2}, pytest.mark.slow),
            (
                {"cell": "keras_gru", "characters": "gru", "shape_size": 0, "affix_size": 0},
                pytest.mark.slow,
            ),
            (
                {
                    "cell": "toolkit.cells:GRUCell",
                    "characters": "none",
                    "affix_size": 0,
                    "crf": False,
                },
                pytest.mark.slow,
            ),
        )
    ],
)


@MANY_KINDS
def test_a_sentence_has_the_same_scores_wherever_it_stands(options: dict) -> None:
    model = network(**options)
    together = model(FEATURES(rows_of(SENTENCES)))
    wide = model(FEATURES(rows_of(SENTENCES, width=11)))
    answers = [np.asarray(values) for values in model.answer(FEATURES(rows_of(SENTENCES)))]
    for row, tokens in enumerate(SENTENCES):
        n = len(tokens)
        alone = model(FEATURES(rows_of([tokens])))[0]
        for scores in (together[row, :n], wide[row, :n]):
            np.testing.assert_allclose(scores, alone, atol=2e-6)
        single = model.answer(FEATURES(rows_of([tokens])))
        for values, right, padding in zip(answers, single, PADDING, strict=True):
            np.testing.assert_allclose(values[row, :n], right[0], atol=1e-5)
            assert (values[row, n:] == padding).all()


@pytest.mark.parametrize("characters", ["convolution", "gru"])
def test_training_and_serving_see_the_same(characters: str) -> None:
    """The corpus numbers distinct tokens in another order than the text layer does."""
    model = network(characters=characters)
    sentences = [*SENTENCES, ["Zoë"], ["songs", "Anna"]]
    tags = [TaggedSentence(n, tokens, [0] * len(tokens)) for n, tokens in enumerate(sentences)]
    corpus = encode_tagged(tags, FEATURES.lookup)
    order = np.array([5, 1, 0, 4, 2, 3])
    trained, served = corpus.inputs(order), FEATURES(rows_of([sentences[i] for i in order]))
    assert not np.array_equal(trained["index"], served["index"])
    np.testing.assert_allclose(model(trained), model(served), rtol=1e-6, atol=1e-6)


@MANY_KINDS
def test_gradients_reach_every_weight(options: dict) -> None:
    model = network(**options)
    features = FEATURES(rows_of(SENTENCES))
    tags = tf.constant([[8, 0, 0, 5, 7, 0], [8, 0, 4, 0, 0, 0], [1, 3, 0, 0, 0, 0], [0] * 6])
    with tf.GradientTape() as tape:
        loss = model.compute_loss(features, tags, model(features, training=True))
    names = [weight.path for weight in model.trainable_weights]
    slopes = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
    for name, slope in zip(names, slopes, strict=True):
        assert isinstance(slope, tf.Tensor), name  # dense, so that it is clipped correctly
        assert np.isfinite(slope).all(), name
        assert np.any(slope), name
    parts = {"characters": "characters", "shape_size": "shapes", "affix_size": "affixes"}
    for option, part in parts.items():
        left_out = options.get(option) in ("none", 0)
        assert (getattr(model.front, part) is None) == left_out
        assert any(f"/{part}/" in f"/{name}" for name in names) != left_out
    size = 5 + sum(
        {"characters": 6, "shapes": 3, "affixes": 16}[p]
        for p in parts.values()
        if getattr(model.front, p)
    )
    assert model.recurrent[0].weights[0].shape[0] == size


@pytest.mark.slow
def test_the_gradient_of_the_loss_by_its_differences() -> None:
    model = network(["PER"])
    features = FEATURES(rows_of(SENTENCES[:2]))
    tags = tf.constant([[4, 0, 0, 1, 3, 0], [4, 0, 0, 0, 0, 0]])

    def loss() -> tf.Tensor:
        return model.compute_loss(features, tags, model(features, training=True))

    weights = model.trainable_weights
    with tf.GradientTape() as tape:
        found = loss()
    slopes = tape.gradient(found, [weight.value for weight in weights])
    random = np.random.default_rng(0)
    for weight, slope in zip(weights, slopes, strict=True):
        way = random.normal(size=weight.shape)
        way /= np.linalg.norm(way)
        before = weight.numpy()
        ends = []
        for step in (0.01, -0.01):
            weight.assign(before + step * way)
            ends.append(float(loss()))
        weight.assign(before)
        difference = (ends[0] - ends[1]) / 0.02
        assert np.sum(slope * way) == pytest.approx(difference, abs=2e-3), weight.path


@pytest.mark.slow
def test_it_learns_and_counts_tags_as_they_weigh() -> None:
    keras.utils.set_random_seed(0)
    tags = [["S-PER", "O", "O", "B-PER", "E-PER", "O"], ["S-PER", "O", "S-LOC", "O"], ["O", "O"]]
    numbers = {tag: number for number, tag in enumerate(bioes_tags(LABELS))}
    sentences = [
        TaggedSentence(n, tokens, [numbers[tag] for tag in row])
        for n, (tokens, row) in enumerate(zip(SENTENCES, tags, strict=False))
    ]
    corpus = encode_tagged(sentences, FEATURES.lookup)
    weights = np.linspace(0.5, 2, len(numbers))
    batches = LengthBatches(corpus, 100, shuffle=False, class_weights=weights)
    model = ManyToMany(FEATURES.sizes, LABELS, **SMALL)
    model.compile(keras.optimizers.Adam(0.03), loss=None)
    ((inputs, right, weight),) = batches.dataset()
    model.build()
    by_hand = model.token_losses(model(inputs), right, model.mask(inputs), training=False)
    expected = float(tf.reduce_sum(by_hand * weight)) / 12
    found = model.evaluate(batches.dataset(), verbose=0)
    assert found == pytest.approx(expected, rel=1e-5)
    losses = model.fit(batches.stream(), steps_per_epoch=60, shuffle=False, verbose=0).history[
        "loss"
    ]
    assert losses[-1] < expected
    assert model.evaluate(batches.dataset(), verbose=0) < 0.05
    np.testing.assert_array_equal(model.answer(inputs)[0], right)


@pytest.mark.slow
def test_an_empty_sentence_and_an_empty_batch() -> None:
    model = network()
    for tokens in (tf.constant([[""]]), tf.zeros((2, 0), tf.string)):
        features = FEATURES(tokens)
        assert [np.unique(values).item() for values in model.answer(features)] == [*PADDING]
        tags = tf.zeros(features["index"].shape, tf.int32)
        assert float(model.compute_loss(features, tags, model(features))) == 0
    signature = [tf.TensorSpec([None, None], tf.string)]
    answer = tf.function(lambda tokens: model.answer(FEATURES(tokens)), input_signature=signature)
    nothing = answer(tf.zeros((0, 3), tf.string))
    assert [values.shape for values in nothing] == [(0, 3)] * 3


@pytest.mark.slow
def test_dropouts_change_training_alone() -> None:
    shares = ("embedding_dropout", "dropout", "recurrent_dropout", "output_dropout")
    features = FEATURES(rows_of(SENTENCES))
    for option, characters in itertools.product((*shares, "word_dropout"), ("gru", "none")):
        model = network(**{option: 0.5}, characters=characters, seed=2)
        calm = model(features)
        np.testing.assert_array_equal(calm, model(features, training=False))
        assert not np.allclose(calm, model(features, training=True)), option
    words_only = network(embedding_dropout=0.5, seed=2)
    words_only.front.dropout.rate = 0.0
    assert not np.allclose(words_only(features), words_only(features, training=True))
    calm = network(seed=2)
    np.testing.assert_allclose(calm(features), calm(features, training=True), atol=1e-6)


def test_the_seed_decides_what_is_dropped() -> None:
    def trained(seed: int) -> np.ndarray:
        shares = dict.fromkeys(("word_dropout", "embedding_dropout", "output_dropout"), 0.5)
        model = ManyToMany(FEATURES.sizes, LABELS, seed=seed, **SMALL, **shares)
        model.build()
        for weight in model.trainable_weights:
            weight.assign(tf.random.stateless_normal(weight.shape, [1, 2]))
        seeds = {
            layer.seed
            for layer in (
                *(model.front.word_dropout, model.front.characters.dropout),
                *(model.front.dropout, model.output_dropout),
            )
        }
        assert len(seeds) == 4
        return model(FEATURES(rows_of(SENTENCES)), training=True).numpy()

    np.testing.assert_array_equal(trained(2**32 - 1), trained(2**32 - 1))
    assert not np.allclose(trained(1), trained(2))


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_mixed_precision_reaches_every_layer_and_stops_before_the_scores(cell: str) -> None:
    options = {"cell": cell, "characters": "gru", "spread": 0.4}
    model, exact = network(dtype="mixed_bfloat16", **options), network(**options)
    features = FEATURES(rows_of(SENTENCES))
    front = model.front
    parts = [front.embedding, front.shapes, front.affixes, front.characters.reader]
    for layer in (*parts, *model.recurrent, model.recurrent[0].forward_layer.cell):
        assert layer.compute_dtype == "bfloat16"
    assert {weight.dtype for weight in model.trainable_weights} == {"float32"}
    scores = model(features, training=True)
    assert scores.dtype == "float32"
    np.testing.assert_allclose(scores, exact(features), atol=0.1)
    tags = tf.zeros(features["index"].shape, tf.int32)
    rough, fine = (
        float(each.compute_loss(features, tags, each(features))) for each in (model, exact)
    )
    assert rough == pytest.approx(fine, abs=0.05)
    assert {values.dtype for values in model.answer(features)[1:]} == {tf.float32}


def saved(path: Path, **options) -> SequenceModel:
    model = SequenceModel(FEATURES, network(**options))
    model.build()
    model.save(path)
    return model


@MANY_KINDS
def test_a_file_gives_the_same_answers(tmp_path: Path, options: dict) -> None:
    path = tmp_path / "model.keras"
    model = saved(path, word_dropout=0.5, seed=3, **options)
    again = load_sequence_model(path)
    assert again.network.get_config() == model.network.get_config()
    assert again.preprocessing.get_config() == model.preprocessing.get_config()
    tokens = rows_of([*SENTENCES, ["Zoë", "[UNK]", "\\n"]])
    for values, expected in zip(again.answer(tokens), model.answer(tokens), strict=True):
        np.testing.assert_array_equal(values, expected)
    np.testing.assert_array_equal(again(tokens), model(tokens))


def test_counts_of_words_are_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    model = SequenceModel(FEATURES, network(word_dropout=0.5))
    counts = np.arange(FEATURES.sizes["words"])
    model.network.front.word_dropout.set_counts(counts)
    model.build()
    model.save(path)
    np.testing.assert_array_equal(
        load_sequence_model(path).network.front.word_dropout.counts, counts
    )


def test_a_cell_of_ones_own_must_have_been_imported(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    saved(path, cell="toolkit.cells:GRUCell")
    mark = tmp_path / "mark"
    (tmp_path / "evil_cell.py").write_text(f"open({str(mark)!r}, 'w')\n")
    hostile = tmp_path / "hostile.keras"
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(hostile, "w") as changed:
        for name in archive.namelist():
            content = archive.read(name)
            if name == "config.json":
                config = json.loads(content)
                config["config"]["network"]["config"]["cell"] = "evil_cell:Cell"
                content = json.dumps(config).encode()
            changed.writestr(name, content)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(tmp_path)
        with pytest.raises(ModelError) as caught:
            load_sequence_model(hostile)
    assert str(caught.value) == (
        f"{hostile} cannot be read: the model has the cell 'evil_cell:Cell'; if you trust "
        "its code, import evil_cell first, or give export or diagnose the option --cell "
        "evil_cell:Cell"
    )
    assert not mark.exists()


def test_configuration_round_trip() -> None:
    options = {"crf": False, "cell": "lstm", "characters": "gru", "layers": 2, "seed": 3}
    model = ManyToMany(FEATURES.sizes, LABELS, word_dropout=0.4, dropout=0.1, **SMALL | options)
    again = ManyToMany.from_config(model.get_config())
    assert again.get_config() == model.get_config()
    assert again.config.items() >= (SMALL | options | {"labels": LABELS}).items()
    assert again.tags == bioes_tags(LABELS)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"layers": 0}, "layers is 0; at least 1 is needed"),
        ({"cell": "grru"}, "simplified_gru"),
        ({"characters": "lstm"}, "convolution, gru"),
        ({"characters": "gru", "character_size": 5}, "size is 5"),
        ({"labels": []}, "labels is empty"),
        ({"input_size": 3}, "one of them alone"),
        ({"sizes": None}, "vocabulary_size for a network that reads ids, or input_size"),
    ],
)
def test_impossible_arguments(arguments: dict, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        ManyToMany(**{"sizes": FEATURES.sizes, "labels": LABELS} | arguments)


@pytest.mark.parametrize("front", [{"vocabulary_size": 9}, {"input_size": 3}])
def test_ids_and_vectors_are_tagged_step_by_step(front: dict) -> None:
    random = np.random.default_rng(0)
    length = np.array([4, 2, 0], np.int32)
    values = (
        random.integers(0, 9, (3, 4))
        if "vocabulary_size" in front
        else random.normal(size=(3, 4, 3))
    )
    keras.utils.set_random_seed(0)
    model = ManyToMany(labels=["PER"], hidden_size=4, embedding_size=3, **front)
    together = model.answer({"values": values, "length": length})
    assert model({"values": values, "length": length}).shape == (3, 4, 5)
    beyond = np.where(np.arange(4) < length[:, None], 1, 0)
    beyond = beyond if values.ndim == 2 else beyond[:, :, None]
    other = model.answer({"values": np.where(beyond, values, 8), "length": length})
    for row, n in enumerate(length):
        alone = model.answer({"values": values[row : row + 1, : max(1, n)], "length": [n]})
        for one, two, three, padding in zip(together, other, alone, PADDING, strict=True):
            np.testing.assert_array_equal(one[row], two[row])
            np.testing.assert_allclose(one[row, :n], three[0, :n], atol=1e-6)
            assert (np.asarray(one)[row, n:] == padding).all()
    again = ManyToMany.from_config(model.get_config())
    assert again.get_config() == model.get_config()
