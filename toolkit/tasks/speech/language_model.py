"""A run of a language model as the scores of texts that a recogniser may write."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from toolkit.audio.fusion import TextScores, fused_search
from toolkit.errors import OptionError, quoted, shorten
from toolkit.export import Servable, read_description
from toolkit.export.signatures import input_specs
from toolkit.options import option
from toolkit.tasks.speech.options import SearchOptions
from toolkit.text import UNKNOWN_ID
from toolkit.text.split import split

logger = logging.getLogger("toolkit")

#: The number of spellings among which the probability of an unknown word is divided equally.
SPELLINGS = 1_000_000
#: The most texts that are read at once, each with a logit for each token.
ROWS = 256

#: The states of a language model after a text, by name, each [H].
States = Mapping[str, NDArray[np.floating[Any]]]


@dataclass(frozen=True, eq=False)
class ReadText:
    """A text as a language model has read it.

    Attributes:
        states: The states after its last token but one, or, by character, after the last.
        token: The id of its last token.
        end: The log probability of its end; 0 where no ends were learnt.
        following: The log probability of each symbol after it [S], where symbols are read one by
            one; None where words are read.
        word: The characters of a word that has not ended, and so has not been read.
        is_inside: Whether its last character is a part of a word.
        scored: What words add to its score, and the texts with them, as far as is known.
    """

    states: States
    token: int
    end: float
    following: NDArray[np.float64] | None = None
    word: str = ""
    is_inside: bool = False
    scored: dict[str, tuple[float, "ReadText"]] = field(default_factory=dict)


class _Scores:
    """The base of the scores of characters and of words; see ``open_scores``."""

    def __init__(self, model: Servable, ends: bool, options: SearchOptions) -> None:
        self.weight, self.bonus = options.language_model_weight, options.word_bonus
        self._model = model
        self._ends = ends
        specs = input_specs(model.signatures["step"])
        self._sizes = {n: spec.shape[1] for n, spec in specs.items() if n.startswith("state_")}

    def _nothing(self, rows: int) -> dict[str, NDArray[np.float32]]:
        """Return the states before all tokens."""
        return {name: np.zeros((rows, size), np.float32) for name, size in self._sizes.items()}

    def _ids(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Return the id of each text that is one token; that of unknown ones of others."""
        outputs = self._read(texts, [0] * len(texts), self._nothing(len(texts)))
        found = np.where(outputs["units"] == 1, outputs["token"], UNKNOWN_ID)
        return np.asarray(found, np.int64)

    def _read(
        self, texts: Sequence[str], tokens: Sequence[int], states: Mapping[str, NDArray[Any]]
    ) -> dict[str, NDArray[Any]]:
        """Return what the signature ``read`` does, with the log probability ``end`` for logits.

        Args:
            texts: What is read [N].
            tokens: The token before each [N].
            states: The states before that, by name, [N, H].
        """
        parts = []
        for start in range(0, max(1, len(texts)), ROWS):
            rows = slice(start, start + ROWS)
            before = {name: values[rows] for name, values in states.items()}
            outputs = self._model(
                signature="read", text=[*texts[rows]], token=tokens[rows], **before
            )
            logits = outputs.pop("logits").astype(np.float64)
            parts.append(outputs | {"end": logits[:, 0] - logsumexp(logits, axis=1)})
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _stacked(self, texts: Sequence[ReadText]) -> dict[str, NDArray[Any]]:
        return {name: np.stack([each.states[name] for each in texts]) for name in self._sizes}

    def _states(self, outputs: Mapping[str, Any], row: int) -> States:
        """Return the states of a row, which do not keep those of other rows in memory."""
        return {name: outputs[name][row].copy() for name in self._sizes}


