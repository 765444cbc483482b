"""The mathematics of the article's section 4 for the chosen layers, loss and optimizer, as LaTeX with the numbers filled in.

Two faults of the article are put right: the gradient of cross-entropy after softmax is prediction minus label (4.2 has
the opposite sign, which would climb the loss), and its last formula holds for output weights only, so the step
through a hidden layer is given too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.errors import N_
from engine.models.activations import ACTIVATIONS

if TYPE_CHECKING:
    from engine.models.learning import LearningParams
    from engine.models.text.case_network import CaseNetworkParams

Formula = tuple[str, str]
"""A caption (message id) and its LaTeX."""


def case_formulas(params: CaseNetworkParams, width: int, classes: int, count: int) -> Sequence[Formula]:
    """Forward pass, softmax, loss, gradients, update, learning rate and size of the case network."""
    depth, units = params.hidden_layers, params.units
    first = params.embedding_size if params.input == "embedding" else width
    lines: list[Formula] = []
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
    activation, derivative = ACTIVATIONS[params.activation]
    for layer in range(1, depth + 1):
        lines.append(
            (
                N_("Hidden layer"),
                rf"z^{{({layer})}} = W^{{({layer})}} a^{{({layer - 1})}} + b^{{({layer})}}, \quad "
                rf"a^{{({layer})}} = f(z^{{({layer})}}), \quad f(z) = {activation}, \quad "
                rf"W^{{({layer})}} \in \mathbb{{R}}^{{{units} \times {first if layer == 1 else units}}}",
            )
        )
    if params.dropout:
        lines.append(dropout_formula(params.dropout))
    out = depth + 1
    shrink = rf" + {_number(2 * params.l2)} W^{{(l)}}" if params.l2 else ""
    lines += [
        (
            N_("Output layer with softmax"),
            rf"z^{{({out})}} = W^{{({out})}} a^{{({depth})}} + b^{{({out})}}, \quad "
            rf"\hat{{y}}_k = \frac{{e^{{z^{{({out})}}_k}}}}{{\sum_{{j=1}}^{{{classes}}} e^{{z^{{({out})}}_j}}}}, "
            rf"\quad W^{{({out})}} \in \mathbb{{R}}^{{{classes} \times {units}}}",
        ),
        loss_formula(params, classes, rf" + {_number(params.l2)} \sum_l \lVert W^{{(l)}} \rVert^2" if params.l2 else ""),
        output_gradient(params, rf"^{{({out})}}"),
        (
            N_("Gradient through a hidden layer, and of every layer's weights (the article gives output weights only)"),
            r"\delta^{(l)} = \left(W^{(l+1)\top} \delta^{(l+1)}\right) \odot f'(z^{(l)}), \quad "
            rf"f'(z) = {derivative}, \quad "
            rf"\frac{{\partial L}}{{\partial W^{{(l)}}}} = \delta^{{(l)}} a^{{(l-1)\top}}{shrink}, \quad "
            r"\frac{\partial L}{\partial b^{(l)}} = \delta^{(l)}",
        ),
        *step_formulas(params),
        size_formula(count),
    ]  # fmt: skip
    return tuple(lines)


def learning_formulas(params: LearningParams, classes: int, count: int) -> Sequence[Formula]:
    """Loss, gradient at the output, update, learning rate and size of any network that ends in softmax."""
    return (
        loss_formula(params, classes),
        output_gradient(params),
        *step_formulas(params),
        size_formula(count),
    )


def dropout_formula(share: float) -> Formula:
    """What dropout does to a hidden neuron."""
    kept = _number(1 - share)
    return (
        N_("Dropout, in training only: each hidden neuron stays with this probability"),
        rf"a^{{(l)}}_j \leftarrow \frac{{m_j}}{{{kept}}} a^{{(l)}}_j, \quad P(m_j = 1) = {kept}",
    )


def loss_formula(params: LearningParams, classes: int, penalty: str = "") -> Formula:
    """The chosen loss over a batch; `penalty` is added as it is."""
    weight = "w_{y_i} " if params.balanced else ""
    mean = rf"\frac{{1}}{{{params.batch_size}}} \sum_{{i=1}}^{{{params.batch_size}}} {weight}"
    inner = rf"\sum_{{k=1}}^{{{classes}}}"
    smooth = ""
    if params.smoothing:
        share = _number(params.smoothing)
        smooth = (
            rf", \quad y_{{ik}} = {_number(1 - params.smoothing)} \, [k = c] + \frac{{{share}}}{{{classes}}}"
        )
    if params.loss == "squared":
        return (
            N_("Loss: squared error of the probabilities over a batch"),
            rf"L = {mean}{inner} \left(\hat{{y}}_{{ik}} - y_{{ik}}\right)^2{penalty}{smooth}",
        )
    if params.loss == "focal":
        return (
            N_(
                "Loss: focal cross-entropy over a batch (c is the label); texts told apart already count less"
            ),
            rf"L = -{mean}\left(1 - \hat{{y}}_{{ic}}\right)^{{{_number(params.focus)}}} "
            rf"{inner} y_{{ik}} \ln \hat{{y}}_{{ik}}{penalty}{smooth}",
        )
    return (
        N_("Loss: cross-entropy over a batch; c is the label")
        if params.smoothing
        else N_("Loss: cross-entropy over a batch"),
        rf"L = -{mean}{inner} y_{{ik}} \ln \hat{{y}}_{{ik}}{penalty}{smooth}",
    )


def output_gradient(params: LearningParams, layer: str = "") -> Formula:
    """The derivative of a row's loss by the numbers before softmax, with the sign put right."""
    left = rf"\delta{layer} = \frac{{\partial L}}{{\partial z{layer}}}"
    weight = "w_y " if params.balanced else ""
    if params.loss == "squared":
        return (
            N_("Gradient at the output: the squared error through softmax"),
            rf"{left} = {weight}2 \left(\operatorname{{diag}}(\hat{{y}}) - \hat{{y}} \hat{{y}}^\top\right) (\hat{{y}} - y)",
        )
    if params.loss == "focal":
        focus, less = _number(params.focus), _number(params.focus - 1)
        return (
            N_(
                "Gradient at the output of the focal loss; p is the probability of the label, e its unit vector"
            ),
            rf"{left} = {weight}\left( (1 - p)^{{{focus}}} (\hat{{y}} - y) + {focus} \, p \, (1 - p)^{{{less}}} "
            r"\left(\textstyle\sum_k y_k \ln \hat{y}_k\right) (e - \hat{y}) \right)",
        )
    error = r"w_y \left(\hat{y} - y\right)" if params.balanced else r"\hat{y} - y"
    return (
        N_("Gradient at the output: prediction minus label (the article has the opposite sign)"),
        rf"{left} = {error}",
    )


