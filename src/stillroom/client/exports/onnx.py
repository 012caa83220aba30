"""A trained model as an ONNX graph, for programs in any language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from stillroom.learning.predicting import largest_log, levels, weights_of
from stillroom.model.codec import digest_of
from stillroom.model.training import Poisson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillroom.model.trained import TrainedModel, Variable

_OPSET, _ML_OPSET, _IR = 17, 3, 8
"""Versions of 2022, so that runtimes that are not new run it."""


def to_onnx(model: TrainedModel) -> Any:  # noqa: ANN401 - the package is an extra
    """Return a model (`onnx.ModelProto`) whose inputs are the features by name, each a column of one value for each row.

    Numbers are doubles, NaN where missing. Texts are strings, and so are truth values: `true` and `false`; a string that is not listed
    counts as missing. There is one output of the label's name, and for values a second one, `probability`, in the contract's order; with
    `_` after it where a column is called so.
    All is computed in doubles. The metadata name the model, its plan and its contract, and say what it guarantees.

    Raises:
        ModuleNotFoundError: onnx is not there: it is the extra `onnx`.
    """
    try:
        import onnx
    except ModuleNotFoundError as error:
        error.add_note("Install it with Stillroom's extra: python3 -m pip install 'stillroom[onnx]'")
        raise
    graph = _Graph(model)
    scores = graph.scores()
    graph.finish(scores)
    sets = [onnx.helper.make_opsetid("", _OPSET), onnx.helper.make_opsetid("ai.onnx.ml", _ML_OPSET)]
    found = onnx.helper.make_model(graph.made(), opset_imports=sets, ir_version=_IR, producer_name="stillroom")
    onnx.helper.set_model_props(found, _metadata(model))
    onnx.checker.check_model(found)
    return found


def _metadata(model: TrainedModel) -> dict[str, str]:
    return {
        "stillroom_model": digest_of(model),
        "stillroom_plan": model.plan,
        "stillroom_contract": model.contract,
        "stillroom_promise": "\n".join(model.sentences),
        "stillroom_unchecked": " ".join(model.unchecked),
    }


class _Graph:
    """A graph that is being made. Names inside are longer than those of columns, so that none is another's."""

    def __init__(self, model: TrainedModel) -> None:
        self._model = model
        self._prefix = "_" * (len("probability") + max(len(one.name) for one in (*model.features, model.label)))
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._outputs: list[Any] = []

    def scores(self) -> str:
        """Add all columns' features, and their products with the parameters."""
        weights = weights_of(self._model).T
        features = self._add("Concat", *(self._feature(one) for one in self._model.features), axis=1)
        products = self._add("MatMul", features, self._constant(weights[:-1]))
        return self._add("Add", products, self._constant(weights[-1] * self._model.scaling.constant))

    def finish(self, scores: str) -> None:
        """Add what the model predicts from the scores."""
        from onnx import TensorProto

        label, classes = self._model.label.name, self._model.classes
        if not classes:
            if isinstance(self._model.fit, Poisson):
                scores = self._add("Exp", self._add("Min", scores, self._constant(np.array(largest_log(self._model)))))
            self._add("Identity", scores, into=label)
            self._output(label, TensorProto.DOUBLE, 1)
            return
        place = self._add("ArgMax", scores, axis=1, keepdims=1)
        self._add("Gather", self._constant(np.array(classes)), place, axis=0, into=label)
        self._output(label, TensorProto.BOOL if isinstance(classes[0], bool) else TensorProto.STRING, 1)
        chances = self._free("probability")
        self._add("Softmax", scores, axis=1, into=chances)
        self._output(chances, TensorProto.DOUBLE, len(classes))

    def made(self) -> Any:  # noqa: ANN401 - the package is an extra
        """Return the graph."""
        from onnx import TensorProto, helper

        kinds = {one.name: TensorProto.STRING if one.values else TensorProto.DOUBLE for one in self._model.features}
        inputs = [helper.make_tensor_value_info(name, kind, ["rows", 1]) for name, kind in kinds.items()]
        return helper.make_graph(self._nodes, self._model.name, inputs, self._outputs, self._constants)

    def _feature(self, variable: Variable) -> str:
        if not variable.values:
            low, high = variable.bounds
            held = self._add("Clip", variable.name, self._constant(np.array(low)), self._constant(np.array(high)))
            moved = self._add("Sub", self._add("Add", held, held), self._constant(np.array(low + high)))
            scaled = self._add("Div", moved, self._constant(np.array(high - low)))
            return self._add("Where", self._add("IsNaN", variable.name), self._constant(np.array(0.0)), scaled)
        texts = [str(value).lower() if isinstance(value, bool) else value for value in variable.values]
        codes = list(range(len(texts)))
        place = self._add(
            "LabelEncoder", variable.name, domain="ai.onnx.ml", keys_strings=texts, values_int64s=codes, default_int64=len(texts)
        )
        chosen = self._add("Gather", self._constant(levels(self._model, variable)), place, axis=0)
        return self._add("Squeeze", chosen, self._constant(np.array([1])))

    def _add(self, operation: str, *inputs: str, into: str | None = None, **attributes: Any) -> str:  # noqa: ANN401 - as onnx has it
        """Add a node, and return what its output is called."""
        from onnx import helper

        name = into or f"{self._prefix}{len(self._nodes)}"
        self._nodes.append(helper.make_node(operation, [*inputs], [name], **attributes))
        return name

    def _constant(self, values: NDArray[Any]) -> str:
        """Add a constant, and return its name."""
        from onnx import numpy_helper

        name = f"{self._prefix}c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(values.astype(object) if values.dtype.kind == "U" else values, name))
        return name

    def _output(self, name: str, kind: int, width: int) -> None:
        """Say that there is such an output."""
        from onnx import helper

        self._outputs.append(helper.make_tensor_value_info(name, kind, ["rows", width]))

    def _free(self, name: str) -> str:
        """Return a name that no column has."""
        taken = {one.name for one in (*self._model.features, self._model.label)}
        while name in taken:
            name += "_"
        return name
