"""Metrics, reports and pictures on arrays; they need neither TensorFlow nor a model."""

from toolkit.evaluation.classification import (
    calibration_error,
    classification_metrics,
    multilabel_metrics,
    number_metrics,
)
from toolkit.evaluation.compare import Difference, check_classes, compare, paired_bootstrap
from toolkit.evaluation.entities import (
    NOTHING,
    Tagged,
    entity_fingerprint,
    entity_metrics,
    entity_statistics,
    metrics_within,
)
from toolkit.evaluation.entity_errors import worst_entities
from toolkit.evaluation.options import BootstrapOptions
from toolkit.evaluation.pages.channels import PlottedSeries, channel_page
from toolkit.evaluation.pages.explanations import explanation_page
from toolkit.evaluation.pages.marked_text import marked_page
from toolkit.evaluation.pages.skeleton import MovingSkeleton, skeleton_page, skeleton_stills
from toolkit.evaluation.pages.strands import (
    ClassifiedStrand,
    MarkedStrand,
    Stretch,
    classified_strand_page,
    drawn_stretches,
    marked_strand_page,
)
from toolkit.evaluation.pages.videos import ShownVideo, video_page
from toolkit.evaluation.picture import draw_confusion, draw_history, save_picture
from toolkit.evaluation.report import comparison_table, metrics_table, worst_errors, write_report
from toolkit.evaluation.seeds import over_seeds
from toolkit.evaluation.speech import edits, speech_metrics, speech_statistics
from toolkit.evaluation.speech_picture import HeardRecording, draw_spikes
from toolkit.evaluation.statistics import (
    Metric,
    Statistics,
    classification_statistics,
    multilabel_statistics,
    number_statistics,
)
from toolkit.evaluation.tables import report_table
from toolkit.evaluation.translation import (
    LengthRow,
    bleu_by_length,
    bleu_is_telling,
    resolve_tokenizer,
    translation_metrics,
    translation_statistics,
)
from toolkit.evaluation.translation_pictures import draw_attention, draw_bleu_by_length
from toolkit.evaluation.translation_report import write_translations

__all__ = [
    "NOTHING",
    "BootstrapOptions",
    "ClassifiedStrand",
    "Difference",
    "HeardRecording",
    "LengthRow",
    "MarkedStrand",
    "Metric",
    "MovingSkeleton",
    "PlottedSeries",
    "ShownVideo",
    "Statistics",
    "Stretch",
    "Tagged",
    "bleu_by_length",
    "bleu_is_telling",
    "calibration_error",
    "channel_page",
    "check_classes",
    "classification_metrics",
    "classification_statistics",
    "classified_strand_page",
    "compare",
    "comparison_table",
    "draw_attention",
    "draw_bleu_by_length",
    "draw_confusion",
    "draw_history",
    "draw_spikes",
    "drawn_stretches",
    "edits",
    "entity_fingerprint",
    "entity_metrics",
    "entity_statistics",
    "explanation_page",
    "marked_page",
    "marked_strand_page",
    "metrics_table",
    "metrics_within",
    "multilabel_metrics",
    "multilabel_statistics",
    "number_metrics",
    "number_statistics",
    "over_seeds",
    "paired_bootstrap",
    "report_table",
    "resolve_tokenizer",
    "save_picture",
    "skeleton_page",
    "skeleton_stills",
    "speech_metrics",
    "speech_statistics",
    "translation_metrics",
    "translation_statistics",
    "video_page",
    "worst_entities",
    "worst_errors",
    "write_report",
    "write_translations",
]
