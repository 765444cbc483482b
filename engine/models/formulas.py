"""The mathematics of the article's section 4 for one chosen network, as LaTeX with the chosen numbers filled in.

Two faults of the article are put right: the gradient of cross-entropy after softmax is prediction minus label (4.2 has
the opposite sign, which would climb the loss), and its last formula holds for output weights only, so the step
through a hidden layer is given too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.errors import N_

if TYPE_CHECKING:
    from engine.models.text.case_network import CaseNetworkParams


def case_formulas(
    params: CaseNetworkParams, width: int, classes: int, count: int
) -> Sequence[tuple[str, str]]:
    """(caption message id, LaTeX) pairs: forward pass, softmax, loss, gradients, update, learning rate, size."""
    depth, units = params.hidden_layers, params.units
    first = params.embedding_size if params.input == "embedding" else width
    lines: list[tuple[str, str]] = []
    if params.input == "embedding":
        lines.append(
            (
                N_("Embedding bag: the mean vector of the N things counted in a text"),
                rf"a^{{(0)}} = \frac{{1}}{{N}} \sum_{{i=1}}^{{N}} E_{{t_i}}, \quad E \in \mathbb{{R}}^{{{width} \times {first}}}",
            )
        )
    else:
        lines.append(
            (
                N_("TF-IDF input: each text is a vector of unit length (one for each kind counted)"),
                rf"a^{{(0)}} = x \in \mathbb{{R}}^{{{width}}}, \quad "
                rf"x_t \propto {_term(params)} \left(\ln \frac{{1 + n}}{{1 + n_t}} + 1\right)",
            )
        )
    for layer in range(1, depth + 1):
        lines.append(
            (
                N_("Hidden layer with ReLU"),
                rf"z^{{({layer})}} = W^{{({layer})}} a^{{({layer - 1})}} + b^{{({layer})}}, \quad "
                rf"a^{{({layer})}} = \max(0, z^{{({layer})}}), \quad "
                rf"W^{{({layer})}} \in \mathbb{{R}}^{{{units} \times {first if layer == 1 else units}}}",
            )
        )
    out = depth + 1
    penalty = rf" + {_number(params.l2)} \sum_l \lVert W^{{(l)}} \rVert^2" if params.l2 else ""
    weight = r"w_{y_i} " if params.balanced else ""
    smooth = _number(params.smoothing)
    error = r"w_y \left(\hat{y} - y\right)" if params.balanced else r"\hat{y} - y"
    shrink = rf" + {_number(2 * params.l2)} W^{{(l)}}" if params.l2 else ""
    if params.dropout:
        kept = _number(1 - params.dropout)
        lines.append(
            (
                N_("Dropout, in training only: each hidden neuron stays with this probability"),
                rf"a^{{(l)}}_j \leftarrow \frac{{m_j}}{{{kept}}} a^{{(l)}}_j, \quad P(m_j = 1) = {kept}",
            )
        )
    lines += [
        (
            N_("Output layer with softmax"),
            rf"z^{{({out})}} = W^{{({out})}} a^{{({depth})}} + b^{{({out})}}, \quad "
            rf"\hat{{y}}_k = \frac{{e^{{z^{{({out})}}_k}}}}{{\sum_{{j=1}}^{{{classes}}} e^{{z^{{({out})}}_j}}}}, "
            rf"\quad W^{{({out})}} \in \mathbb{{R}}^{{{classes} \times {units}}}",
        ),
        (
            N_("Loss: cross-entropy over a batch"),
            rf"L = -\frac{{1}}{{{params.batch_size}}} \sum_{{i=1}}^{{{params.batch_size}}} {weight}"
            rf"\sum_{{k=1}}^{{{classes}}} y_{{ik}} \ln \hat{{y}}_{{ik}}{penalty}"
            + (rf", \quad y_{{ik}} = {_number(1 - params.smoothing)} \, [k = \text{{label}}] + \frac{{{smooth}}}{{{classes}}}" if params.smoothing else ""),
        ),
        (
            N_("Gradient at the output: prediction minus label (the article has the opposite sign)"),
            rf"\delta^{{({out})}} = \frac{{\partial L}}{{\partial z^{{({out})}}}} = {error}",
        ),
        (
            N_("Gradient through a hidden layer, and of every layer's weights (the article gives output weights only)"),
            r"\delta^{(l)} = \left(W^{(l+1)\top} \delta^{(l+1)}\right) \odot \left[z^{(l)} > 0\right], \quad "
            rf"\frac{{\partial L}}{{\partial W^{{(l)}}}} = \delta^{{(l)}} a^{{(l-1)\top}}{shrink}, \quad "
            r"\frac{\partial L}{\partial b^{(l)}} = \delta^{(l)}",
        ),
        _update(params),
        (N_("Learning rate in epoch e, counted from 0"), _rate(params)),
        (N_("Number of trainable parameters"), rf"\lvert \theta \rvert = {count}"),
    ]  # fmt: skip
    return tuple(lines)


def _term(params: CaseNetworkParams) -> str:
    return r"(1 + \ln f_t)" if params.sublinear else "f_t"


def _update(params: CaseNetworkParams) -> tuple[str, str]:
    if params.optimizer == "gradient_descent":
        return (
            N_("Gradient descent: a step against the gradient"),
            r"\theta^{(t+1)} = \theta^{(t)} - \alpha_e \frac{\partial L}{\partial \theta}",
        )
    return (
        N_(
            "Gradient descent with Adam: a step against the running mean of the gradient, scaled by its running size"
        ),
        r"m = 0.9\,m + 0.1\,g, \quad v = 0.999\,v + 0.001\,g^2, \quad g = \frac{\partial L}{\partial \theta}, \quad "
        r"\theta^{(t+1)} = \theta^{(t)} - \alpha_e \frac{m / (1 - 0.9^t)}{\sqrt{v / (1 - 0.999^t)} + 10^{-7}}",
    )


def _rate(params: CaseNetworkParams) -> str:
    start = _number(params.learning_rate)
    if params.decay == "exponential":
        return rf"\alpha_e = {start} \cdot {_number(params.decay_rate)}^{{\,e}}"
    if params.decay == "step":
        return rf"\alpha_e = {start} \cdot {_number(params.decay_rate)}^{{\lfloor e / {params.decay_every} \rfloor}}"
    if params.decay == "cosine":
        return rf"\alpha_e = {start} \cdot \tfrac{{1}}{{2}} \left(1 + \cos \frac{{\pi e}}{{{params.epochs}}}\right)"
    return rf"\alpha_e = {start}"


def _number(value: float) -> str:
    """A number as LaTeX: powers of ten for the small ones."""
    text = f"{value:.4g}"
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    power = rf"10^{{{int(exponent)}}}"
    return power if mantissa == "1" else rf"{mantissa} \cdot {power}"
