"""The conditional random field, against an enumeration of all paths."""

import itertools
import os
import subprocess
import sys
from functools import cache

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from keras import ops
from scipy.special import logsumexp, softmax

from toolkit.errors import OptionError
from toolkit.layers import CRF, crf

B, T, C = 4, 5, 4
ALLOWED = {
    "start": np.array([1, 1, 1, 0], bool),
    "transitions": np.array([[1, 1, 0, 1], [0, 1, 1, 1], [1, 0, 1, 1], [1, 1, 1, 0]], bool),
    "end": np.array([1, 0, 1, 1], bool),
}
EMISSIONS = 2 * np.random.default_rng(0).normal(size=(B, T, C))
LEGAL = np.array([[0, 1, 2, 0, 3], [1, 1, 3, 1, 2], [2, 2, 3, 0, 0], [0, 0, 1, 3, 2]])
MASKS = {
    "none": None,
    "right": [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 0, 0, 0, 0], [1, 1, 1, 1, 0]],
    "left": [[1, 1, 1, 1, 1], [0, 0, 0, 1, 1], [0, 0, 0, 0, 1], [0, 1, 1, 1, 1]],
    "anywhere": [[0, 1, 0, 0, 1], [0, 0, 0, 0, 0], [1, 0, 1, 0, 1], [1, 1, 1, 1, 1]],
}
EVERY_MASK = pytest.mark.parametrize("mask", MASKS)
EVERY_WAY = pytest.mark.parametrize("way", ["by_hand", "automatic", "any_backend"], indirect=True)


@pytest.fixture
def way(request, monkeypatch):
    """The value of ``training`` for one way to compute the sums over paths and their gradient."""
    if request.param == "any_backend":
        monkeypatch.setattr(crf, "_sums", in_logarithms)
    return request.param == "by_hand"


def in_logarithms(emissions, mask, transitions, last, training=False):
    return crf.messages(ops.logsumexp, emissions, mask, transitions, last)


def make(allowed=ALLOWED, tags=C, seed=1, dtype="float64", **options):
    layer = CRF(tags, **allowed, dtype=dtype, **options)
    rng = np.random.default_rng(seed)
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.weights])
    return layer


def values(layer):
    """Return the weights to differentiate by: start, transitions, end."""
    return [weight.value for weight in layer.weights]


def mask_of(name):
    return np.ones((B, T), bool) if MASKS[name] is None else np.array(MASKS[name], bool)


class Enumeration:
    """All paths through a row's emissions [n, C], with their scores and counts."""

    def __init__(self, layer, emissions):
        tables = {
            name: np.where(allowed, np.asarray(layer.scores[name]) if layer.scores else 0, -np.inf)
            for name, allowed in layer.allowed.items()
        }
        n, tags = emissions.shape
        self.paths = np.array(list(itertools.product(range(tags), repeat=n)), int)
        self.scores = np.zeros(len(self.paths))
        if n:
            first, last = self.paths[:, 0], self.paths[:, -1]
            self.scores = (
                tables["start"][first]
                + emissions[np.arange(n), self.paths].sum(axis=1)
                + tables["transitions"][self.paths[:, :-1], self.paths[:, 1:]].sum(axis=1)
                + tables["end"][last]
            )
        self.emissions = np.eye(tags)[self.paths]  # [paths, n, C]
        pairs = self.emissions[:, :-1, :, None] * self.emissions[:, 1:, None, :]
        self.counts = {
            "start": self.emissions[:, :1].sum(axis=1),
            "transitions": pairs.sum(axis=1),
            "end": self.emissions[:, -1:].sum(axis=1),
        }
        self.probabilities = softmax(self.scores)

    def conditionals(self, path):
        """Return log p(y_t | y_1, ..., y_(t-1)) [n], -inf from the first forbidden step on."""
        beginnings = [self.scores[self.beginning(path, t)] for t in range(len(path) + 1)]
        totals = [np.logaddexp.reduce(scores) for scores in beginnings]
        return np.array(
            [b - a if np.isfinite(b) else -np.inf for a, b in itertools.pairwise(totals)]
        )

    def beginning(self, path, t):
        return (self.paths[:, :t] == path[:t]).all(axis=1)

    def expected(self, counts, path, t):
        """Return the mean counts over the paths that begin as ``path`` does up to t."""
        some = self.beginning(path, t)
        return np.tensordot(softmax(self.scores[some]), counts[some], axes=1)

    def gradient(self, counts, path, weights):
        """Return the gradient of the sum over t of weights[t] log p(y_t | y_1, ..., y_(t-1)).

        It is with respect to the scores whose uses ``counts`` counts.
        """
        return sum(
            weights[t] * (self.expected(counts, path, t + 1) - self.expected(counts, path, t))
            for t in range(len(path))
        )


