"""Networks that read recordings."""

from toolkit.models.speech.front import SpeechFront
from toolkit.models.speech.network import SpeechToMany

__all__ = ["SpeechFront", "SpeechToMany"]
