"""Many to many, aligned: a sequence in, an answer for each of its steps out."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import keras
from keras import ops

from toolkit.errors import OptionError
from toolkit.layers.crf import CRF
from toolkit.models.fronts import TokenFeaturesFront, id_or_vector_front
from toolkit.models.network import Shape, StackedNetwork, recurrent_stack
from toolkit.models.seeds import dropout_seeds
from toolkit.tagging.schemes import bioes_tags, bioes_transitions


@keras.saving.register_keras_serializable(package="toolkit")
class ManyToMany(StackedNetwork):
    """A network that predicts a tag for each step of a sequence, such as that of an entity.

    ``vectors [B, T, E] -> recurrent layers [B, T, H] -> scores of tags [B, T, C] -> CRF``, where H
    is twice ``hidden_size`` if bidirectional. The steps are tokens with features, of which each
    distinct token of a batch is computed once; or ids; or vectors::

        ManyToMany(features.sizes, ["PER"])              # reads token features
        ManyToMany(vocabulary_size=6, labels=["EXON"])    # reads ids
        ManyToMany(input_size=4, labels=["EXON"])         # reads vectors of four channels

    The inputs are those of ``TokenFeatures``; or ``{"values": ids [B, T] or vectors [B, T, C],
    "length": int32 [B]}``, or the values alone as for ``ManyToOne``.

    The tags are BIOES (Ratinov and Roth 2009, section 5): ``O``, and for each label B, I, E and S;
    see ``toolkit.tagging.schemes.bioes_tags``. Sequences that the scheme forbids are never
    predicted.

    ``call`` returns the *scores* of tags; ``answer`` returns tags and probabilities.

    Args:
        sizes: The numbers of ids of ``words``, ``characters``, ``shapes`` and ``affixes``, as in
            ``toolkit.text.TokenFeatures.sizes``; None for ids and vectors.
        labels: The labels of entities.
        vocabulary_size: The number of ids, including padding and unknown.
        input_size: The size of vectors.
        crf: Whether transitions between tags are learnt (Lample et al. 2016, section 2.2).
            Otherwise each tag is learnt by itself, by softmax, and the scheme only excludes
            forbidden transitions.
        cell: A cell's name or ``module:Class``; see ``toolkit.layers.recurrent_layer``.
        embedding_size: The size of a word's or an id's vector.
        projection_size: The size of the projection of vectors; 0 for none.
        characters: The encoder of a word's characters: ``convolution``, ``gru`` or ``none``.
        character_size: The size of its output.
        shape_size: The size of a shape's vector; 0 leaves shapes out.
        affix_size: The size of the vector of each prefix and suffix; 0 leaves them out.
        hidden_size: H of one direction.
        layers: The number of recurrent layers.
        bidirectional: Whether each layer reads in both directions.
        word_dropout: For token features, the strength of ``RareWordDropout``; for ids, the share of
            ids replaced by unknown in training.
        embedding_dropout: The share of the vectors' channels dropped for a whole sentence.
        dropout: The share of each recurrent layer's inputs dropped for a whole sentence.
        recurrent_dropout: The share of the recurrent state dropped (Gal and Ghahramani 2016).
        output_dropout: The share of the last layer's inputs that is dropped.
        seed: The seed of the dropouts of words, characters, vectors and output. The initial weights
            and the dropouts within the recurrent layers depend on ``keras.utils.set_random_seed``.

    Raises:
        OptionError: An argument has an impossible value.
    """

    def __init__(
        self,
        sizes: Mapping[str, int] | None = None,
        labels: Sequence[str] = (),
        *,
        vocabulary_size: int | None = None,
        input_size: int | None = None,
        crf: bool = True,
        cell: str = "gru",
        embedding_size: int = 100,
        projection_size: int = 0,
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
        sizes, labels = sizes and dict(sizes), list(labels)
        super().__init__(locals(), **kwargs)
        if not labels:
            raise OptionError("labels is empty; at least one is needed")
        if sizes is not None and (vocabulary_size, input_size) != (None, None):
            raise OptionError("give sizes, vocabulary_size or input_size, and one of them alone")
        self.tags = bioes_tags(labels)
        dtype = self.dtype_policy
        *front_seeds, output_seed = dropout_seeds(seed, 4)
        if sizes is None:
            self.front = id_or_vector_front(
                vocabulary_size,
                input_size,
                embedding_size=embedding_size,
                projection_size=projection_size,
                word_dropout=word_dropout,
                dropout=embedding_dropout,
                seeds=(front_seeds[0], front_seeds[2]),
                dtype=dtype,
            )
        else:
            self.front = TokenFeaturesFront(
                sizes,
                embedding_size=embedding_size,
                characters=characters,
                character_size=character_size,
                shape_size=shape_size,
                affix_size=affix_size,
                word_dropout=word_dropout,
                dropout=embedding_dropout,
                seeds=front_seeds,
                dtype=dtype,
            )
        self.recurrent = recurrent_stack(
            cell,
            hidden_size,
            layers,
            bidirectional=bidirectional,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            dtype=dtype,
        )
        self.output_dropout = keras.layers.Dropout(output_dropout, seed=output_seed, dtype=dtype)
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

    def build_head(self, shape: Shape) -> None:
        """Make the weights of scores and transitions for states [B, T, H]."""
        self.scores.build(shape)
        self.crf.build((*shape[:-1], len(self.tags)))

    def after_front(self, vectors: Any, mask: Any, training: bool = False) -> Any:
        """Return the scores of tags [B, T, C] for the vectors of the front."""
        states = self.states(vectors, mask, training)
        return self.scores(self.output_dropout(states, training=training))

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the negative log-likelihood of the tags ``y`` [B, T] in nats, per token.

        Args:
            x: The inputs of ``call``.
            y: The gold tags as numbers [B, T].
            y_pred: The scores of the tags [B, T, C].
            sample_weight: The weight of each token [B, T], by which the log probability of its tag,
                given the previous tag, is multiplied.
            training: Whether this is training.
        """
        mask = self.mask(x)
        losses = self.token_losses(y_pred, y, mask, training)
        if sample_weight is not None:
            losses *= ops.cast(sample_weight, losses.dtype)
        return ops.sum(losses) / ops.maximum(ops.sum(ops.cast(mask, losses.dtype)), 1)

    def token_losses(self, scores: Any, tags: Any, mask: Any, training: bool) -> Any:
        """Return the loss of each gold tag, in nats [B, T]; 0 at padding."""
        if self.config["crf"]:
            return -self.crf.log_conditionals(scores, tags, mask, training)
        gold = ops.one_hot(tags, len(self.tags), dtype="float32")
        return ops.where(mask, -ops.sum(gold * ops.log_softmax(scores), axis=-1), 0)

    def validate(self, inputs: Any, tags: Any) -> tuple[Any, Any]:
        """Return the likeliest legal tags, and the loss of the gold tags.

        Args:
            inputs: The inputs of ``call``.
            tags: The gold tags as numbers [B, T].

        Returns:
            The predicted tags as numbers, int32 [B, T], 0 at padding; and the sum of the losses, in
            nats.
        """
        scores, mask = self(inputs, training=False), self.mask(inputs)
        best, _ = self.crf.viterbi(scores, mask=mask)
        return best, ops.sum(self.token_losses(scores, tags, mask, training=False))

    def answer(self, inputs: Any) -> tuple[Any, Any, Any]:
        """Return the likeliest legal tags and their probabilities.

        Returns:
            The tags as numbers, int32 [B, T]; their probabilities, float [B, T]; and the
            probability of each tag given the previous tag, float [B, T]. The probability of an
            entity is that of its first tag times the conditional ones of its other tags. At padding
            they are 0, 0 and 1.
        """
        return self.crf.answer(self(inputs, training=False), mask=self.mask(inputs))

    def label_probabilities(self, inputs: Any) -> Any:
        """Return the probability of each step to be within an entity of each label.

        Returns:
            float [B, T, labels], the sums of the probabilities of a label's tags; 0 at padding.
            What they lack of 1 is the probability to be outside all entities.
        """
        tags = self.crf.marginals(self(inputs, training=False), mask=self.mask(inputs))
        labels = len(self.tags) // 4  # of O, and B, I, E and S of each label
        of_labels = ops.reshape(tags[:, :, 1:], (*ops.shape(tags)[:2], labels, 4))
        return ops.sum(of_labels, axis=-1)