def rows(layer, mask, emissions=EMISSIONS, tags=LEGAL):
    """Yield each row's mask, the enumeration of its paths, and its own path."""
    for m, e, y in zip(mask, emissions, tags, strict=True):
        yield m, Enumeration(layer, e[m]), y[m]


class TestAgainstEnumeration:
    @EVERY_WAY
    @EVERY_MASK
    @pytest.mark.parametrize(("dtype", "error"), [("float64", 1e-11), ("float32", 2e-6)])
    def test_probabilities(self, mask, way, dtype, error):
        layer, m = make(dtype=dtype), MASKS[mask]
        conditionals = layer.log_conditionals(EMISSIONS, LEGAL, m, training=way)
        likelihoods = layer.log_likelihood(EMISSIONS, LEGAL, m, training=way)
        marginals = layer.marginals(EMISSIONS, m)
        for b, (here, paths, path) in enumerate(rows(layer, mask_of(mask))):
            like = paths.conditionals(path)
            np.testing.assert_allclose(conditionals[b][here], like, rtol=error, atol=error)
            np.testing.assert_allclose(likelihoods[b], like.sum(), rtol=error, atol=error)
            wanted = np.tensordot(paths.probabilities, paths.emissions, axes=1)
            np.testing.assert_allclose(marginals[b][here], wanted, atol=error)
            assert not np.any(conditionals[b][~here])
            assert not np.any(marginals[b][~here])
        assert {conditionals.dtype, likelihoods.dtype, marginals.dtype} == {tf.as_dtype(dtype)}

    @EVERY_WAY
    @EVERY_MASK
    def test_gradients_of_weighted_conditionals(self, mask, way):
        layer = make()
        weights = np.random.default_rng(2).normal(size=(B, T))
        emissions = tf.constant(EMISSIONS)
        with tf.GradientTape() as tape:
            tape.watch(emissions)
            found = layer.log_conditionals(emissions, LEGAL, MASKS[mask], training=way)
            loss = tf.reduce_sum(found * weights)
        d_emissions, *d_scores = tape.gradient(loss, [emissions, *values(layer)])

        wanted = {name: np.zeros(allowed.shape) for name, allowed in ALLOWED.items()}
        for b, (here, paths, path) in enumerate(rows(layer, mask_of(mask))):
            w = weights[b][here]
            by_step = paths.gradient(paths.emissions, path, w)
            np.testing.assert_allclose(d_emissions[b][here], by_step, atol=1e-12)
            assert not np.any(d_emissions[b][~here])
            for name, counts in paths.counts.items():
                wanted[name] += paths.gradient(counts, path, w)
        for found, (name, value) in zip(d_scores, wanted.items(), strict=True):
            np.testing.assert_allclose(found, value, atol=1e-12, err_msg=name)

    @EVERY_MASK
    def test_the_best_path(self, mask):
        layer = make()
        tags, score = layer.viterbi(EMISSIONS, MASKS[mask])
        assert tags.dtype == "int32"
        for b, (here, paths, _) in enumerate(rows(layer, mask_of(mask))):
            assert tags[b][here].numpy().tolist() == paths.paths[paths.scores.argmax()].tolist()
            np.testing.assert_allclose(score[b], paths.scores.max(), atol=1e-12)
            assert not np.any(tags[b][~here])

    @EVERY_MASK
    @pytest.mark.parametrize("learnt", [True, False])
    def test_the_answer_is_the_best_path_with_its_probabilities(self, mask, learnt):
        layer, m = make(trainable_transitions=learnt), MASKS[mask]
        tags, alone, given = layer.answer(EMISSIONS, m)
        assert tags.dtype == "int32"
        np.testing.assert_array_equal(tags, layer.viterbi(EMISSIONS, m)[0])
        marginals = tf.gather(layer.marginals(EMISSIONS, m), tags, batch_dims=2)
        np.testing.assert_allclose(alone, marginals, atol=1e-12)
        wanted = np.exp(layer.log_conditionals(EMISSIONS, tags, m))
        np.testing.assert_allclose(given, wanted, atol=1e-12)

    def test_without_scores_of_its_own(self):
        layer = make(trainable_transitions=False)
        assert layer.weights == []
        likelihoods, marginals = layer.log_likelihood(EMISSIONS, LEGAL), layer.marginals(EMISSIONS)
        for b, (_, paths, path) in enumerate(rows(layer, mask_of("none"))):
            np.testing.assert_allclose(likelihoods[b], paths.conditionals(path).sum(), atol=1e-12)
            wanted = np.tensordot(paths.probabilities, paths.emissions, axes=1)
            np.testing.assert_allclose(marginals[b], wanted, atol=1e-12)


