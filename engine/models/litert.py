"""Networks as they are delivered: exported to LiteRT, run without TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import N_, BundleError

MODEL = "model.tflite"
_AT_ONCE = 256
_TOLERANCE = 1e-3
_FROZEN = 10_000_000
"""Numbers up to which weights are written into the graph in memory: 0.1 s for a small network, by way of the disk 0.4. Beyond, it takes
longer and several times the memory: with 102 million numbers 25 s of processor time and 5.9 GB against 12 s and 2.1 GB, and 435 million
did not fit into 23 GB, against 5.0."""


class ExportDiffers(BundleError):
    code = "EXPORT_DIFFERS"
    message = N_(
        "The exported network answers differently from the trained one (largest difference {difference})."
    )
    remedy = N_("Keep the run, and report this with the versions on the settings page.")


class LiteModel:
    """A LiteRT file ready to answer; calls from several threads take turns.

    Args:
        path: the file that `export_network` wrote.
        threads: processor threads a call may use; one is fastest for single texts.
        head: False answers with what the last dense layer reads, one vector an input, instead of the classes.
    """

    def __init__(self, path: Path, threads: int = 1, head: bool = True) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self.path = path
        source = {"model_path": str(path)} if head else {"model_content": _without_head(path)}
        self._interpreter = Interpreter(**source, num_threads=threads)
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]
        self._lock = Lock()
        self._shape: tuple[int, ...] = ()

    def run(self, count: int, take: Callable[[slice], NDArray[Any]]) -> NDArray[np.float64]:
        """Outputs of shape (count, outputs); `take(rows)` gives the inputs of at most 256 rows at a time."""
        if count == 0:
            return np.zeros((0, int(self._output["shape"][-1])))
        with self._lock:
            chunks = [self._call(take(slice(start, start + _AT_ONCE))) for start in range(0, count, _AT_ONCE)]
        return np.concatenate(chunks).astype(np.float64)

    def _call(self, rows: NDArray[Any]) -> NDArray[Any]:
        if rows.shape != self._shape:
            self._interpreter.resize_tensor_input(self._input["index"], rows.shape)
            self._interpreter.allocate_tensors()
            self._shape = rows.shape
        self._interpreter.set_tensor(self._input["index"], rows.astype(self._input["dtype"], copy=False))
        self._interpreter.invoke()
        answer: NDArray[Any] = self._interpreter.get_tensor(self._output["index"])
        return answer


def _without_head(path: Path) -> bytes:
    """The file with another output: what its last dense layer reads. The layers behind it stay and nobody asks them."""
    from ai_edge_litert import schema_py_generated as schema

    content = bytearray(path.read_bytes())
    model = schema.Model.GetRootAs(content)
    graph = model.Subgraphs(0)
    operators = [graph.Operators(place) for place in range(graph.OperatorsLength())]
    dense = schema.BuiltinOperator.FULLY_CONNECTED
    last = [o for o in operators if model.OperatorCodes(o.OpcodeIndex()).BuiltinCode() == dense][-1]
    graph.OutputsAsNumpy()[0] = last.Inputs(0)  # a view of the bytes
    return bytes(content)


def export_network(model: Any, path: Path, sample: NDArray[Any]) -> None:
    """Write a Keras model of one input and one output as a float32 LiteRT file, then load and run it.

    Args:
        model: the Keras model as it shall be served, its output included.
        path: the file to write.
        sample: some inputs on which both must agree.

    Raises:
        ExportDiffers: if they do not.
    """
    from engine.training.step import forward_pass

    # Keras' own export traces the model four times, which takes two to nine times as long
    forward: Any = forward_pass(model)
    large = model.count_params() > _FROZEN
    converted = _by_way_of_disk(model, forward, path.parent) if large else _in_memory(model, forward)
    path.write_bytes(converted)
    exported = LiteModel(path).run(len(sample), lambda rows: sample[rows])
    difference = float(np.abs(exported - np.asarray(forward(sample))).max(initial=0.0))
    if not difference <= _TOLERANCE:
        raise ExportDiffers(difference=difference)


def _in_memory(model: Any, forward: Any) -> bytes:
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_concrete_functions([forward.get_concrete_function()], model)
    converter.experimental_lower_to_saved_model = False
    converted: bytes = converter.convert()
    return converted


def _by_way_of_disk(model: Any, forward: Any, folder: Path) -> bytes:
    import tensorflow as tf

    module = tf.Module()
    module.weights = [variable.value for variable in model.variables]
    named = tf.function(lambda inputs: {"output": forward(inputs)}, input_signature=forward.input_signature)
    with TemporaryDirectory(dir=folder, prefix=".export-") as name:
        tf.saved_model.save(module, name, signatures=named.get_concrete_function())
        converted: bytes = tf.lite.TFLiteConverter.from_saved_model(name).convert()
    return converted
