"""`make bench`: ratios measured side by side in one run. `python -m tests.bench --write` also renews README.md here.

Every row differentiates the same thing: one LSTM layer with a linear read-out to one output a step, float32, random weights;
∂y_t/∂x_s for all t and s. The peers get that from stock torch or Captum, and from the same modules:

loop          one torch.autograd.grad for each output step, the batch's samples summed (they do not mix)
replicated    T copies of the batch, copy t gives output t, one backward pass
batched       torch.autograd.grad(..., is_grads_batched=True)
jacrev        torch.func.jacrev                                           with oneDNN on and off
jacobian      torch.autograd.functional.jacobian(..., vectorize=True)     with oneDNN on and off
captum        captum.attr.Saliency(abs=False), a call for each output step
captum ×T     the same in one call, with the input repeated T times

A peer that would take longer than CAP seconds is timed on as many evenly spaced outputs as fit and scaled up (shown with ~).
A peer that would need more than 4 GiB is left out (–), and so is a row whose result exceeds 1 GB.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from lstmkit.gradients import sequence_jacobian
from lstmkit.layers import LSTM
from tests.bench import rows as second
from tests.bench.rows import CAP, clock

SIZES = [(64, 64), (256, 64), (256, 16), (1024, 16)]  # T, H: T/H = 1, 4, 16, 64
GOALS = {(1, 256, 64, 8): 6.0, (1, 1024, 16, 1): 50.0, (16, 64, 64, 8): 1.5}  # N, T, H, D: against the loop
LARGEST = 1e9  # bytes of a result
MEMORY = 4 * 2**30  # bytes that a peer may need


def peers(layer: nn.LSTM, head: nn.Linear, x: Tensor) -> dict[str, Callable[[Tensor], Tensor]]:
    """{name: function of the chosen output steps (m,) that returns their gradients, (m, N, T, D)}."""
    from captum.attr import Saliency

    N, T, D = x.shape

    def outputs(x: Tensor) -> Tensor:
        return head(layer(x)[0]).squeeze(2)  # (N, T)

    def loop(steps):
        leaf = x.clone().requires_grad_()
        y = outputs(leaf).sum(0)
        return torch.stack([torch.autograd.grad(y[t], leaf, retain_graph=True)[0] for t in steps])

    def replicated(steps):
        leaf = x.repeat(len(steps), 1, 1, 1).requires_grad_()
        y = outputs(leaf.flatten(0, 1)).unflatten(0, (len(steps), N))
        return torch.autograd.grad(y[torch.arange(len(steps)), :, steps].sum(), leaf)[0]

    def batched(steps):
        leaf = x.clone().requires_grad_()
        y = outputs(leaf).sum(0)[steps]
        return torch.autograd.grad(y, leaf, torch.eye(len(steps)), is_grads_batched=True)[0]

    def jacrev(steps):
        return torch.func.jacrev(lambda leaf: outputs(leaf).sum(0)[steps])(x)

    def jacobian(steps):
        return torch.autograd.functional.jacobian(lambda leaf: outputs(leaf).sum(0)[steps], x, vectorize=True)

    def without_onednn(method):
        def call(steps):
            with torch.backends.mkldnn.flags(enabled=False):
                return method(steps)

        return call

    saliency = Saliency(outputs)

    def captum(steps):
        return torch.stack([saliency.attribute(x, target=int(t), abs=False) for t in steps]).detach()

    def captum_repeated(steps):
        many = x.repeat(len(steps), 1, 1)
        return saliency.attribute(many, target=steps.repeat_interleave(N), abs=False).unflatten(0, (len(steps), N))

    return {
        "loop": loop,
        "replicated": replicated,
        "batched": batched,
        "jacrev": jacrev,
        "jacrev, no oneDNN": without_onednn(jacrev),
        "jacobian": jacobian,
        "jacobian, no oneDNN": without_onednn(jacobian),
        "captum": captum,
        "captum ×T": captum_repeated,
    }


def bytes_needed(name: str, N: int, T: int, H: int) -> float:
    """Roughly what a peer holds at once: the gates and states of every copy, or of every row of a batched backward."""
    rows = N if name in ("loop", "captum") else N * T
    return rows * T * H * 4 * 10


def time_peer(method: Callable[[Tensor], Tensor], T: int) -> tuple[float, bool]:
    """(seconds for all T outputs, whether that was scaled up from fewer)."""
    few = min(T, 8)
    method(torch.arange(2))
    seconds = clock(lambda: method(torch.linspace(0, T - 1, few).long()), 1)
    count = min(T, max(few, int(CAP / (seconds / few))))
    seconds = clock(lambda: method(torch.linspace(0, T - 1, count).long()), 2 if seconds * T / few < CAP / 2 else 1)
    return seconds * T / count, count < T


def jacobian_rows(show: Callable[[str], None]) -> tuple[list[dict], list[str]]:
    """The whole grid; returns its rows and the rows left out."""
    rows, left_out = [], []
    grid = [(N, T, H, D) for N in (1, 16) for T, H in SIZES for D in (1, 8, 64)]
    for number, (N, T, H, D) in enumerate(grid, 1):
        size = N * T * T * D * 4
        if size > LARGEST:
            left_out.append(f"N={N} T={T} H={H} D={D}: the result has {size / 1e9:.1f} GB")
            continue
        show(f"[{number}/{len(grid)}] N={N} T={T} H={H} D={D}")
        torch.manual_seed(0)
        layer, head, x = nn.LSTM(D, H, batch_first=True), nn.Linear(H, 1), torch.randn(N, T, D)
        ours = sequence_jacobian(layer, x, head)
        seconds = clock(lambda layer=layer, x=x, head=head: sequence_jacobian(layer, x, head), 3)
        found: dict[str, tuple[float, bool] | None] = {}
        steps = torch.linspace(0, T - 1, 3).long()
        for name, method in peers(layer, head, x).items():
            if bytes_needed(name, N, T, H) > MEMORY:
                found[name] = None
                continue
            try:
                theirs = method(steps).transpose(0, 1)
                worst = float((ours[:, steps, 0] - theirs).abs().max() / theirs.abs().max())
                assert worst < 1e-4, f"{name} and ours differ by {worst:.1e}"
                found[name] = time_peer(method, T)
            except (RuntimeError, NotImplementedError) as error:
                show(f"    {name} fails: {str(error).splitlines()[0][:90]}")
                found[name] = None
        again = clock(
            lambda layer=layer, x=x, head=head: sequence_jacobian(layer, x, head), 3
        )  # the machine may have drifted
        rows.append({"size": (N, T, H, D), "seconds": max(seconds, again), "peers": found})
    return rows, left_out


def layer_row() -> dict[str, float]:
    """Forward + backward of the from-scratch layers, as a multiple of torch's. N=64 T=100 D=32 H=128."""
    from lstmkit.layers import GRU, RNN

    ratios = {}
    for mine, theirs in ((RNN, nn.RNN), (LSTM, nn.LSTM), (GRU, nn.GRU)):
        a, b, x = mine(32, 128), theirs(32, 128, batch_first=True), torch.randn(64, 100, 32)
        calls = [lambda layer=layer, x=x: layer(x)[0].sum().backward() for layer in (a, b)]
        for call in calls * 2:
            call()
        times = [min(clock(call, 5) for _ in range(2)) for call in calls]
        ratios[mine.__name__] = times[0] / times[1]
    return ratios


