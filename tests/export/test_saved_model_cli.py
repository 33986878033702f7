"""Exported models in TensorFlow's own tool, ``saved_model_cli``."""

import os
import subprocess
import sys

import numpy as np
import pytest


@pytest.mark.slow
def test_run(exported, tmp_path):
    subprocess.run(
        [
            sys.executable, "-m", "tensorflow.python.tools.saved_model_cli", "run",
            "--dir", exported / "1", "--tag_set", "serve", "--signature_def", "serving_default",
            "--input_exprs", "text=['a good film', 'bad']", "--outdir", tmp_path,
        ],
        check=True, capture_output=True, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )  # fmt: skip
    labels = np.load(tmp_path / "label.npy", allow_pickle=True)
    assert labels.tolist() == [b"pos", b"neg"]
    np.testing.assert_allclose(np.load(tmp_path / "score.npy"), [0.8807970, 0.8807970], atol=1e-6)
