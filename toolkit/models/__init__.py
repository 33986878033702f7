"""The lecture's shapes of networks, one file per shape."""

from toolkit.models.encoder_decoder import EncoderDecoder
from toolkit.models.many_to_many import ManyToMany
from toolkit.models.many_to_one import ManyToOne
from toolkit.models.music.network import MusicNetwork
from toolkit.models.one_to_many import OneToMany
from toolkit.models.one_to_one import OneToOne
from toolkit.models.outputs import OutputLayer
from toolkit.models.sequence_model import SequenceModel, load_sequence_model
from toolkit.models.speech import SpeechToMany
from toolkit.models.strands import StrandToMany, StrandToOne
from toolkit.models.truncated_bptt import TruncatedBPTT

__all__ = [
    "EncoderDecoder",
    "ManyToMany",
    "ManyToOne",
    "MusicNetwork",
    "OneToMany",
    "OneToOne",
    "OutputLayer",
    "SequenceModel",
    "SpeechToMany",
    "StrandToMany",
    "StrandToOne",
    "TruncatedBPTT",
    "load_sequence_model",
]
