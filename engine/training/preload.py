"""Libraries in memory before they are needed: the fork servers call this, and every network's `fit` calls `preload`.

Stage 4 (training). Importing is all it does: a process that has run an operation must never fork, and threads can
only be set before the first one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def preload() -> None:
    """Import TensorFlow, Keras and scikit-learn without a word and without running an operation (7-14 s, 0.7 GB)."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "keras" in sys.modules:
        return
    with _quiet_stderr():
        import keras  # noqa: F401
        import sklearn.feature_extraction.text  # noqa: F401
        import sklearn.svm  # noqa: F401
        import tensorflow  # noqa: F401


def preload_short() -> None:
    """Import what most short jobs need and no light process shall load (2 s)."""
    import charset_normalizer  # noqa: F401
    import scipy.stats  # noqa: F401
    import sklearn.feature_extraction.text  # noqa: F401


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    """The C++ side greets on descriptor 2 before it reads any log level; Python's own errors still come as exceptions."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
