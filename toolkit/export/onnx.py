"""A classifier from ids to scores as ONNX: written atomically, and compared with the network."""

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from toolkit.errors import WorkError
from toolkit.export.golden import write_golden
from toolkit.export.verify import TOLERANCE
from toolkit.export.version import write_version
from toolkit.files import check_no_link
from toolkit.packages import check_packages

if TYPE_CHECKING:
    from toolkit.models import SequenceModel

logger = logging.getLogger("toolkit")

FOLDER = "onnx"


def check_onnx() -> None:
    """Check that the packages of the extra ``onnx`` are installed.

    Raises:
        OptionError: One is missing; the message says how to install it.
    """
    check_packages("format onnx needs", "onnx", "onnxruntime")


def write_onnx(
    run_folder: str | os.PathLike[str],
    text_model: "SequenceModel",
    texts: Sequence[str],
    files: Mapping[str, str],
) -> Path:
    """Write ``<run_folder>/onnx/<n>/``, ``n`` being the next version.

    It holds ``model.onnx``, ``vocabulary.txt`` and ``golden.jsonl``, which lists texts with their
    ids and the network's answers, for those who write a tokenizer. Before the version is put in
    place, ONNX Runtime's answers are compared with the network's, both in float32; the greatest
    difference is logged.

    Args:
        run_folder: The run's folder.
        text_model: The tokenizer and the network.
        texts: The texts of the golden file.
        files: The contents of further text files, by name.

    Returns:
        The version's folder.

    Raises:
        OptionError: The extra ``onnx`` is not installed, or the folder is a link.
        ModelError: ONNX has no operator for the network's cell.
        WorkError: The answers differ.
    """
    check_onnx()
    check_no_link(Path(run_folder) / FOLDER)
    import onnx
    import onnxruntime
    import tensorflow as tf

    from toolkit.export.onnx_graph import onnx_model

    model = onnx_model(text_model.network)
    tokenizer, network = text_model.preprocessing, _in_float32(text_model.network)
    ids = [np.asarray(tokenizer(text)) for text in texts]
    answer = tf.function(
        network.answer, input_signature=[tf.TensorSpec([None, None], tf.int32)], autograph=False
    )
    tolerance = TOLERANCE * network.output_layer.scale

    def write(folder: Path) -> None:
        folder.mkdir()
        onnx.save(model, folder / "model.onnx")
        quiet = onnxruntime.SessionOptions()
        quiet.intra_op_num_threads = 1  # else it warns where it may not choose its processors
        session = onnxruntime.InferenceSession(
            folder / "model.onnx", quiet, providers=["CPUExecutionProvider"]
        )
        batches = [*_batches(tokenizer.vocabulary_size), *(row[None] for row in ids)]
        difference = np.max([_difference(session, answer, batch) for batch in batches])
        if not difference <= tolerance:
            raise WorkError(
                f"{run_folder}: the ONNX model's answers differ from the network's by "
                f"{difference:.1e}, more than {tolerance:.0e}; nothing was written"
            )
        logger.info("the ONNX model's answers are the network's within %.1e", difference)

        tokenizer.save_assets(os.fspath(folder))
        name = model.graph.output[0].name
        answers = [answer(row[None]).numpy()[0] for row in ids]
        write_golden(
            folder,
            [{"text": text, "ids": row.tolist()} for text, row in zip(texts, ids, strict=True)],
            [{name: answer[0] if name == "value" else answer} for answer in answers],
            tolerance,
        )
        for file, content in files.items():
            (folder / file).write_text(content, encoding="utf-8", newline="")

    return write_version(Path(run_folder) / FOLDER, write)


def _in_float32(network: Any) -> Any:
    """Return the network, or one with the same weights that computes in float32."""
    if network.compute_dtype == "float32":
        return network
    single = type(network).from_config(network.get_config() | {"dtype": "float32"})
    single.build()
    single.set_weights(network.get_weights())
    return single


def _batches(vocabulary_size: int) -> list[NDArray[np.int32]]:
    """Return batches of ids: one step, one row, rows padded (one is all padding), long rows."""
    random = np.random.default_rng(0)
    batches = []
    for rows, steps in ((1, 1), (1, 50), (9, 50), (2, 400)):
        ids = random.integers(1, vocabulary_size, (rows, steps), np.int32)
        lengths = np.linspace(steps, 0 if rows > 2 else steps, rows)
        batches.append(np.where(np.arange(steps) < lengths[:, None], ids, 0))
    return batches


def _difference(session: Any, answer: Any, ids: NDArray[np.int32]) -> float:
    """Return the greatest difference between the answers to one batch."""
    (answers,) = session.run(None, {"ids": ids.astype(np.int64)})
    expected = answer(ids).numpy().reshape(answers.shape)
    return float(np.max(np.abs(answers - expected)))
