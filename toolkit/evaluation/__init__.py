"""Metrics, reports and pictures, on arrays; neither TensorFlow nor a model is needed."""

from toolkit.evaluation.classification import (
    classification_metrics,
    multilabel_metrics,
    number_metrics,
)
from toolkit.evaluation.picture import draw_confusion, save_picture
from toolkit.evaluation.report import metrics_table, worst_errors, write_report

__all__ = [
    "classification_metrics",
    "draw_confusion",
    "metrics_table",
    "multilabel_metrics",
    "number_metrics",
    "save_picture",
    "worst_errors",
    "write_report",
]