class CharacterScores(_Scores):
    """The scores of texts by a language model of characters, of which each is a symbol.

    The unknown character, which is never written, has no part in the probabilities.

    Args:
        model: The language model.
        ends: Whether it has learnt where texts end.
        options: Weight and bonus.
        symbols: The symbols that can be written; the first stands for unknown ones.

    Raises:
        OptionError: The language model lacks some of them.
    """

    def __init__(
        self, model: Servable, ends: bool, options: SearchOptions, symbols: Sequence[str]
    ) -> None:
        super().__init__(model, ends, options)
        self._tokens = self._ids(symbols)
        check_known(symbols[1:], self._tokens[1:], options)
        self._in_word = np.array([bool(symbol.strip()) for symbol in symbols])

    def start(self) -> ReadText:
        """Return the empty text."""
        return self._texts(self._model(signature="prefill", prompt=[""]), [0])[0]

    def gains(self, texts: Sequence[ReadText], likely: Any) -> NDArray[np.float64]:
        """Return what each symbol adds to the score of each text [N, S]."""
        gains = self.weight * np.array([text.following for text in texts])
        begins = np.array([not text.is_inside for text in texts])
        gains += self.bonus * (begins[:, None] & self._in_word)
        gains[:, 0] = -np.inf
        return np.asarray(gains)

    def after(self, texts: Sequence[ReadText], symbols: Sequence[int]) -> list[ReadText]:
        """Return each text with one more symbol."""
        if not texts:
            return []
        tokens = self._tokens[[*symbols]].tolist()
        outputs = self._model(signature="step", token=tokens, **self._stacked(texts))
        inside = self._in_word[[*symbols]].tolist()
        return [
            replace(text, is_inside=is_inside)
            for text, is_inside in zip(self._texts(outputs, tokens), inside, strict=True)
        ]

    def ends(self, texts: Sequence[ReadText]) -> NDArray[np.float64]:
        """Return what the end adds to the score of each text [N]."""
        return np.array([self.weight * text.end for text in texts])

    def _texts(self, outputs: Mapping[str, Any], tokens: Sequence[int]) -> list[ReadText]:
        """Return texts after which a signature has returned states and logits."""
        logits = outputs["logits"].astype(np.float64)
        logits[:, UNKNOWN_ID] = -np.inf
        logits -= logsumexp(logits, axis=1, keepdims=True)
        ends = logits[:, 0].tolist() if self._ends else [0.0] * len(logits)
        following = logits[:, self._tokens]
        return [
            ReadText(self._states(outputs, row), token, ends[row], following[row])
            for row, token in enumerate(tokens)
        ]


