"""The rows of the second edition: one input and many outputs, whole models, many to one, one step; each beside its stock peers.

Peers: loop, one torch.autograd.grad for each output; batched, is_grads_batched; jvp, torch.func.jvp under vmap, a pass for each
number of z (oneDNN off: its RNNs have no forward mode); jacfwd and jacrev, torch.func (oneDNN off); replicated, a copy of the
batch for each output, one backward pass. A peer that would take longer than CAP seconds is timed on as many outputs (or numbers
of z) as fit and scaled up (~).
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn

from lstmkit.gradients import one_to_many_jacobian, sequence_jacobian, transition_jacobian
from lstmkit.models import WIRINGS, OneToMany

CAP = 1.5  # seconds
ENOUGH = 0.05  # seconds
Peer = Callable[[int], object]  # a function of how many outputs, or numbers of z, to differentiate


def clock(call: Callable[[], object], repeats: int = 3) -> float:
    """The shortest of `repeats` timings, or of as many more as fit into ENOUGH: a call of a millisecond needs many to meet a quiet moment."""
    best, spent, times = float("inf"), 0.0, 0
    while times < repeats or spent < ENOUGH:
        begun = time.perf_counter()
        call()
        seconds = time.perf_counter() - begun
        best, spent, times = min(best, seconds), spent + seconds, times + 1
        if best > CAP:
            break
    return best


def timed(peer: Peer, whole: int) -> tuple[float, bool]:
    """(seconds for the whole, whether scaled up from fewer)."""
    few = min(whole, 4)
    seconds = clock(lambda: peer(few), 2)  # the first of the two warms up
    count = min(whole, max(few, int(CAP * few / max(seconds, 1e-9))))
    seconds = clock(lambda: peer(count), 3 if seconds * count / few < CAP / 3 else 1)
    return seconds * whole / count, count < whole


def peers_of(model: Callable[[Tensor], Tensor], z: Tensor, T: int, K: int) -> dict[str, tuple[Peer, int]]:
    """{name: (peer, how many make the whole)} of ∂y/∂z, y (N, T, K), for a model that treats sequences one by one."""
    N, P = len(z), z[0].numel()

    def loop(count: int) -> None:
        leaf = z.clone().requires_grad_()
        y = model(leaf).sum(0).flatten()
        for at in torch.linspace(0, T * K - 1, count).long():
            torch.autograd.grad(y[at], leaf, retain_graph=True)

    def batched(count: int) -> None:
        leaf = z.clone().requires_grad_()
        y = model(leaf).sum(0).flatten()[:count]
        torch.autograd.grad(y, leaf, torch.eye(count), is_grads_batched=True)

    def replicated(count: int) -> None:
        leaf = z.repeat(count, *[1] * (z.ndim - 1)).requires_grad_()
        y = model(leaf).unflatten(0, (count, N)).flatten(2)
        torch.autograd.grad(y[torch.arange(count), :, torch.arange(count)].sum(), leaf)

    def jvp(count: int) -> None:
        tangents = torch.eye(P)[:count].view(count, 1, *z.shape[1:]).expand(-1, *z.shape)
        with torch.backends.mkldnn.flags(enabled=False):
            torch.func.vmap(lambda v: torch.func.jvp(model, (z,), (v,))[1])(tangents)

    def jacfwd(count: int) -> None:  # the samples do not mix: their sum has every sample's block
        with torch.backends.mkldnn.flags(enabled=False):
            torch.func.jacfwd(lambda leaf: model(leaf).sum(0))(z[:1]) if N == 1 else jvp(count)

    def jacrev(count: int) -> None:
        with torch.backends.mkldnn.flags(enabled=False):
            torch.func.jacrev(lambda leaf: model(leaf).sum(0).flatten()[:count])(z)

    found = {"loop": (loop, T * K), "batched": (batched, T * K), "jacrev": (jacrev, T * K), "jvp": (jvp, P)}
    if N == 1:
        found["jacfwd"] = (jacfwd, P)
    if N * T * K <= 4096:
        found["replicated"] = (replicated, T * K)
    return found


def measure(name: str, ours: Callable[[], object], peers: dict[str, tuple[Peer, int]], show: Callable) -> dict:
    """One row: our seconds, and every peer's, in turn: in two rounds where one is short, the shortest of each, so that all meet the same machine."""
    show(name)
    ours()
    seconds, found = float("inf"), {}
    for _ in range(2):
        begun = time.perf_counter()
        seconds = min(seconds, clock(ours))
        for title, (peer, whole) in peers.items():
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    again = timed(peer, whole)
                found[title] = min(found.get(title) or again, again)
            except (RuntimeError, NotImplementedError) as error:
                show(f"    {title}: {str(error).splitlines()[0][:80]}")
                found[title] = None
        if time.perf_counter() - begun > 3:
            break
    return {"name": name, "seconds": min(seconds, clock(ours)), "peers": found}


