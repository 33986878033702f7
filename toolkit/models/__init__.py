"""The lecture's shapes of networks, one file each."""

from toolkit.models.carried import Carried
from toolkit.models.encoder_decoder import EncoderDecoder
from toolkit.models.many_to_many import ManyToMany
from toolkit.models.many_to_one import ManyToOne
from toolkit.models.one_to_many import OneToMany
from toolkit.models.one_to_one import OneToOne
from toolkit.models.outputs import OutputLayer
from toolkit.models.text_model import TextModel, load_text_model

__all__ = [
    "Carried",
    "EncoderDecoder",
    "ManyToMany",
    "ManyToOne",
    "OneToMany",
    "OneToOne",
    "OutputLayer",
    "TextModel",
    "load_text_model",
]
