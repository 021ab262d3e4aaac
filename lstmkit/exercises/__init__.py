"""`exercise`: checks an answer, says which mistake it is, and never stops a lesson.

    lstm_step = exercise("06.1", lstm_step)

An exercise is defined once, in `lesson_NN.py` beside this file, by `define(id, reference=…, cases=…, mistakes=[…])`.
`core` says what a definition holds; `slips` makes the mistakes that everybody makes; `check` compares an answer with it.
"""

from __future__ import annotations

from lstmkit.exercises import slips
from lstmkit.exercises.check import exercise, graded
from lstmkit.exercises.core import Case, Exercise, Mistake, case, catalogue, define, find, mistake

__all__ = [
    "Case",
    "Exercise",
    "Mistake",
    "case",
    "catalogue",
    "define",
    "exercise",
    "find",
    "graded",
    "mistake",
    "slips",
]
