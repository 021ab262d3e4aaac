"""The exchange rates and the Lorenz system: fixed numbers, honest gaps, and agreement with an independent solver."""

from __future__ import annotations

from datetime import date

import pytest
import torch

from lstmkit.data import lorenz as lorenz_module
from lstmkit.data import rates as rates_module
from lstmkit.data.lorenz import lorenz
from lstmkit.data.rates import LAST_DAY, rates


def test_the_dollar_from_the_first_day_to_the_last():
    values, days, currencies = rates()
    assert values.shape == (6658, 1) and values.dtype == torch.float32 and currencies == ("USD",)
    assert not values.isnan().any() and len(days) == 6658
    assert (days[0], days[-1]) == (date(1999, 1, 4), date(2024, 12, 31))
    # as the European Central Bank published them: the first day, the record high and low, the last day
    published = {"1999-01-04": 1.1789, "2008-07-15": 1.5990, "2000-10-26": 0.8252, "2024-12-31": 1.0389}
    for day, rate in published.items():
        assert values[days.index(date.fromisoformat(day)), 0].item() == pytest.approx(rate, abs=1e-5)
    assert values.max().item() == pytest.approx(1.5990, abs=1e-5) and values.min().item() == pytest.approx(
        0.8252, abs=1e-5
    )


def test_days_run_forward_and_only_working_days_are_there():
    days = rates().days
    steps = {(later - day).days for day, later in zip(days, days[1:], strict=False)}
    assert steps == {1, 2, 3, 4, 5} and all(day.weekday() < 5 for day in days)


def test_missing_days_stay_missing():
    values, days, currencies = rates(["ISK", "USD", "HRK"])
    assert currencies == ("ISK", "USD", "HRK")
    missing = values.isnan()
    assert missing.sum(0).tolist() == [2341, 0, 2110]
    gap = [day for day, lost in zip(days, missing[:, 0], strict=True) if lost]  # Iceland's currency crisis
    assert gap[0].year == 2008 and gap[-1].year == 2018
    assert all(lost for day, lost in zip(days, missing[:, 2], strict=True) if day > date(2022, 12, 30))


def test_every_currency_said_to_have_no_gap_has_none():
    listed = rates.__doc__.split("AUD,")[1].split(" have no gap")[0].replace(" and ", ", ")
    codes = ["AUD", *(code.strip() for code in listed.split(",") if code.strip())]
    assert len(codes) == 17 and not rates(codes).values.isnan().any()


def test_a_span_includes_both_ends():
    part = rates("JPY", first="2008-09-15", last=date(2008, 9, 19))
    assert [day.day for day in part.days] == [15, 16, 17, 18, 19] and part.values.shape == (5, 1)


def test_a_newer_file_gives_the_same_numbers():
    assert LAST_DAY == date(2024, 12, 31) and rates().days[-1] == LAST_DAY  # the installed file goes on beyond


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (dict(currencies="XYZ"), "XYZ.*expected codes among.*USD"),
        (dict(currencies=[]), "expected codes"),
        (dict(currencies=["USD", "usd"]), "expected codes"),
        (dict(first="15.9.2008"), "first='15.9.2008'.*2008-09-15"),
        (dict(last=20241231), "last=20241231"),
        (dict(last="2025-01-02"), "end on 2024-12-31"),
        (dict(first="2024-12-31", last="2024-01-01"), "no day from"),
        (dict(first="2024-12-28", last="2024-12-29"), "no day from"),  # a weekend
    ],
)
def test_bad_arguments(arguments, words):
    with pytest.raises(ValueError, match=words):
        rates(**arguments)


def test_an_old_package_is_named(monkeypatch, tmp_path):
    from zipfile import ZipFile

    with ZipFile(tmp_path / "old.zip", "w") as archive:
        archive.writestr("eurofxref-hist.csv", "Date,USD,\n2020-01-02,1.1193,\n")
    monkeypatch.setattr("currency_converter.CURRENCY_FILE", str(tmp_path / "old.zip"))
    rates_module._table.cache_clear()
    with pytest.raises(RuntimeError, match="ends on 2020-01-02: update it, 2024-12-31 is needed"):
        rates()
    rates_module._table.cache_clear()


def test_lorenz_agrees_with_an_independent_solver():
    scipy = pytest.importorskip("scipy.integrate")
    start = (1.0, 2.0, 20.0)
    values, times = lorenz(61, start=start)
    slope = lambda t, p: (10 * (p[1] - p[0]), p[0] * (28 - p[2]) - p[1], p[0] * p[1] - 8 / 3 * p[2])  # noqa: E731
    exact = scipy.solve_ivp(slope, (0, 3), start, method="DOP853", t_eval=times.tolist(), rtol=1e-12, atol=1e-12)
    assert times[-1].item() == pytest.approx(3.0) and values.shape == (61, 3)
    assert values[0].tolist() == list(start)
    assert (values.double() - torch.tensor(exact.y.T)).abs().max() < 2e-3  # of about ±20


def test_lorenz_is_of_fourth_order():
    """Half the step, a sixteenth of the error: over half a time unit, against steps of 1/6400."""

    def end(n):
        point = (1.0, 2.0, 20.0)
        for _ in range(n // 2):
            point = lorenz_module._step(point, 1 / n)
        return torch.tensor(point, dtype=torch.float64)

    truth = end(6400)
    coarse, fine = (float((end(n) - truth).norm()) for n in (100, 200))
    assert 15 < coarse / fine < 17


def test_lorenz_rests_at_its_fixed_point():
    c = (8 / 3 * 27) ** 0.5
    values, _ = lorenz(50, start=(c, c, 27.0))
    assert torch.allclose(values, torch.tensor([c, c, 27.0]).expand(50, 3), atol=1e-4)


def test_lorenz_starts_by_seed_and_lies_on_the_attractor():
    draw = [lorenz(2000, generator=torch.Generator().manual_seed(n)).values for n in (1, 1, 2)]
    assert torch.equal(draw[0], draw[1]) and not torch.allclose(draw[0], draw[2])
    for values in draw:
        assert values[:, 2].min() > 0 and values.abs().max() < 60
        assert 7 < values[:, 0].std() < 9 and 22 < values[:, 2].mean() < 25
    torch.manual_seed(5)
    first = lorenz(3).values
    torch.manual_seed(5)
    assert torch.equal(first, lorenz(3).values)


def test_lorenz_every_skips_steps():
    dense, sparse = lorenz(21, every=1, start=(1, 1, 20)), lorenz(5, every=5, start=(1, 1, 20))
    assert torch.equal(dense.values[::5], sparse.values)
    assert torch.allclose(dense.times[::5], sparse.times)


def test_lorenz_in_double_precision_keeps_a_hair():
    near = [lorenz(3, start=(1.0, 1.0 + hair, 20.0), dtype=torch.float64).values for hair in (0.0, 1e-9)]
    assert near[0].dtype == torch.float64 and 1e-10 < (near[1] - near[0]).abs().max() < 1e-8
    assert torch.allclose(near[0].float(), lorenz(3, start=(1.0, 1.0, 20.0)).values, atol=1e-5)


@pytest.mark.parametrize("arguments", [dict(T=0), dict(T=5, every=0)])
def test_lorenz_bad_arguments(arguments):
    with pytest.raises(ValueError, match="is 0; expected a whole number of at least 1"):
        lorenz(**arguments)