@EVERY_WAY
def test_gradients_against_finite_differences(way):
    layer, mask = make(), np.array(MASKS["anywhere"], bool)
    weights = np.random.default_rng(2).normal(size=(B, T))

    def loss_and_gradients(emissions):
        with tf.GradientTape() as tape:
            tape.watch(emissions)
            found = layer.log_conditionals(emissions, LEGAL, mask, training=way)
            loss = tf.reduce_sum(found * weights)
        return loss, tape.gradient(loss, [emissions, *values(layer)])

    before = [EMISSIONS, *layer.get_weights()]
    _, gradients = loss_and_gradients(tf.constant(EMISSIONS))
    rng = np.random.default_rng(3)
    for number, gradient in enumerate(gradients):
        for _ in range(2):
            direction = rng.normal(size=gradient.shape)
            losses = []
            for distance in (1e-4, -1e-4):
                emissions, *weights_there = [
                    value + distance * direction if k == number else value
                    for k, value in enumerate(before)
                ]
                layer.set_weights(weights_there)
                losses.append(loss_and_gradients(tf.constant(emissions))[0])
            slope = (losses[0] - losses[1]) / 2e-4
            np.testing.assert_allclose(np.sum(gradient * direction), slope, atol=1e-7)


def forward_backward(layer, emissions):
    """Return log Z, marginals and the best score of one row, by loops over logarithms."""
    start, transitions, end = (
        np.where(allowed, np.asarray(layer.scores[name], "float64"), -np.inf)
        for name, allowed in layer.allowed.items()
    )
    before, best, after = [start + emissions[0]], start + emissions[0], [end]
    for e in emissions[1:]:
        before.append(np.logaddexp.reduce(before[-1][:, None] + transitions, axis=0) + e)
        best = (best[:, None] + transitions).max(axis=0) + e
    for e in emissions[:0:-1]:
        after.append(np.logaddexp.reduce(transitions + e + after[-1], axis=1))
    marginals = softmax(np.array(before) + np.array(after[::-1]), axis=1)
    return logsumexp(before[-1] + end), marginals, (best + end).max()


@pytest.mark.parametrize(
    ("dtype", "error", "longest"), [("float64", 1e-11, 1_000), ("float32", 2e-6, 10_000)]
)
def test_chains_of_any_length(dtype, error, longest):
    layer = make(dtype=dtype)

    @tf.function(input_signature=[tf.TensorSpec([1, None, C], dtype)])
    def results(emissions):
        tags, score = layer.viterbi(emissions)
        with tf.GradientTape() as tape:
            tape.watch(emissions)
            likelihood = layer.log_likelihood(emissions, tags, training=True)
        gradient = tape.gradient(likelihood, emissions)
        _, alone, given = layer.answer(emissions)
        marginals = layer.marginals(emissions)[0]
        return tags[0], score[0], likelihood[0], gradient[0], marginals, alone[0], given[0]

    for steps in (1, 2, 300, longest):
        emissions = np.random.default_rng(4).normal(size=(1, steps, C)).astype("float32")
        z, marginals, best = forward_backward(layer, emissions[0].astype("float64"))
        found = results(tf.constant(emissions, dtype))
        tags, score, likelihood, gradient, found, alone, given = found
        np.testing.assert_allclose(score, best, rtol=error)
        np.testing.assert_allclose(likelihood, best - z, rtol=10 * error, atol=error)
        np.testing.assert_allclose(found, marginals, atol=error)
        np.testing.assert_allclose(alone, tf.gather(found, tags, batch_dims=1), atol=error)
        np.testing.assert_allclose(np.sum(np.log(given)), likelihood, rtol=10 * error, atol=error)
        # Each step adds a rounding error to the gradient that it passes on.
        np.testing.assert_allclose(gradient, np.eye(C)[tags] - marginals, atol=error * steps**0.5)


