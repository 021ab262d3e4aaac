"""`make bench`, or `python -m tests.bench [--threads 1] [--seconds 1] [--write]`: ratios measured side by side in one run."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
import warnings
from pathlib import Path

import captum
import torch
from torch import nn

from lstmkit import layers
from lstmkit.gradients import sequence_jacobian
from tests.bench.ways import WAYS

HERE = Path(__file__).parent
LIMIT = 10**9  # bytes: a larger result is left out
ROOM = 1.5e9  # bytes that a block of outputs may take on its way
GRID = [(N, T, H, D, 1) for T, H in ((64, 64), (256, 64), (256, 16), (1024, 16)) for N in (1, 16) for D in (1, 8, 64)]
MORE = [
    (1, 64, 64, 8, 64),
    (1, 256, 64, 8, 64),
    (1, 256, 16, 8, 16),
    (1, 1024, 16, 1, 16),
    (1, 16, 16, 1, 1),
    (16, 16, 16, 8, 1),
]
BARS = {(1, 256, 64, 8, 1): 6, (1, 1024, 16, 1, 1): 50, (16, 64, 64, 8, 1): 1.5}  # times the autograd loop, from DESIGN


def say(text: str) -> None:
    live = sys.stderr.isatty()
    print(f"\r\033[K{text}" if live else text, end="" if live else "\n", file=sys.stderr, flush=True)


def least(run, seconds: float, most: int = 20) -> float:
    """The shortest of several runs: as many as fit into `seconds`, at least 1, after one that warms up if there is time."""
    times, start = [], time.perf_counter()
    while not times or (len(times) < most and time.perf_counter() - start + times[-1] < seconds):
        begin = time.perf_counter()
        run()
        times.append(time.perf_counter() - begin)
    return min(times)


def machine() -> list[str]:
    cpu = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), cpu)
    return [
        f"{cpu}, {os.cpu_count()} cores, **{torch.get_num_threads()} thread(s)**, {platform.system()}",
        f"Python {platform.python_version()}, torch {torch.__version__}, Captum {captum.__version__}, float32 on the CPU",
    ]


def one_way(way, onednn: bool, single, case, ours, seconds: float) -> tuple[float, bool]:
    """Seconds for the whole Jacobian by one way, and whether it is reckoned from a part."""
    (N, T, H, D, K), layer, head, x = case
    every = [(t, k) for t in range(T) for k in range(K)]
    if single:
        sizes = [min(8, len(every))]
    else:
        fits = max(1, int(ROOM / (4 * N * T * (16 * H + 3 * D))))
        sizes = sorted({min(size, len(every), fits) for size in (16, 128, len(every))})
    best, reckoned = float("inf"), True
    with torch.backends.mkldnn.flags(enabled=onednn):
        for size in sizes:
            blocks = -(-len(every) // size)
            at = every[:: max(1, len(every) // size)][:size]  # spread over all steps
            begin = time.perf_counter()
            rows = way(layer, head, x, at)
            part = time.perf_counter() - begin
            for row, (t, k) in zip(rows, at, strict=True):
                assert torch.allclose(row, ours[:, t, k], rtol=1e-3, atol=1e-4 * float(ours.abs().max())), way
            del rows
            if part < seconds:  # else the one run must do
                part = min(part, least(lambda at=at: way(layer, head, x, at), seconds / 4, 5))
            if part * blocks < best:
                best, reckoned, kept = part * blocks, blocks > 1, size
            if part > 2 * seconds:
                break
        if best <= seconds and reckoned:  # all of it, then
            cut = len(every) if single else kept

            def whole():
                for first in range(0, len(every), cut):
                    way(layer, head, x, every[first : first + cut])

            best, reckoned = least(whole, seconds, 5), False
    return best, reckoned


def jacobians(cases, seconds: float) -> tuple[list[str], list[str]]:
    names = list(WAYS)
    rows = [
        "| N | T | H | T/H | D | K | MB | ours, ms | "
        + " | ".join(name.strip() for name in names)
        + " | **best stock** |"
    ]
    rows.append("|" + "---:|" * (9 + len(names)))
    out = []
    for number, (N, T, H, D, K) in enumerate(cases):
        size = 4 * N * T * K * T * D
        if size > LIMIT:
            out.append(f"N={N} T={T} H={H} D={D} K={K} ({size / 1e9:.1f} GB)")
            continue
        torch.manual_seed(0)
        layer, head, x = nn.LSTM(D, H, batch_first=True), nn.Linear(H, K), torch.randn(N, T, D)
        ours = sequence_jacobian(layer, x, head)
        mine, times = [least(lambda: sequence_jacobian(layer, x, head), seconds)], {}  # noqa: B023
        say(f"row {number + 1} of {len(cases)}: N={N} T={T} H={H} D={D} K={K}")
        for name in names:
            way, onednn, single = WAYS[name]
            times[name] = one_way(way, onednn, single, ((N, T, H, D, K), layer, head, x), ours, seconds)
        mine = min(*mine, least(lambda: sequence_jacobian(layer, x, head), seconds))  # noqa: B023  before and after
        ratios = {name: (took / mine, "≈" if part else "") for name, (took, part) in times.items()}
        best = min(ratio for ratio, _ in ratios.values())
        cells = [f"{mark}{ratio:.1f}" if ratio < 10 else f"{mark}{ratio:.0f}" for ratio, mark in ratios.values()]
        bar = BARS.get((N, T, H, D, K))
        if bar:
            cells[0] += f" (≥ {bar} {'✓' if ratios['loop'][0] >= bar else '✗'})"
        shape = f"| {N} | {T} | {H} | {T / H:.0f} | {D} | {K} | {size / 1e6:.2g} | {mine * 1e3:.3g} | "
        rows.append(shape + " | ".join(cells) + f" | **{best:.1f}** {'✓' if best > 1 else '✗'} |")
    return rows, out


def layer_ratio(seconds: float) -> list[str]:
    rows = [
        "| forward + backward, N=64 T=100 D=32 H=128 | from scratch | torch | ratio | budget |",
        "|---|---:|---:|---:|---:|",
    ]
    for own, stock in ((layers.LSTM, nn.LSTM), (layers.GRU, nn.GRU), (layers.RNN, nn.RNN)):
        say(f"from-scratch {own.__name__} against nn.{own.__name__}")
        torch.manual_seed(0)
        mine, theirs, x = own(32, 128), stock(32, 128, batch_first=True), torch.randn(64, 100, 32)
        mine.load_state_dict(theirs.state_dict())

        def step(layer, x=x):
            layer.zero_grad()
            layer(x)[0].square().sum().backward()

        both = [[least(lambda f=f: step(f), seconds / 2, 4) for f in (mine, theirs)] for _ in range(5)]  # noqa: B023
        a, b = (min(column) for column in zip(*both, strict=True))
        budget = f"≤ 3 {'✓' if a <= 3 * b else '✗'}" if own is layers.LSTM else ""
        rows.append(f"| {own.__name__} | {a * 1e3:.0f} ms | {b * 1e3:.0f} ms | **{a / b:.2f}** | {budget} |")
    return rows


def import_time() -> list[str]:
    say("import time")
    program = (
        "import time; a = time.perf_counter(); import torch; b = time.perf_counter(); import lstmkit; "
        "c = time.perf_counter(); import lstmkit.gradients; print(b - a, c - b, time.perf_counter() - c)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True) for _ in range(5)
    ]
    base, more, engine = (min(column) for column in zip(*(map(float, run.stdout.split()) for run in runs), strict=True))
    return [
        "| import torch | import lstmkit, on top | budget | lstmkit.gradients, on top of both |",
        "|---:|---:|---:|---:|",
        f"| {base:.2f} s | **{more:.3f} s** | ≤ 0.3 s {'✓' if more <= 0.3 else '✗'} | {engine:.3f} s |",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--threads", type=int, default=1, help="threads of torch (1)")
    parser.add_argument("--seconds", type=float, default=1.0, help="about as long as one way may take in one row (1)")
    parser.add_argument("--quick", action="store_true", help="only the rows that DESIGN sets a bar for")
    parser.add_argument("--write", action="store_true", help="put the tables into tests/bench/README.md")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    warnings.simplefilter("ignore")
    start = time.perf_counter()
    grid, out = jacobians(list(BARS) if options.quick else GRID, options.seconds)
    more, _ = ([], []) if options.quick else jacobians(MORE, options.seconds)
    lines = [*machine(), "", *grid, "", "Left out, result above 1 GB: " + ("; ".join(out) or "none") + "."]
    lines += ["", "Beyond the grid: all H outputs (K = H), and very short sequences.", "", *more] if more else []
    lines += ["", *layer_ratio(options.seconds), "", *import_time()]
    lines += ["", f"Measured in {(time.perf_counter() - start) / 60:.0f} minutes on {time.strftime('%Y-%m-%d')}."]
    say("")
    print("\n".join(lines))
    if options.write:
        readme = HERE / "README.md"
        before = readme.read_text(encoding="utf-8").split("<!-- measured -->")[0]
        readme.write_text(before + "<!-- measured -->\n\n" + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