def step_formulas(params: LearningParams) -> Sequence[Formula]:
    """What changes the gradient before the step, the step of the chosen optimizer, and the learning rate."""
    lines: list[Formula] = []
    # stands where g is met first: what comes later goes on from what was made of it
    gradient = r"g = \frac{\partial L}{\partial \theta}, \quad "
    if params.accumulate > 1:
        gradient = ""
        lines.append(
            (
                N_("Gradient accumulation: the mean over several batches makes one step"),
                rf"g = \frac{{1}}{{{params.accumulate}}} \sum_{{b=1}}^{{{params.accumulate}}} \frac{{\partial L_b}}{{\partial \theta}}",
            )
        )
    if params.clip:
        lines.append(
            (
                N_("Gradient clipping: a longer gradient is shortened to this length"),
                rf"{gradient}g \leftarrow g \cdot \min\left(1, \frac{{{_number(params.clip)}}}{{\lVert g \rVert}}\right)",
            )
        )
        gradient = ""
    title, update = _UPDATES[params.optimizer]
    lines.append((title, gradient + update))
    if params.weight_decay:
        lines.append(
            (
                N_("Weight decay: every step also shrinks the weights"),
                rf"\theta \leftarrow \theta - \alpha_e \cdot {_number(params.weight_decay)} \, \theta",
            )
        )
    if params.decay == "plateau":
        rate = N_("Learning rate after r reductions on a plateau")
    elif params.decay == "linear" or params.warmup:
        rate = N_("Learning rate after e epochs; e grows with every batch")
    else:
        rate = N_("Learning rate in epoch e, counted from 0")
    lines.append((rate, _rate(params)))
    return lines  # fmt: skip


