"""The layers of the networks over texts in formulas, from the pieces of a text to the scores of the classes, with the numbers filled in.

What is learnt of them, and how, is in `engine/models/formulas.py`. A test computes each network as it is written here and compares.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.errors import N_
from engine.models.activations import ACTIVATIONS
from engine.models.formulas import Formula, dropout_formula

if TYPE_CHECKING:
    from engine.models.text.foundation import FoundationParams
    from engine.models.text.recurrent import RecurrentParams
    from engine.models.text.text_cnn import TextCnnParams
    from engine.models.text.transformer import TransformerParams


def bag_formulas(vocabulary: int, size: int, dropout: float, classes: int) -> Sequence[Formula]:
    """The embedding bag."""
    mean = (
        N_("Embedding bag: the mean vector of the N things counted in a text"),
        rf"h = \frac{{1}}{{N}} \sum_{{i=1}}^{{N}} E_{{t_i}}, \quad E \in {_reals(vocabulary, size)}",
    )
    return (mean, *_dropout(dropout), scores_formula(size, classes))


def convolution_formulas(
    params: TextCnnParams, widths: Sequence[int], vocabulary: int, classes: int
) -> Sequence[Formula]:
    """Convolutions of several widths over the vectors of the pieces."""
    size, filters = params.embedding_size, params.filters
    listed = ", ".join(str(width) for width in widths)
    parts = "; ".join(rf"h^{{({width})}}" for width in widths)
    lines = [
        _vectors(vocabulary, size),
        (
            N_("Convolution: each filter of width w looks at w neighbouring pieces; beyond the text there are zeros"),
            rf"c^{{(w)}}_i = f\left(W^{{(w)}} [x_{{i-l}}; \ldots; x_{{i-l+w-1}}] + b^{{(w)}}\right), \quad f(z) = {ACTIVATIONS[params.activation][0]}, \quad "
            rf"l = \lfloor \tfrac{{w-1}}{{2}} \rfloor, \quad w \in \{{{listed}\}}, \quad W^{{(w)}} \in \mathbb{{R}}^{{{filters} \times {size} w}}",
        ),
        (
            N_("Of each filter the strongest answer is kept"),
            rf"h^{{(w)}} = \max_{{i}} \, c^{{(w)}}_i, \quad h = [{parts}] \in \mathbb{{R}}^{{{filters * len(widths)}}}",
        ),
    ]  # fmt: skip
    return (*lines, *_dropout(params.dropout), scores_formula(filters * len(widths), classes))


def recurrence_formulas(params: RecurrentParams, vocabulary: int, classes: int) -> Sequence[Formula]:
    """A GRU (the reset gate after the product, as Keras has it) or an LSTM in both directions."""
    size, units = params.embedding_size, params.units
    weights = rf"W \in {_reals(units, size)}, \; U \in {_reals(units, units)}"
    if params.cell == "gru":
        step = (
            N_("GRU: how much of the state is kept (u), and how much of it the new one sees (r)"),
            r"u = \sigma(W_u x_i + U_u s_{i-1} + b_u), \quad r = \sigma(W_r x_i + U_r s_{i-1} + b_r), \quad "
            r"n = \tanh\left(W_n x_i + b_n + r \odot (U_n s_{i-1} + c_n)\right), \quad "
            rf"s_i = u \odot s_{{i-1}} + (1 - u) \odot n, \quad {weights}",
        )  # fmt: skip
    else:
        step = (
            N_("LSTM: what enters the memory m (g), what of it stays (f), and what is passed on (o)"),
            r"g = \sigma(W_g x_i + U_g s_{i-1} + b_g), \quad f = \sigma(W_f x_i + U_f s_{i-1} + b_f), \quad "
            r"o = \sigma(W_o x_i + U_o s_{i-1} + b_o), \quad "
            r"m_i = f \odot m_{i-1} + g \odot \tanh(W_m x_i + U_m s_{i-1} + b_m), \quad "
            rf"s_i = o \odot \tanh m_i, \quad {weights}",
        )  # fmt: skip
    kept = {
        "both": (r"h = \left[\max_i s_i; \; \tfrac{1}{N} \textstyle\sum_i s_i\right]", 4),
        "max": (r"h = \max_i s_i", 2),
        "mean": (r"h = \tfrac{1}{N} \textstyle\sum_i s_i", 2),
    }  # fmt: skip
    pooled, parts = kept[params.pooling]
    both = (
        N_("Both directions, and what is kept of the states at all pieces"),
        rf"s_i = [\overrightarrow{{s}}_i; \overleftarrow{{s}}_i] \in \mathbb{{R}}^{{{2 * units}}}, \quad {pooled}",
    )
    return (
        _vectors(vocabulary, size), step, both, *_dropout(params.dropout), scores_formula(parts * units, classes)
    )  # fmt: skip


def encoder_formulas(
    params: TransformerParams, vocabulary: int, places: int, width: int, classes: int
) -> Sequence[Formula]:
    """A Transformer encoder with the normalization before each part."""
    first = params.pooling == "first"
    inner, head = params.inner * width, width // params.heads
    begin = rf", \quad x_0 \in \mathbb{{R}}^{{{width}}}" if first else ""
    text = r"h = \mathcal{N}(x_0)" if first else r"h = \frac{1}{N} \sum_{i=1}^{N} \mathcal{N}(x_i)"
    lines = [
        (
            N_("Vectors of the pieces of a text and of their places; a learnt one, the same for all texts, stands before them")
            if first
            else N_("Vectors of the pieces of a text and of their places"),
            rf"x_i = E_{{t_i}} + P_i, \quad E \in {_reals(vocabulary, width)}, \quad P \in {_reals(places, width)}{begin}",
        ),
        (
            N_("Normalization of a vector (mean and variance over its numbers)"),
            r"\mathcal{N}(x) = \gamma \odot \frac{x - \mu}{\sqrt{\sigma^2 + 10^{-5}}} + \beta",
        ),
        (
            N_("In every block, attention: each piece takes from all the others, in each head by another likeness"),
            rf"Q_k, K_k, V_k = \mathcal{{N}}(X) W^{{Q,K,V}}_k + b^{{Q,K,V}}_k, \quad A_k = \operatorname{{softmax}}\left(\frac{{Q_k K_k^\top}}{{\sqrt{{{head}}}}}\right) V_k, \quad "
            rf"X \leftarrow X + [A_1; \ldots; A_{{{params.heads}}}] W^O + b^O",
        ),
        (
            N_("Then a feed-forward network at each place; the blocks B follow one another"),
            rf"X \leftarrow X + g\left(\mathcal{{N}}(X) W_1 + b_1\right) W_2 + b_2, \quad g(z) = {ACTIVATIONS[params.activation][0]}, \quad "
            rf"W_1 \in {_reals(width, inner)}, \quad X \leftarrow {_blocks(params.depth)}",
        ),
        (N_("Text vector"), text),
    ]  # fmt: skip
    return (*lines, *_dropout(params.dropout), scores_formula(width, classes))


def adaptation_formulas(
    params: FoundationParams, layers: int, heads: int, hidden: int, classes: int
) -> Sequence[Formula]:
    """A foundation model's read-out, and what of the model itself changes."""
    pooled = {
        "mean": r"h = \frac{1}{N} \sum_{i=1}^{N} x_i",
        "first": r"h = x_1",
        "max": r"h = \max_i x_i",
    }[params.pooling]
    lines = [
        (
            N_("What the foundation model makes of the pieces of a text, and the vector of the text"),
            rf"(x_1, \ldots, x_N) = M_{{\theta}}(t_1, \ldots, t_N), \quad x_i \in \mathbb{{R}}^{{{hidden}}}, \quad {pooled}",
        ),
        *_dropout(params.dropout),
        scores_formula(hidden, classes),
    ]
    if params.adapt == "frozen":
        lines.append(
            (
                N_("Only the read-out learns; for that each number of h is moved and stretched to mean 0 and deviation 1 over the training texts"),
                r"\theta = \theta_0, \quad h \leftarrow \frac{h - \mu}{\sigma}",
            )
        )  # fmt: skip
    elif params.adapt == "lora":
        rank = params.rank
        lines.append(
            (
                N_("LoRA: to query and value of every layer and head a product of two narrow tables is added; they learn, and the biases there (B is 0 at first)"),
                rf"W_k = W_{{0,k}} + A_k B, \quad k = 1, \ldots, {heads}, \quad A_k \in {_reals(hidden, rank)}, \quad B \in {_reals(rank, hidden // heads)}",
            )
        )  # fmt: skip
    elif params.layer_decay < 1 or params.adapt == "gradual":
        lines.append(
            (
                N_("The nearer a layer is to the input, the smaller its rate (l counts from there, the read-out is the last)"),
                rf"\alpha^{{(l)}} = \alpha_e \cdot {params.layer_decay:.4g}^{{\,{layers + 1} - l}}",
            )
        )  # fmt: skip
    if params.adapt == "gradual":
        lines.append(
            (
                N_("Layer by layer: until epoch e (from 0) reaches it, a layer stays as it was"),
                rf"l \ge {layers + 1} - {params.thaw} \, e",
            )
        )  # fmt: skip
    return tuple(lines)


def scores_formula(width: int, classes: int) -> Formula:
    """From the vector of a text to the probabilities of the classes."""
    return (
        N_("Output layer with softmax"),
        rf"z = W h + b, \quad \hat{{y}}_k = \frac{{e^{{z_k}}}}{{\sum_{{j=1}}^{{{classes}}} e^{{z_j}}}}, \quad W \in {_reals(classes, width)}",
    )


def _vectors(vocabulary: int, size: int) -> Formula:
    return (
        N_("Vectors of the pieces of a text"),
        rf"x_i = E_{{t_i}}, \quad i = 1, \ldots, N, \quad E \in {_reals(vocabulary, size)}",
    )


def _dropout(share: float) -> Sequence[Formula]:
    return (dropout_formula(share),) if share else ()


def _blocks(count: int) -> str:
    r"""One after the other: "B_1(X)", "B_2(B_1(X))", "B_3(\ldots B_1(X))"."""
    if count < 3:
        return "B_1(X)" if count == 1 else "B_2(B_1(X))"
    return rf"B_{{{count}}}(\ldots B_1(X))"


def _reals(rows: int, columns: int) -> str:
    return rf"\mathbb{{R}}^{{{rows} \times {columns}}}"