KINDS = {
    "all": {},
    "spans": {  # outside; begin, inside, end of a span; single
        "start": [1, 1, 0, 0, 1],
        "transitions": [[1, 1, 0, 0, 1], [0, 0, 1, 1, 0], [0, 0, 1, 1, 0], *[[1, 1, 0, 0, 1]] * 2],
        "end": [1, 0, 0, 1, 1],
    },
    "no way out": {"transitions": np.triu(np.ones((5, 5))), "end": [1, 1, 1, 0, 0]},
}


@cache
def layer_of(kind):
    """Return a layer of five tags."""
    return make(KINDS[kind], tags=5)


def conditionals_and_gradients(layer, emissions, tags, mask, training=False):
    """Return log conditionals, and the gradients of their sum by emissions and by each weight."""
    emissions = tf.constant(emissions)
    with tf.GradientTape() as tape:
        tape.watch(emissions)
        found = layer.log_conditionals(emissions, tags, mask, training)
    return found, *tape.gradient(found, [emissions, *values(layer)])


def halves(layer):
    follow, end = layer._follow_and_end()
    return follow[:-1], end


@st.composite
def problems(draw, most=100.0, masked=True, longest=4):
    """Draw a kind of layer, emissions [2, T, 5] up to ``most``, paths, and a mask."""
    kind, steps = draw(st.sampled_from(sorted(KINDS))), draw(st.integers(1, longest))
    numbers = st.floats(-most, most, width=32)
    emissions = draw(st_numpy.arrays("float64", (2, steps, 5), elements=numbers))
    tags = draw(st_numpy.arrays("int32", (2, steps), elements=st.integers(0, 4)))
    mask = draw(st_numpy.arrays(bool, (2, steps))) if masked else np.ones((2, steps), bool)
    return kind, emissions, tags, mask


def with_legal_paths(layer, emissions, mask):
    """Yield the index, the mask and the paths of each row that has a legal path."""
    for b, (e, m) in enumerate(zip(emissions, mask, strict=True)):
        paths = Enumeration(layer, e[m])
        if np.isfinite(paths.scores.max()):
            yield b, m, paths


