"""lstmkit: what the lessons share. The ideas themselves are written out in the lessons.

    from lstmkit import claim, exercise, plot, seed

Names are fetched when first used, so that `import lstmkit` costs little more than `import torch`.
"""

from __future__ import annotations

from importlib import import_module

__version__ = "0.1.0"

_HOME = {
    "claim": "lstmkit.claims",
    "outcome": "lstmkit.claims",
    "predict": "lstmkit.claims",
    "exercise": "lstmkit.exercises",
    "seed": "lstmkit.runtime",
    "device": "lstmkit.runtime",
    "describe": "lstmkit.runtime",
    "generator": "lstmkit.runtime",
    "expect": "lstmkit.shapes",
    "fit": "lstmkit.train",
}
_MODULES = {"attribution", "cells", "claims", "data", "exercises", "gradients", "layers", "models", "plot", "runtime"}
_MODULES |= {"shapes", "train"}

__all__ = sorted([*_HOME, *_MODULES])


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    if name in _MODULES:
        return import_module(f"lstmkit.{name}")
    raise AttributeError(f"lstmkit has no {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return __all__
