"""The verbs of pipelines, which all of them share but ``align`` and ``explain``.

A verb checks its input before TensorFlow is imported, and then calls the task.
"""

from pipelines.pipeline import Pipeline
from pipelines.verbs.align import ALIGN
from pipelines.verbs.compare import COMPARE
from pipelines.verbs.demo import DEMO
from pipelines.verbs.diagnose import DIAGNOSE
from pipelines.verbs.evaluate import EVALUATE
from pipelines.verbs.explain import EXPLAIN
from pipelines.verbs.export import EXPORT, VERIFY
from pipelines.verbs.inspection import INSPECT
from pipelines.verbs.predict import PREDICT
from pipelines.verbs.report import REPORT
from pipelines.verbs.serve import SERVE
from pipelines.verbs.train import TRAIN
from pipelines.verbs.verb import Verb

VERBS: dict[str, Verb] = {
    "train": TRAIN,
    "evaluate": EVALUATE,
    "report": REPORT,
    "compare": COMPARE,
    "predict": PREDICT,
    "export": EXPORT,
    "verify": VERIFY,
    "inspect": INSPECT,
    "diagnose": DIAGNOSE,
    "serve": SERVE,
    "demo": DEMO,
}


def verbs_of(pipeline: Pipeline) -> dict[str, Verb]:
    """Return the verbs of a pipeline by their names."""
    align = {} if pipeline.pairs is None else {"align": ALIGN}
    explain = {} if pipeline.explanation_options is None else {"explain": EXPLAIN}
    return {**VERBS, **explain, **align}