class TestProperties:
    @given(problems())
    def test_marginals_sum_to_one(self, problem):
        kind, emissions, _, mask = problem
        marginals = layer_of(kind).marginals(emissions, mask).numpy()
        np.testing.assert_allclose(marginals.sum(axis=-1), mask, atol=1e-9)

    @given(problems())
    def test_what_is_forbidden_has_no_probability(self, problem):
        kind, emissions, _, mask = problem
        layer = layer_of(kind)
        found = layer.marginals(emissions, mask).numpy()
        for b, m, paths in with_legal_paths(layer, emissions, mask):
            legal = paths.emissions[np.isfinite(paths.scores)].any(axis=0)
            assert np.all(found[b][m][~legal] == 0)
            wanted = np.tensordot(paths.probabilities, paths.emissions, axes=1)
            np.testing.assert_allclose(found[b][m], wanted, atol=1e-9)

    @given(problems(longest=3))
    def test_probabilities_of_all_paths_sum_to_one(self, problem):
        kind, emissions, _, mask = problem
        layer = layer_of(kind)
        for b, m, paths in with_legal_paths(layer, emissions, mask):
            n = len(paths.paths)
            x, m_of_all = (np.repeat(a[b][None], n, axis=0) for a in (emissions, mask))
            y = np.zeros(m_of_all.shape, "int32")
            y[:, m] = paths.paths
            found = np.exp(layer.log_conditionals(x, y, m_of_all).numpy().sum(axis=1))
            np.testing.assert_allclose(found.sum(), 1, atol=1e-9)
            np.testing.assert_allclose(found, paths.probabilities, atol=1e-9)
            assert np.all(found[np.isneginf(paths.scores)] == 0)

    @pytest.mark.slow
    @given(problems(), st.booleans())
    def test_conditionals_and_their_gradients(self, problem, training):
        kind, emissions, tags, mask = problem
        layer = layer_of(kind)
        results = conditionals_and_gradients(layer, emissions, tags, mask, training)
        found, *gradients = (a.numpy() for a in results)
        assert all(np.all(np.isfinite(gradient)) for gradient in gradients)
        for b, m, paths in with_legal_paths(layer, emissions, mask):
            like = paths.conditionals(tags[b][m])
            if np.all(np.isfinite(like)):
                np.testing.assert_allclose(found[b][m], like, rtol=1e-5, atol=1e-9)
                wanted = paths.gradient(paths.emissions, tags[b][m], np.ones(len(like)))
                np.testing.assert_allclose(gradients[0][b][m], wanted, atol=1e-9)
            else:
                assert found[b].sum() < -1e8

    @given(problems())
    def test_the_best_path_has_the_score_that_is_given(self, problem):
        kind, emissions, _, mask = problem
        layer = layer_of(kind)
        tags, scores = (a.numpy() for a in layer.viterbi(emissions, mask))
        for b, m, paths in with_legal_paths(layer, emissions, mask):
            (own,) = paths.scores[(paths.paths == tags[b][m]).all(axis=1)]
            np.testing.assert_allclose(own, paths.scores.max(), atol=1e-9)
            np.testing.assert_allclose(scores[b], own, atol=1e-9)

    @given(problems(most=150.0))
    def test_both_ways_to_sum_give_the_same(self, problem):
        kind, emissions, _, mask = problem
        layer = layer_of(kind)
        found, wanted = (
            sums(*layer._by_time(emissions, mask), *halves(layer))
            for sums in (crf._sums, in_logarithms)
        )
        for b, _, _ in with_legal_paths(layer, emissions, mask):
            assert not np.any(np.max(found[:, b], axis=-1))
            mine, theirs = (np.maximum(a[:, b], -1e8) for a in (found, wanted))
            np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-9)

    @given(problems(most=5.0, masked=False), st.data())
    def test_padding_anywhere_changes_nothing(self, problem, data):
        kind, emissions, tags, without = problem
        steps = emissions.shape[1]
        places = data.draw(st.lists(st.integers(0, steps), min_size=1, max_size=3))
        mask = np.insert(without, places, False, axis=1)
        padded = np.insert(emissions, places, np.nan, axis=1)
        padded_tags = np.insert(tags, places, 99, axis=1)

        def results(emissions, tags, mask):
            layer = layer_of(kind)
            learnt = conditionals_and_gradients(layer, emissions, tags, mask, training=True)
            found, by_step, *by_weight = learnt
            best, scores = layer.viterbi(emissions, mask)
            marginals = layer.marginals(emissions, mask)
            steps = [a.numpy() for a in (found, by_step, best, marginals)]
            return steps, [a.numpy() for a in (scores, *by_weight)]

        (steps, others), (few, wanted) = (
            results(padded, padded_tags, mask),
            results(emissions, tags, without),
        )
        for a, b in zip(steps, few, strict=True):
            assert not np.any(a[~mask])
            np.testing.assert_allclose(a[mask].reshape(b.shape), b, rtol=1e-9, atol=1e-9)
        for a, b in zip(others, wanted, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("training", [False, True])
def test_scores_too_far_apart_for_float64_give_no_nan(training):
    layer = make({"end": [1, 0, 0, 0]})
    emissions = tf.constant([[[0.0, 0, 0, 0], [-2000, 0, 0, 0]]], "float64")
    with tf.GradientTape() as tape:
        tape.watch(emissions)
        found = layer.log_conditionals(emissions, [[0, 0]], training=training)
    assert np.all(found <= 0)
    for gradient in tape.gradient(found, [emissions, *values(layer)]):
        assert np.all(np.isfinite(gradient))
    np.testing.assert_allclose(np.sum(layer.marginals(emissions), axis=-1), 1)
    assert layer.viterbi(emissions)[0][0, 1] == 0


class TestCompiled:
    @staticmethod
    def results(layer, emissions, tags, mask):
        with tf.GradientTape() as tape:
            tape.watch(emissions)
            found = layer.log_conditionals(emissions, tags, mask, training=True)
            loss = tf.reduce_sum(tf.sin(3 * found))
        gradients = tape.gradient(loss, [emissions, *values(layer)])
        return found, *gradients

    @classmethod
    def all_results(cls, layer, emissions, tags, mask):
        answers = *layer.viterbi(emissions, mask), layer.marginals(emissions, mask)
        learnt = cls.results(layer, emissions, tags, mask)
        return *learnt, *answers, *layer.answer(emissions, mask)

    @pytest.mark.parametrize("jit", [False, True])
    def test_as_a_graph(self, jit):
        layer, results = make(), self.results if jit else self.all_results
        compiled = tf.function(jit_compile=jit)(lambda *a: results(layer, *a))
        arguments = [tf.constant(a) for a in (EMISSIONS, LEGAL, mask_of("anywhere"))]
        eager = results(layer, *arguments)
        for a, b in zip(compiled(*arguments), eager, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-12)

    def test_batches_of_any_size(self):
        layer = make()
        signature = [
            tf.TensorSpec([None, None, C], "float64"),
            tf.TensorSpec([None, None], "int64"),
            tf.TensorSpec([None, None], "bool"),
        ]
        function = tf.function(lambda *a: self.all_results(layer, *a), input_signature=signature)
        for batch, steps in ((0, 3), (0, 1), (3, 1), (1, 1), (B, T)):
            emissions, zeros, mask = (
                a[:batch, :steps] for a in (EMISSIONS, np.zeros((B, T), int), mask_of("none"))
            )
            found, *gradients, tags, score, marginals, best, alone, given = function(
                *[tf.constant(a) for a in (emissions, zeros, mask)]
            )
            assert found.shape == tags.shape == alone.shape == given.shape == (batch, steps)
            np.testing.assert_array_equal(best, tags)
            assert marginals.shape == (batch, steps, C)
            assert score.shape == (batch,)
            assert [d.shape for d in gradients] == [(batch, steps, C), (C,), (C, C), (C,)]
            for b, (_, paths, path) in enumerate(rows(layer, mask, emissions, zeros)):
                np.testing.assert_allclose(found[b], paths.conditionals(path), atol=1e-12)
                np.testing.assert_allclose(score[b], paths.scores.max(), atol=1e-12)

    @pytest.mark.slow
    def test_exported_it_runs_with_tensorflow_alone(self, tmp_path):
        layer, mask = make(dtype="float32"), mask_of("anywhere")
        emissions = EMISSIONS.astype("float32")

        @tf.function(
            input_signature=[tf.TensorSpec([None, None, C]), tf.TensorSpec([None, None], "bool")]
        )
        def answer(emissions, mask):
            tags, score = layer.viterbi(emissions, mask)
            return {
                "tags": tags,
                "score": score,
                "marginals": layer.marginals(emissions, mask),
                "conditionals": layer.log_conditionals(emissions, tags, mask),
            }

        graph = answer.get_concrete_function().graph.as_graph_def()
        assert "_gradient_op_type" not in str(graph)  # no hand-written gradient
        archive = keras.export.ExportArchive()
        archive.track(layer)
        archive.add_endpoint("answer", answer)
        archive.write_out(tmp_path / "model", verbose=False)
        np.savez(tmp_path / "inputs.npz", emissions=emissions, mask=mask)
        program = (
            "import sys, numpy as np\n"
            "sys.modules['keras'] = sys.modules['toolkit'] = None  # importing them fails\n"
            "import tensorflow as tf\n"
            "model, inputs = tf.saved_model.load('model'), dict(np.load('inputs.npz'))\n"
            "np.savez('outputs.npz', **model.answer(**inputs))\n"
        )
        done = subprocess.run(
            [sys.executable, "-P", "-c", program], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        found = np.load(tmp_path / "outputs.npz")
        for name, value in answer(emissions, mask).items():
            np.testing.assert_allclose(found[name], value, rtol=1e-6, atol=1e-6, err_msg=name)


ELSEWHERE = """
import sys
sys.modules["tensorflow"] = None  # importing it fails
import keras, numpy as np
from toolkit.layers import CRF

inputs = dict(np.load(sys.argv[1]))
layer = CRF(4, **{name: inputs[name] for name in ("start", "transitions", "end")})
layer.set_weights([inputs[f"weight_{number}"] for number in range(3)])
emissions, tags, mask = (inputs[name] for name in ("emissions", "tags", "mask"))
best, score = layer.viterbi(emissions, mask)
found = layer.log_conditionals(emissions, tags, mask, training=True)
results = best, score, layer.marginals(emissions, mask), found, *layer.answer(emissions, mask)
np.savez(sys.argv[2], *[keras.ops.convert_to_numpy(a) for a in results])
"""


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_on_other_backends(backend, tmp_path):
    pytest.importorskip(backend)
    layer, mask = make(dtype="float32"), mask_of("anywhere")
    emissions = 30 * EMISSIONS.astype("float32")
    inputs = {"emissions": emissions, "tags": LEGAL, "mask": mask}
    weights = {f"weight_{number}": w for number, w in enumerate(layer.get_weights())}
    np.savez(tmp_path / "in.npz", **inputs, **ALLOWED, **weights)
    subprocess.run(
        [sys.executable, "-c", ELSEWHERE, tmp_path / "in.npz", tmp_path / "out.npz"],
        env={**os.environ, "KERAS_BACKEND": backend},
        check=True,
    )
    wanted = (
        *layer.viterbi(emissions, mask),
        layer.marginals(emissions, mask),
        layer.log_conditionals(emissions, LEGAL, mask, training=True),
        *layer.answer(emissions, mask),
    )
    for a, b in zip(np.load(tmp_path / "out.npz").values(), wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


class TestAsALayer:
    def test_in_a_model_that_is_saved(self, tmp_path):
        inputs = keras.Input([None, 3])
        masked = keras.layers.Masking()(inputs)
        outputs = make(dtype="float32")(keras.layers.Dense(C)(masked))
        model = keras.Model(inputs, outputs)
        assert (outputs.shape, outputs.dtype) == ((None, None, C)[:2], "int32")
        x = np.random.default_rng(6).normal(size=(B, T, 3)).astype("float32")
        x[1, :3] = 0
        model.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        assert loaded.layers[-1].get_config() == model.layers[-1].get_config()
        np.testing.assert_array_equal(loaded(x), model(x))
        emissions = model.layers[-2](x)
        wanted, _ = model.layers[-1].viterbi(emissions, np.any(x, axis=-1))
        np.testing.assert_array_equal(model(x), wanted)
        assert not np.any(model(x)[1, :3])

    @pytest.mark.parametrize("policy", ["mixed_bfloat16", "bfloat16", "float16"])
    def test_half_precision_goes_no_further_than_the_emissions(self, policy):
        layer, whole = make(dtype=policy), make(dtype="float32")
        assert {weight.dtype for weight in layer.weights} == {"float32"}
        emissions = tf.cast(EMISSIONS, "bfloat16")
        for a, b in zip(
            TestCompiled.results(layer, emissions, LEGAL, None),
            TestCompiled.results(whole, emissions, LEGAL, None),
            strict=True,
        ):
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)
        assert layer.log_likelihood(emissions, LEGAL).dtype == "float32"
        assert CRF(2, dtype=policy)(tf.constant([[[1, 1.001]]])) == [[1]]  # equal in half precision

    def test_within_a_layer_of_half_precision(self):
        class Outer(keras.layers.Layer):
            def __init__(self):
                super().__init__(dtype="mixed_bfloat16")
                self.crf = make(dtype=self.dtype_policy)

            def build(self, input_shape):
                self.built = True

            def call(self, emissions):
                return self.crf.log_likelihood(emissions, LEGAL)

        emissions = tf.cast(EMISSIONS, "bfloat16")
        found = Outer()(emissions)
        np.testing.assert_array_equal(found, make(dtype="float32").log_likelihood(emissions, LEGAL))

    def test_masks_of_any_type(self):
        layer = make()
        for dtype in ("bool", "int32", "float32"):
            mask = mask_of("anywhere").astype(dtype)
            found = layer.marginals(EMISSIONS, mask)
            np.testing.assert_array_equal(found, layer.marginals(EMISSIONS, MASKS["anywhere"]))

    def test_with_nothing_learnt_or_forbidden_it_is_a_softmax(self):
        layer = CRF(C, trainable_transitions=False)
        found = layer.marginals(EMISSIONS)
        np.testing.assert_allclose(found, softmax(EMISSIONS, axis=-1), atol=1e-6)
        tags, score = layer.viterbi(EMISSIONS)
        np.testing.assert_array_equal(tags, EMISSIONS.argmax(axis=-1))
        np.testing.assert_allclose(score, EMISSIONS.max(axis=-1).sum(axis=1), rtol=1e-6)

    @pytest.mark.parametrize(
        ("name", "value"),
        [("start", [True]), ("transitions", np.ones((C, C + 1))), ("end", np.ones((C, 1)))],
    )
    def test_what_is_allowed_has_the_wrong_shape(self, name, value):
        shape = (C, C) if name == "transitions" else (C,)
        with pytest.raises(OptionError, match=name) as error:
            CRF(C, **{name: value})
        assert str(np.shape(value)) in str(error.value)
        assert str(error.value).endswith(f"it must be {shape}")