def one_to_many(show: Callable, only=None) -> list[dict]:
    """The four wirings over the grid of the issue, H = 48 for T = 40 and 64 beyond."""
    rows = []
    for N, T, D, K in [
        (1, 40, 4, 1),
        (1, 40, 4, 8),
        (1, 200, 8, 8),
        (1, 200, 64, 1),
        (1, 1000, 8, 1),
        (64, 40, 4, 1),
        (64, 200, 8, 1),
    ]:
        for wiring in WIRINGS:
            name = f"{wiring}, N={N} T={T} H={48 if T == 40 else 64} D={D} K={K}"
            if only is not None and name not in only:
                continue
            torch.manual_seed(0)
            model, z = OneToMany(D, 48 if T == 40 else 64, K, T, wiring), torch.randn(N, D)
            check(model, z)
            rows.append(
                measure(name, lambda model=model, z=z: sequence_jacobian(model, z), peers_of(model, z, T, K), show)
            )
    return rows


def check(model: nn.Module, z: Tensor) -> None:
    """That what is timed is right: a few outputs against autograd, in float64."""
    model, z = model.double(), z.double().requires_grad_()
    got, y = sequence_jacobian(model, z.detach()), model(z)
    for t in (0, y.shape[1] // 2, y.shape[1] - 1):
        want = torch.autograd.grad(y[:, t, -1].sum(), z, retain_graph=True)[0]
        error = float((got[:, t, -1] - want).abs().max() / want.abs().max().clamp_min(1e-300))
        assert error < 1e-10, f"step {t} is off by {error:.1e}"
    model.float()


def pictures(show: Callable) -> list[dict]:
    """A picture of 784 numbers through a bottleneck: the road is forward from the initial state."""
    torch.manual_seed(0)
    layer, see, read = (
        nn.GRU(2, 32, batch_first=True),
        nn.Sequential(nn.Flatten(), nn.Linear(784, 32), nn.Tanh()),
        nn.Linear(32, 4),
    )
    z = torch.randn(4, 28, 28)
    start = lambda z: see(z)[None]  # noqa: E731
    model = lambda z: read(layer(z.new_zeros(len(z), 60, 2), start(z))[0])  # noqa: E731
    ours = lambda: one_to_many_jacobian(layer, z, start=start, steps=60, head=read)  # noqa: E731
    return [measure("a picture, N=4 T=60 H=32 D=28×28 K=4", ours, peers_of(model, z, 60, 4), show)]


def whole_models(show: Callable, only=None) -> list[dict]:
    rows, T, H = [], 128, 64
    for name, D, before in (("linear → LSTM → read-out", 8, 32), ("embeddings → LSTM → read-out", 32, 0)):
        for N in (1, 16):
            if only is not None and f"{name}, N={N} T={T} H={H}" not in only:
                continue
            torch.manual_seed(0)
            first = nn.Linear(D, before) if before else nn.Identity()
            lstm, read, x = nn.LSTM(before or D, H, batch_first=True), nn.Linear(H, 1), torch.randn(N, T, D)
            model = lambda x, a=first, b=lstm, c=read: c(b(a(x))[0])  # noqa: E731
            peers = peers_of(model, x, T, 1)
            del peers["jvp"]
            peers.pop("jacfwd", None)
            rows.append(
                measure(f"{name}, N={N} T={T} H={H}", lambda m=model, x=x: sequence_jacobian(m, x), peers, show)
            )
    return rows


def many_to_one(show: Callable) -> list[dict]:
    torch.manual_seed(0)
    lstm, read, x = nn.LSTM(8, 64, batch_first=True), nn.Linear(64, 1), torch.randn(64, 100, 8)
    model = lambda x: read(lstm(x)[0][:, -1:])  # noqa: E731
    peers = {"loop": peers_of(model, x, 1, 1)["loop"]}  # one output: one backward pass
    return [measure("last output only, N=64 T=100 H=64", lambda: sequence_jacobian(model, x), peers, show)]


def transitions(show: Callable) -> list[dict]:
    rows = []
    for N, T, H in ((1, 100, 32), (16, 100, 32)):
        torch.manual_seed(0)
        layer, x = nn.GRU(4, H, batch_first=True), torch.randn(N, T, 4)

        def loop(count: int, layer=layer, x=x, H=H) -> None:
            with torch.no_grad():
                states = layer(x)[0]
            for t in range(1, count + 1):
                h = (
                    states[:, t - 2][None].clone().requires_grad_()
                    if t > 1
                    else x.new_zeros(1, len(x), H).requires_grad_()
                )
                after = layer(x[:, t - 1 : t], h)[1]
                for row in range(H):
                    torch.autograd.grad(after[0, :, row].sum(), h, retain_graph=True)

        def jacrev(count: int, layer=layer, x=x, H=H) -> None:
            with torch.no_grad():
                h = torch.cat([x.new_zeros(len(x), 1, H), layer(x)[0][:, :-1]], 1)[:, :count].reshape(-1, 1, H)
            with torch.backends.mkldnn.flags(enabled=False):
                step = lambda h, x: layer(x, h)[1][0].sum(0)  # noqa: E731
                torch.func.jacrev(lambda h: step(h, x[:, :count].reshape(-1, 1, x.shape[2])))(
                    h.transpose(0, 1).contiguous()
                )

        ours = lambda layer=layer, x=x: transition_jacobian(layer, x)  # noqa: E731
        rows.append(
            measure(f"transitions, GRU N={N} T={T} H={H}", ours, {"loop": (loop, T), "jacrev": (jacrev, T)}, show)
        )
    return rows


# row: (against the loop, against the best stock way: every other peer, a batch replicated by hand among them)
GOALS = {
    "initial state, N=1 T=40 H=48 D=4 K=1": (5, 3),
    "initial state, N=1 T=200 H=64 D=8 K=8": (60, 3),
    "fed-back outputs, N=1 T=40 H=48 D=4 K=1": (20, 5),
    "linear → LSTM → read-out, N=1 T=128 H=64": (5, 1),
    "embeddings → LSTM → read-out, N=1 T=128 H=64": (5, 1),
}


GROUPS = (one_to_many, pictures, whole_models, many_to_one, transitions)


def table(rows: list[dict]) -> list[str]:
    """The rows in markdown: peers' times as multiples of ours."""
    names = ["loop", "batched", "replicated", "jacrev", "jvp", "jacfwd"]
    lines = [
        "| model | ours, ms | " + " | ".join(names) + " | best of all | best function of torch | goal |",
        "|" + "---|" * (len(names) + 5),
    ]
    for row in rows:
        times = {name: found[0] / row["seconds"] for name, found in row["peers"].items() if found}
        cells = [f"{'~' if row['peers'][name][1] else ''}{times[name]:.1f}" if name in times else "–" for name in names]
        best = min(times, key=times.get)
        stock = min((name for name in times if name not in ("loop", "replicated")), key=times.get, default=best)
        goal = GOALS.get(row["name"])
        verdict = f"{'✓' if times[best] > 1 else '✗'} ahead"
        if "last output" in row["name"]:
            verdict = "one pass is all there is: the checks' cost"
        if goal:
            verdict += f" {'✓' if times['loop'] >= goal[0] else '✗'} loop ≥ {goal[0]}×"
            verdict += f" {'✓' if times[best] >= goal[1] else '✗'} stock ≥ {goal[1]}×" if goal[1] > 1 else ""
        lines.append(
            f"| {row['name']} | {1e3 * row['seconds']:.2f} | {' | '.join(cells)} | {times[best]:.1f}× ({best}) | {times[stock]:.1f}× ({stock}) | {verdict} |"
        )
    return lines


# ---- the constants of the rules ---------------------------------------------------------------------------------------


def calibrate() -> dict[str, float]:
    """What `back.ENTRY`, `back.STEP`, `forward.ENTRY` and `forward.STEP` are on this machine, in multiply-adds of a matrix product."""
    a, b = torch.randn(512, 256), torch.randn(256, 256)
    torch.mm(a, b)
    rate = 512 * 256 * 256 / clock(lambda: torch.mm(a, b), 50)  # multiply-adds a second
    row = torch.randn(512, 4, 64)
    k, h = torch.randn(1, 4, 64), torch.randn(512, 64)
    entry = clock(lambda: (h.unsqueeze(1) * k, h.mul(k[:, 0]), h.addcmul(h, k[:, 0]), h.clone()), 50) / row.numel()
    tiny = nn.LSTM(1, 2, batch_first=True)
    x = torch.randn(1, 64, 1)
    sequence_jacobian(tiny, x)
    step = (
        clock(lambda: sequence_jacobian(tiny, torch.cat([x, x], 1)), 20) - clock(lambda: sequence_jacobian(tiny, x), 20)
    ) / 64
    small, large = OneToMany(2, 2, 1, 64), OneToMany(2, 2, 1, 192)
    z = torch.randn(1, 2)
    forward = (clock(lambda: sequence_jacobian(large, z), 20) - clock(lambda: sequence_jacobian(small, z), 20)) / 128
    return {"back.ENTRY": entry * rate, "back.STEP": step * rate, "forward.STEP": forward * rate}