def size_formula(count: int) -> Formula:
    """How many numbers are learned."""
    return N_("Number of trainable parameters"), rf"\lvert \theta \rvert = {count}"


_UPDATES = {
    "gradient_descent": (
        N_("Gradient descent: a step against the gradient"),
        r"\theta^{(t+1)} = \theta^{(t)} - \alpha_e \, g",
    ),
    "momentum": (
        N_("Gradient descent with momentum: a step along the faded sum of all gradients so far"),
        r"v = 0.9\,v - \alpha_e \, g, \quad \theta^{(t+1)} = \theta^{(t)} + v",
    ),
    "nesterov": (
        N_("Gradient descent with Nesterov momentum: the step looks ahead along the faded sum of gradients"),
        r"v = 0.9\,v - \alpha_e \, g, \quad \theta^{(t+1)} = \theta^{(t)} + 0.9\,v - \alpha_e \, g",
    ),
    "rmsprop": (
        N_("RMSprop: a step against the gradient, scaled by its running size"),
        r"v = 0.9\,v + 0.1\,g^2, \quad \theta^{(t+1)} = \theta^{(t)} - \alpha_e \frac{g}{\sqrt{v + 10^{-7}}}",
    ),
    "adam": (
        N_(
            "Gradient descent with Adam: a step against the running mean of the gradient, scaled by its running size"
        ),
        r"m = 0.9\,m + 0.1\,g, \quad v = 0.999\,v + 0.001\,g^2, \quad "
        r"\theta^{(t+1)} = \theta^{(t)} - \alpha_e \frac{m / (1 - 0.9^t)}{\sqrt{v / (1 - 0.999^t)} + 10^{-7}}",
    ),
    "adafactor": (
        N_("Adafactor: like Adam without the mean, the running sizes kept a row and a column of each table"),
        r"v_{ij} \approx \frac{r_i c_j}{\sum_i r_i}, \quad u = \frac{g}{\sqrt{v}}, \quad "
        r"\theta^{(t+1)} = \theta^{(t)} - \alpha_e \max(10^{-3}, \mathrm{rms}(\theta)) \frac{u}{\max(1, \mathrm{rms}(u))}",
    ),
    "lion": (
        N_(
            "Lion: a step of equal length for every weight, in the direction of the running mean of the gradient"
        ),
        r"\theta^{(t+1)} = \theta^{(t)} - \alpha_e \operatorname{sign}(0.9\,m + 0.1\,g), \quad m = 0.99\,m + 0.01\,g",
    ),
}
"""The settings are Keras' own."""
_UPDATES["adamw"] = _UPDATES["adam"]


def _term(params: CaseNetworkParams) -> str:
    return r"(1 + \ln f_t)" if params.sublinear else "f_t"


def _rate(params: LearningParams) -> str:
    start, factor = _number(params.learning_rate), _number(params.decay_rate)
    rising = params.warmup * params.epochs
    falling = _number(params.epochs - rising)
    since = rf"\lfloor e - {_number(rising)} \rfloor" if params.warmup else "e"
    steps = rf"(e - {_number(rising)})" if params.warmup else "e"
    kinds = {
        "exponential": rf"{start} \cdot {factor}^{{\,{since}}}",
        "step": rf"{start} \cdot {factor}^{{\lfloor {steps} / {params.decay_every} \rfloor}}",
        "cosine": rf"{start} \cdot \tfrac{{1}}{{2}} \left(1 + \cos \frac{{\pi {since}}}{{{falling}}}\right)",
        "linear": rf"{start} \cdot \frac{{{params.epochs} - e}}{{{falling}}}",
        "plateau": rf"{start} \cdot {factor}^{{\,r}}",
        "none": start,
    }
    rate = rf"\alpha_e = {kinds[params.decay]}"
    if params.warmup:
        rate += rf" \;\; (e \ge {_number(rising)}), \quad \alpha_e = {start} \cdot \frac{{e}}{{{_number(rising)}}} \;\; (e < {_number(rising)})"
    return rate


def _number(value: float) -> str:
    """A number as LaTeX: powers of ten for the small ones."""
    text = f"{value:.4g}"
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    power = rf"10^{{{int(exponent)}}}"
    return power if mantissa == "1" else rf"{mantissa} \cdot {power}"