class WordScores(_Scores):
    """The scores of texts by a language model that reads each word when it has ended.

    The probabilities are those of ``LanguageModel.score``, but that of the unknown word is divided
    among ``SPELLINGS``: so an unknown word can be written, but loses to a known one that is heard
    as well, unless that is much rarer here than all unknown ones together.

    Args:
        model: The language model, of words, or of characters where symbols are words.
        ends: Whether it has learnt where texts end.
        options: Weight and bonus.
        symbols: The symbols that can be written; the first stands for unknown ones.
        word_by_word: Whether symbols are words rather than characters.
        level: What the tokens of the language model are: characters, words or subwords.

    Raises:
        OptionError: The language model lacks all words, or some characters, of the symbols.
    """

    def __init__(
        self,
        model: Servable,
        ends: bool,
        options: SearchOptions,
        symbols: Sequence[str],
        word_by_word: bool,
        level: str,
    ) -> None:
        super().__init__(model, ends, options)
        self._symbols = symbols
        self._word_by_word = word_by_word
        self._between = "" if level == "words" else " "
        self._level = level
        self._unknown: dict[str, int] = {}  # the number of unknown tokens of words
        self._spaces = np.array([not symbol.strip() for symbol in symbols])
        if level == "characters":
            characters = sorted({c for word in symbols[1:] for c in f" {word}"})
            check_known(characters, self._ids(characters), options)
        elif word_by_word:
            check_known(symbols[1:], self._ids(symbols[1:]), options, some=True)

    def start(self) -> ReadText:
        """Return the empty text."""
        return self._texts(self._read([""], [0], self._nothing(1)))[0]

    def gains(self, texts: Sequence[ReadText], likely: Any) -> NDArray[np.float64]:
        """Return what each symbol adds to the score of each text [N, S]."""
        gains = np.zeros(likely.shape)
        gains[:, 0] = -np.inf
        likely = likely & (np.arange(likely.shape[1]) > 0)
        if self._word_by_word:
            rows, columns = np.nonzero(likely)
            words = [self._symbols[column] for column in columns.tolist()]
            scores = self._scores([texts[row] for row in rows.tolist()], words)
            gains[rows, columns] = [score for score, _ in scores]
            return gains
        ended = (likely & self._spaces).any(axis=1)
        ended &= np.array([bool(text.word) for text in texts])
        rows = np.flatnonzero(ended)
        chosen = [texts[row] for row in rows.tolist()]
        scores = self._scores(chosen, [text.word for text in chosen])
        for row, (score, _) in zip(rows.tolist(), scores, strict=True):
            gains[row, self._spaces] = score
        return gains

    def after(self, texts: Sequence[ReadText], symbols: Sequence[int]) -> list[ReadText]:
        """Return each text with one more symbol."""
        return [
            self._after(text, self._symbols[symbol])
            for text, symbol in zip(texts, symbols, strict=True)
        ]

    def _after(self, text: ReadText, symbol: str) -> ReadText:
        if self._word_by_word:
            return text.scored[symbol][1]
        if symbol.strip():
            return replace(text, word=text.word + symbol)
        return text.scored[text.word][1] if text.word else text

    def ends(self, texts: Sequence[ReadText]) -> NDArray[np.float64]:
        """Return what the end adds to the score of each text [N]."""
        inside = [text for text in texts if text.word]
        scores = iter(self._scores(inside, [text.word for text in inside]))
        found = []
        for text in texts:
            score, whole = next(scores) if text.word else (0.0, text)
            found.append(score + self.weight * whole.end)
        return np.array(found)

    def _scores(
        self, texts: Sequence[ReadText], words: Sequence[str]
    ) -> list[tuple[float, ReadText]]:
        """Return what a word adds to the score of each text, and the text with it."""
        missing = {
            (id(text.scored), word): (text, word)
            for text, word in zip(texts, words, strict=True)
            if word not in text.scored
        }
        if missing:
            before, asked = zip(*missing.values(), strict=True)
            spelt = [
                (self._between if text.token else "") + word for text, word in missing.values()
            ]
            outputs = self._read(spelt, [each.token for each in before], self._stacked(before))
            losses = outputs["nll"].astype(np.float64)
            losses += np.log(SPELLINGS) * self._unknown_tokens(asked, outputs)
            gains = (self.bonus - self.weight * losses).tolist()
            for text, word, gain, after in zip(
                before, asked, gains, self._texts(outputs), strict=True
            ):
                text.scored[word] = gain, after
        return [text.scored[word] for text, word in zip(texts, words, strict=True)]

    def _unknown_tokens(
        self, words: Sequence[str], outputs: Mapping[str, NDArray[Any]]
    ) -> NDArray[np.int64]:
        """Return how many tokens of each word are unknown; characters and subwords never are.

        Args:
            words: The words [N].
            outputs: What ``_read`` has returned for them.
        """
        if self._level != "words":
            return np.zeros(len(words), np.int64)
        units, tokens = outputs["units"].tolist(), outputs["token"].tolist()
        for word, number, token in zip(words, units, tokens, strict=True):
            if word in self._unknown:
                continue
            if number == 1:
                self._unknown[word] = int(token == UNKNOWN_ID)
            else:
                (pieces,) = split([word], "words", html_breaks=True).tokens.numpy().tolist()
                ids = self._ids([piece.decode("utf-8", "replace") for piece in pieces])
                self._unknown[word] = int((ids == UNKNOWN_ID).sum())
        return np.array([self._unknown[word] for word in words])

    def _texts(self, outputs: Mapping[str, NDArray[Any]]) -> list[ReadText]:
        """Return texts that ``_read`` has read."""
        tokens = outputs["token"].tolist()
        ends = outputs["end"].tolist() if self._ends else [0.0] * len(tokens)
        return [
            ReadText(self._states(outputs, row), token, end)
            for row, (token, end) in enumerate(zip(tokens, ends, strict=True))
        ]