def import_row() -> float:
    """Seconds that `import lstmkit` takes after `import torch`, the median of five fresh processes."""
    code = "import torch, time; begun = time.perf_counter(); import lstmkit; print(time.perf_counter() - begun)"
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(5)]
    return float(np.median([float(run.stdout) for run in runs]))


def processor() -> str:
    """The processor's name and the widest vectors that torch uses on it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            name = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    return f"{name} ({torch.backends.cpu.get_cpu_capability()})"


def rules_lost(show: Callable[[str], None]) -> list[str]:
    """The rules' constants on this machine, and what the built-in ones lose against each row's best choice."""
    from lstmkit.gradients import back, forward

    show("calibrate …")
    found = second.calibrate()
    kept = {"back.ENTRY": back.ENTRY, "back.STEP": back.STEP, "forward.STEP": forward.STEP}
    lines = [f"- {name}: {value:.3g} here, {kept[name]:.3g} built in" for name, value in found.items()]
    worst = 0.0
    for N, T, H, D in ((1, 128, 16, 1), (1, 256, 64, 8), (1, 512, 32, 4), (16, 256, 16, 8)):
        torch.manual_seed(0)
        layer, head, x = nn.LSTM(D, H, batch_first=True), nn.Linear(H, 1), torch.randn(N, T, D)
        call = partial(sequence_jacobian, layer, x, head)
        ours, times, rule = clock(call, 3), [], back.chunk_length
        try:
            for L in (8, 16, 32, 64, T):
                back.chunk_length = lambda *_, L=L: L
                times.append(clock(call, 3))
        finally:
            back.chunk_length = rule
        worst = max(worst, ours / min(times))
    return [*lines, f"- the built-in rule takes at most {worst:.2f} times the best chunk length's time (four sizes)"]


def table(rows: list[dict], left_out: list[str], layers: dict[str, float], importing: float) -> str:
    """The report, in markdown: peers' times as multiples of ours."""
    names = list(rows[0]["peers"])
    lines = [
        f"Machine: {processor()}, {torch.get_num_threads()} thread(s); Python {platform.python_version()}, "
        f"torch {torch.__version__}, numpy {np.__version__}; {time.strftime('%Y-%m-%d')}.",
        "",
        "Whole Jacobian: every peer's time as a multiple of `lstmkit.gradients.sequence_jacobian`'s in the same run (larger is",
        f"better for us). `~`: scaled up from fewer outputs (a peer is stopped at {CAP:g} s). `–`: over 4 GiB, or not possible.",
        "",
        "| N | T | H | D | ours, ms | " + " | ".join(names) + " | best stock way | goal |",
        "|" + "---|" * (len(names) + 7),
    ]
    for row in rows:
        cells, times = [], {}
        for name, result in row["peers"].items():
            if result is None:
                cells.append("–")
                continue
            times[name] = result[0] / row["seconds"]
            cells.append(f"{'~' if result[1] else ''}{times[name]:.1f}")
        best = min(times, key=times.get)
        goal = GOALS.get(row["size"])
        verdict = f"{'✓' if times['loop'] >= goal else '✗'} loop ≥ {goal:g}×" if goal else ""
        verdict = f"{'✓' if times[best] > 1 else '✗'} ahead {verdict}".strip()
        size = " | ".join(map(str, row["size"]))
        lines.append(
            f"| {size} | {1e3 * row['seconds']:.1f} | {' | '.join(cells)} | {times[best]:.1f}× ({best}) | {verdict} |"
        )
    lines += ["", "Left out, because the result exceeds 1 GB: " + ("; ".join(left_out) or "none") + ".", ""]
    lines += ["From-scratch layers, forward + backward, N=64 T=100 D=32 H=128, as a multiple of torch's time:", ""]
    lines += [
        f"- {name}: {ratio:.2f}{' (goal ≤ 3: ' + ('✓' if ratio <= 3 else '✗') + ')' if name == 'LSTM' else ''}"
        for name, ratio in layers.items()
    ]
    lines += [
        "",
        f"`import lstmkit` after `import torch`: {importing:.3f} s (goal ≤ 0.3: {'✓' if importing <= 0.3 else '✗'}).",
    ]
    return "\n".join(lines)


