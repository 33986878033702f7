"""Many to many, aligned: a sequence in, an answer for each of its steps out."""

from collections.abc import Mapping
from typing import Any, Literal

import keras
from keras import ops

from toolkit.data.schemes import bioes_tags, bioes_transitions
from toolkit.errors import OptionError
from toolkit.layers import Embedding, recurrent_layer
from toolkit.layers.characters import CharacterEncoder
from toolkit.layers.crf import CRF
from toolkit.layers.embedding import rows
from toolkit.layers.rare_words import RareWordDropout
from toolkit.models.seeds import dropout_seeds
from toolkit.models.trust import check_cell_is_trusted
from toolkit.text.token_features import AFFIX_LENGTHS

#: How many prefixes and suffixes of a token are looked at.
AFFIXES = 2 * len(AFFIX_LENGTHS)


@keras.saving.register_keras_serializable(package="toolkit")
class ManyToMany(keras.Model):
    """Reads tokens one after the other and gives each a tag, such as of a named entity.

    ``features of distinct tokens [D] -> vectors [D, E] -> tokens [B, T, E] -> recurrent layers
    [B, T, H] -> scores of tags [B, T, C] -> CRF``, where H is twice ``hidden_size`` if
    bidirectional. Each distinct token of a batch is made a vector once. Index 0 is padding.

    The tags are BIOES (Ratinov and Roth 2009, section 5): ``O``, and for each label B, I, E and
    S; see ``toolkit.data.schemes.bioes_tags``. What the scheme forbids is never answered.

    Calling the model gives the *scores* of the tags; ``answer`` gives what a user wants to see.

    Args:
        sizes: How many ids there are of ``words``, ``characters``, ``shapes`` and ``affixes``, as
            ``toolkit.text.TokenFeatures.sizes`` says.
        labels: What kinds of entities there are.
        crf: Whether transitions between tags are learnt (Lample et al. 2016, section 2.2).
            Otherwise each tag is learnt for itself, by softmax, and the scheme alone binds them.
        cell: A cell's name or ``module:Class``; see ``toolkit.layers.recurrent_layer``.
        embedding_size: The size of a word's vector.
        characters: How a word's characters are read: ``convolution``, ``gru`` or ``none``.
        character_size: The size of the vector that comes of them.
        shape_size: The size of a shape's vector; 0 leaves shapes out.
        affix_size: The size of the vector of each prefix and suffix; 0 leaves them out.
        hidden_size: H of one direction.
        layers: How many recurrent layers are stacked.
        bidirectional: Whether each layer also reads from the end.
        word_dropout: How many occurrences make a word as likely to be hidden in training as to
            be seen; see ``RareWordDropout``.
        embedding_dropout: The share of the tokens' vectors' channels dropped for a whole sentence.
        dropout: The share of each recurrent layer's inputs dropped for a whole sentence.
        recurrent_dropout: The share of the recurrent state dropped (Gal and Ghahramani 2016).
        output_dropout: The share of the last layer's inputs that is dropped.
        seed: The seed of the dropouts of words, characters, vectors and output. The first weights
            and the dropouts within the recurrent layers follow ``keras.utils.set_random_seed``.

    Raises:
        OptionError: An argument cannot work.
    """

    def __init__(
        self,
        sizes: Mapping[str, int],
        labels: list[str],
        *,
        crf: bool = True,
        cell: str = "gru",
        embedding_size: int = 100,
        characters: Literal["convolution", "gru", "none"] = "convolution",
        character_size: int = 50,
        shape_size: int = 20,
        affix_size: int = 10,
        hidden_size: int = 100,
        layers: int = 1,
        bidirectional: bool = True,
        word_dropout: float = 0.0,
        embedding_dropout: float = 0.0,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        output_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if layers < 1:
            raise OptionError(f"layers is {layers}; at least 1 is needed")
        self.config: dict[str, Any] = {
            "sizes": dict(sizes),
            "labels": list(labels),
            "crf": crf,
            "cell": cell,
            "embedding_size": embedding_size,
            "characters": characters,
            "character_size": character_size,
            "shape_size": shape_size,
            "affix_size": affix_size,
            "hidden_size": hidden_size,
            "layers": layers,
            "bidirectional": bidirectional,
            "word_dropout": word_dropout,
            "embedding_dropout": embedding_dropout,
            "dropout": dropout,
            "recurrent_dropout": recurrent_dropout,
            "output_dropout": output_dropout,
            "seed": seed,
        }
        self.tags = bioes_tags(labels)
        dtype = self.dtype_policy
        of_words, of_characters, of_embedding, of_output = dropout_seeds(seed, 4)
        self.word_dropout = RareWordDropout(sizes["words"], word_dropout, seed=of_words)
        self.embedding = Embedding(sizes["words"], embedding_size, dtype=dtype, name="words")
        self.characters = None
        if characters != "none":
            self.characters = CharacterEncoder(
                sizes["characters"],
                character_size,
                characters,
                dropout=embedding_dropout,
                seed=of_characters,
                dtype=dtype,
                name="characters",
            )
        self.shapes = self.affixes = None
        if shape_size:
            self.shapes = Embedding(sizes["shapes"], shape_size, dtype=dtype, name="shapes")
        if affix_size:
            self.affixes = Embedding(sizes["affixes"], affix_size, dtype=dtype, name="affixes")
        self.embedding_dropout = keras.layers.SpatialDropout1D(
            embedding_dropout, seed=of_embedding, dtype=dtype
        )
        self.recurrent = [
            recurrent_layer(
                cell,
                hidden_size,
                bidirectional=bidirectional,
                dropout=dropout,
                recurrent_dropout=recurrent_dropout,
                dtype=dtype,
                name=f"recurrent_{number}",
            )
            for number in range(1, layers + 1)
        ]
        self.output_dropout = keras.layers.Dropout(output_dropout, seed=of_output, dtype=dtype)
        self.scores = keras.layers.Dense(len(self.tags), dtype="float32", name="scores")
        start, transitions, end = bioes_transitions(self.tags)
        self.crf = CRF(
            len(self.tags),
            start=start,
            transitions=transitions,
            end=end,
            trainable_transitions=crf,
            dtype="float32",
            name="crf",
        )

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights; ids have no size that they depend on."""
        size = self.config["embedding_size"]
        self.word_dropout.build()
        self.embedding.build((None,))
        if self.characters is not None:
            self.characters.build()
            size += self.config["character_size"]
        if self.shapes is not None:
            self.shapes.build((None,))
            size += self.config["shape_size"]
        if self.affixes is not None:
            self.affixes.build((None, AFFIXES))
            size += AFFIXES * self.config["affix_size"]
        shape = (None, None, size)
        for layer in self.recurrent:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        self.scores.build(shape)
        self.crf.build((*shape[:-1], len(self.tags)))
        self.built = True

    def call(self, features: Mapping[str, Any], training: bool = False) -> Any:
        """What ``TokenFeatures`` gives of tokens [B, T], to the scores of tags [B, T, C]."""
        mask = self.mask(features)
        vectors = rows(self._vectors(features, training), features["index"], training)
        states = self.embedding_dropout(vectors, training=training)
        for layer in self.recurrent:
            states = layer(states, mask=mask, training=training)
        return self.scores(self.output_dropout(states, training=training))

    def mask(self, features: Mapping[str, Any]) -> Any:
        """Which of the tokens are no padding, bool [B, T]."""
        return ops.not_equal(features["index"], 0)

    def _vectors(self, features: Mapping[str, Any], training: bool) -> Any:
        """The features of distinct tokens [D] to their vectors [D, E]."""
        words = self.word_dropout(features["words"], training=training)
        parts = [self.embedding(words, training=training)]
        if self.characters is not None:
            parts.append(self.characters(features["characters"], training=training))
        if self.shapes is not None:
            parts.append(self.shapes(features["shapes"], training=training))
        if self.affixes is not None:
            affixes = self.affixes(features["affixes"], training=training)
            parts.append(ops.reshape(affixes, (-1, AFFIXES * self.config["affix_size"])))
        return ops.concatenate(parts, axis=-1)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The negative log-likelihood of the tags ``y`` [B, T] in nats, per token.

        Args:
            x: What ``call`` was given.
            y: The right tags' numbers [B, T].
            y_pred: The scores of the tags [B, T, C].
            sample_weight: How much each token counts [B, T]; it weighs what its tag adds to the
                log-likelihood, given the tag before it.
            training: Whether this is training.
        """
        mask = self.mask(x)
        losses = self.token_losses(y_pred, y, mask, training)
        if sample_weight is not None:
            losses *= ops.cast(sample_weight, losses.dtype)
        return ops.sum(losses) / ops.maximum(ops.sum(ops.cast(mask, losses.dtype)), 1)

    def token_losses(self, scores: Any, tags: Any, mask: Any, training: bool) -> Any:
        """What each right tag adds to the loss, in nats [B, T]; 0 at padding."""
        if self.config["crf"]:
            return -self.crf.log_conditionals(scores, tags, mask, training)
        right = ops.one_hot(tags, len(self.tags), dtype="float32")
        return ops.where(mask, -ops.sum(right * ops.log_softmax(scores), axis=-1), 0)

    def validate(self, features: Mapping[str, Any], tags: Any) -> tuple[Any, Any]:
        """The likeliest legal tags, and how far off the right ones are.

        Args:
            features: What ``call`` takes.
            tags: The right tags' numbers [B, T].

        Returns:
            The numbers of the tags, int32 [B, T], 0 at padding; and the sum of the losses, in nats.
        """
        scores, mask = self(features, training=False), self.mask(features)
        best, _ = self.crf.viterbi(scores, mask=mask)
        return best, ops.sum(self.token_losses(scores, tags, mask, training=False))

    def answer(self, features: Mapping[str, Any]) -> tuple[Any, Any, Any]:
        """The likeliest legal tags, and how sure the model is of them.

        Returns:
            The numbers of the tags, int32 [B, T]; their probabilities, float [B, T]; and the
            probabilities of each tag given the one before it, float [B, T]. The probability of an
            entity is that of its first tag times those of its others given the ones before. At
            padding they are 0, 0 and 1.
        """
        scores, mask = self(features, training=False), self.mask(features)
        tags, _ = self.crf.viterbi(scores, mask=mask)
        marginals = self.crf.marginals(scores, mask=mask)
        chosen = ops.take_along_axis(marginals, tags[:, :, None], axis=-1)[:, :, 0]
        return tags, chosen, ops.exp(self.crf.log_conditionals(scores, tags, mask=mask))

    def get_config(self) -> dict[str, Any]:
        """All constructor arguments."""
        return {**super().get_config(), **self.config}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "ManyToMany":
        """The inverse of ``get_config``.

        Raises:
            ModelError: The cell is ``module:Class``, and nobody has imported the module.
        """
        check_cell_is_trusted(config)
        return super().from_config(config, custom_objects)
