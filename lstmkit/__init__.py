"""lstmkit: what the lessons share. The ideas themselves are written out in the lessons.

    from lstmkit import claim, exercise, plot, seed

Names are fetched when first used, so that `import lstmkit` costs little more than `import torch`. The library needs torch
and numpy; whatever else a module uses it fetches by `need`, which tells in one line what to install.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

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

_DISTRIBUTION = {"sklearn": "scikit-learn", "currency_converter": "CurrencyConverter"}  # where not the import's name


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    if name in _MODULES:
        return import_module(f"lstmkit.{name}")
    raise AttributeError(f"lstmkit has no {name!r}; it has {', '.join(__all__)}")


def need(who: str, module: str) -> ModuleType:
    """Import a module of a package that not everybody has: `plt = need(__name__, "matplotlib.pyplot")`.

    who: the name of the part of lstmkit that needs it. Raises ModuleNotFoundError, one line that says what to install.
    """
    try:
        return import_module(module)
    except ImportError as error:
        broken = None if isinstance(error, ModuleNotFoundError) else error  # there, but does not load: show why
        raise ModuleNotFoundError(lacking(who, module), name=module) from broken


def lacking(who: str, module: str, extra: str = "course") -> str:
    """The line that says what to install for a module that is not there: pyproject's extra that holds it."""
    package = module.split(".")[0]
    return f"{who} needs {_DISTRIBUTION.get(package, package)}: pip install 'lstmkit[{extra}]'"


def __dir__() -> list[str]:
    return __all__
