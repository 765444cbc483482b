"""What a warm training process loads while it waits.

Stage 4 (training).
"""

from __future__ import annotations

import os


def preload() -> None:
    """Import TensorFlow, Keras and scikit-learn quietly; runs no operation, so that threads can still be set."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras  # noqa: F401
    import sklearn.feature_extraction.text  # noqa: F401
    import sklearn.svm  # noqa: F401
    import tensorflow  # noqa: F401