SECOND = """Peers' times as multiples of ours, as above. "Best of all" counts every peer, the loop and a batch replicated by hand (a copy of the input
for each output, one backward pass) among them: every row is to be ahead of it. "Best function of torch" leaves those two out. The goals are against the best of all.
Replication is the one trick that comes near, on short sequences with one output a step: there our time is that of the calls, some seven of
numpy's for each of forty steps, and a fused kernel has none of them. *Last output only* has one stock way, a single backward pass:
ours is that pass, and one more to see that sequences do not mix; it cannot be ahead.

"""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description="Ratios measured side by side in one run."
    )
    parser.add_argument("--write", action="store_true", help="also write the table to tests/bench/README.md")
    parser.add_argument(
        "--calibrate", action="store_true", help="only measure the constants of the rules on this machine"
    )
    parser.add_argument("--quick", action="store_true", help="only the rows that have a goal")
    chosen = parser.parse_args()
    warnings.filterwarnings("ignore")

    def show(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    if chosen.calibrate:
        print("\n".join(rules_lost(show)))
        return
    if chosen.quick:
        rows = [row for group in (second.one_to_many, second.whole_models) for row in group(show, second.GOALS)]
        print("\n".join(second.table(rows)))
        return
    show("import time and layers …")
    importing, layers = import_row(), layer_row()
    extra = [row for group in second.GROUPS for row in group(show)]
    rows, left_out = jacobian_rows(show)
    report = table(rows, left_out, layers, importing)
    report += (
        "\n\n## One input, many outputs; whole models; many to one; one step\n\n"
        + SECOND
        + "\n".join(second.table(extra))
    )
    report += "\n\n## The rules' constants\n\n" + "\n".join(rules_lost(show))
    print(report)
    if chosen.write:
        head = "# The last measured table\n\nMade by `.venv/bin/python -m tests.bench --write` (`make bench` prints the same).\n\n"
        Path(__file__).with_name("README.md").write_text(head + report + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
