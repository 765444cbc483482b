"""What a hidden neuron does with its sum: the choices, and their formulas."""

from __future__ import annotations

from typing import Literal

Activation = Literal["relu", "sigmoid", "tanh", "gelu"]
TITLES = ("ReLU", "sigmoid", "tanh", "GELU")

ACTIVATIONS = {
    "relu": (r"\max(0, z)", "[z > 0]"),
    "sigmoid": (r"\frac{1}{1 + e^{-z}}", r"f(z) \, (1 - f(z))"),
    "tanh": (r"\tanh z", r"1 - f(z)^2"),
    "gelu": (r"z \, \Phi(z)", r"\Phi(z) + z \, \varphi(z)"),
}
"""f and its derivative; in GELU, the normal distribution and its density."""