def check_known(
    symbols: Sequence[str], tokens: NDArray[np.int64], options: SearchOptions, some: bool = False
) -> None:
    """Check that a language model has symbols.

    Args:
        symbols: The symbols.
        tokens: Their ids in the language model, 1 for those that it lacks.
        options: The options that name the language model.
        some: Whether it may lack a part, which is logged.

    Raises:
        OptionError: It lacks some, or all.
    """
    missing = [s for s, token in zip(symbols, tokens, strict=True) if token == UNKNOWN_ID]
    if not missing:
        return
    names = shorten([quoted(symbol) for symbol in missing])
    if some and len(missing) < len(symbols):
        logger.warning("%s does not know these words: %s", options.language_model, names)
        return
    raise OptionError(
        f"{option('language_model')} {options.language_model} does not know {names}, which the "
        "recogniser writes; train it on text with these symbols"
    )


def open_scores(options: SearchOptions, symbols: Sequence[str], word_by_word: bool) -> TextScores:
    """Return the scores of texts by a language model.

    A text gains ``language_model_weight`` times its log probability, its end included where that
    was learnt, and ``word_bonus`` for each word (Hannun et al. 2014, 'Deep Speech: Scaling up
    end-to-end speech recognition', section 2.2). Symbols that are characters of a language model
    of characters gain one by one, others when a word has ended.

    Args:
        options: The language model, weight and bonus.
        symbols: The symbols that the recogniser can write, in the order of their classes.
        word_by_word: Whether they are words.

    Raises:
        ModelError: There is no such run, or it is of another task or not exported.
        OptionError: It is of a kind that cannot help.
    """
    assert options.language_model is not None
    description = read_description(options.language_model, "LanguageModel")
    level, ends = description["options"]["token_level"], description["facts"]["ends"]
    model = Servable.load(options.language_model)
    if level == "characters" and not word_by_word:
        return CharacterScores(model, ends, options, symbols)
    return WordScores(model, ends, options, symbols, word_by_word, level)


def fused_beam(
    ask: Callable[..., dict[str, Any]],
    options: SearchOptions,
    step_seconds: float,
    word_by_word: bool,
) -> Callable[..., dict[str, Any]]:
    """Return a beam search with a language model, which answers as the signature ``beam``.

    Args:
        ask: Answers as the signature ``probabilities``.
        options: The language model and the number of texts that are kept.
        step_seconds: The duration of a step.
        word_by_word: Whether symbols are words rather than characters.

    Raises:
        ModelError: There is no such language model.
        OptionError: It is of a kind that cannot help.
    """
    nothing = ask(audio=np.zeros((1, 1), np.float32), length=[0])
    symbols = nothing["symbols"].tolist()
    scores = open_scores(options, symbols, word_by_word)
    space = " " if word_by_word else ""

    def answer(audio: Any, length: Any) -> dict[str, Any]:
        outputs = ask(audio=audio, length=length)
        steps = np.where(np.asarray(length) > 0, outputs["steps"], 0).tolist()
        rows = zip(outputs["log_probabilities"], steps, strict=True)
        found = fused_search([each[:end] for each, end in rows], options.beam_size, scores)
        spoken = [[[symbols[c] for c in text.symbols] for text in texts] for texts in found]
        starts = [np.asarray(texts[0].steps) * step_seconds for texts in found]
        return {
            "texts": [np.array([space.join(text) for text in texts]) for texts in spoken],
            "scores": [np.array([text.score for text in texts]) for texts in found],
            "symbol": [np.array(texts[0]) for texts in spoken],
            "start": starts,
            "end": [start + step_seconds for start in starts],
        }

    return answer
