"""The work of fits_benchmark with scipy, in the same minute, with one thread each; prints both and the ratios.

  python3 tests/benchmark/fits_scipy.py build/ci/tests/fits_benchmark [--refits 4000] [--starts 90] [--data CSV]

What scipy does is what published replications of Chinchilla's fit do (Besiroglu et al. 2024, arXiv 2404.10102): Huber
loss of log residuals, delta 1e-3, summed; parameters log A, log B, log E, alpha, beta; a grid of 4500 starts for the
fit, and refits of the bootstrap started at the fit. They leave the gradient to finite differences; it is also given in
closed form here, which is faster. --quick takes few starts and refits, for tests.

Exits with 1 where scipy found a lower minimum, with 77 where there is no scipy.
"""
import argparse
import csv
import itertools
import os
import re
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy looks
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
try:
    import numpy as np
    import scipy
    from scipy.optimize import minimize
except ImportError as missing:
    print(f"skipped: {missing} (Debian: python3-scipy)")
    sys.exit(77)

DELTA = 1e-3
FULL_GRID = list(
    itertools.product(np.arange(0, 30, 5), np.arange(0, 30, 5), np.arange(-1, 1.5, 0.5), np.arange(0, 2.5, 0.5),
                      np.arange(0, 2.5, 0.5)))
OPTIONS = {"BFGS": {}, "L-BFGS-B": {"ftol": 1e-15, "gtol": 1e-8, "maxiter": 2000}}


def objective(at, n, d, y):
    a, b, e, alpha, beta = at
    r = y - np.log(np.exp(a - alpha * n) + np.exp(b - beta * d) + np.exp(e))
    size = np.abs(r)
    return np.where(size <= DELTA, r * r / 2, DELTA * (size - DELTA / 2)).sum()


def objective_and_gradient(at, n, d, y):
    a, b, e, alpha, beta = at
    by_n, by_d, floor = np.exp(a - alpha * n), np.exp(b - beta * d), np.exp(e)
    loss = by_n + by_d + floor
    r = y - np.log(loss)
    slope = np.clip(r, -DELTA, DELTA)
    value = (slope * (r - slope / 2)).sum()  # both cases of Huber's loss
    scaled = slope / loss
    by_n *= scaled
    by_d *= scaled
    return value, np.array([-by_n.sum(), -by_d.sum(), -floor * scaled.sum(), by_n @ n, by_d @ d])


WAYS = {
    "BFGS, numeric gradient": ("BFGS", objective, False),
    "BFGS, analytic gradient": ("BFGS", objective_and_gradient, True),
    "L-BFGS-B, analytic gradient": ("L-BFGS-B", objective_and_gradient, True),
}


def minimum(way, start, points):
    method, function, gradient = WAYS[way]
    return minimize(function, start, args=points, jac=gradient, method=method, options=OPTIONS[method])


def best_of(way, starts, points):
    results = [minimum(way, start, points) for start in starts]
    return min((result for result in results if np.isfinite(result.fun)), key=lambda result: result.fun)


def resampled_minima(way, start, points, refits):
    random = np.random.default_rng(1)
    count = len(points[0])
    found = []
    for _ in range(refits):
        drawn = random.integers(count, size=count)
        found.append(minimum(way, start, tuple(column[drawn] for column in points)).x)
    return np.array(found)


def read_points(file):
    with open(file, newline="") as lines:
        rows = list(csv.DictReader(lines))
    return tuple(np.log([float(row[name]) for row in rows]) for name in ("parameters", "tokens", "loss"))


def ours(options, points_file):
    command = [options.program, "--refits", str(options.refits), "--write", points_file]
    if options.data:
        command += ["--data", options.data]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    refits = re.search(r"jackknife of (\d+): (\S+) s on 1 thread", text)
    return {
        "objective": float(re.search(r"objective (\S+)", text)[1]),
        "scratch_s": float(re.search(r"fit from scratch (\S+) ms", text)[1]) / 1e3,
        "refit_s": float(refits[2]) / (options.refits + int(refits[1])),
        "error": float(re.search(r"b_parameters .* standard error (\S+)", text)[1]),
    }


def timed(work):
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="fits_benchmark")
    parser.add_argument("--refits", type=int, default=4000)
    parser.add_argument("--starts", type=int, default=90, help="of the grid of 4500, whose time is scaled")
    parser.add_argument("--data", help="CSV with columns parameters, tokens, loss; else planted points")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.refits, options.starts = 100, 18
    np.seterr(all="ignore")  # starts far off overflow

    with tempfile.TemporaryDirectory() as folder:
        points_file = os.path.join(folder, "points.csv")
        own = ours(options, points_file)
        points = read_points(points_file)
    print(f"{len(points[0])} points, scipy {scipy.__version__}, numpy {np.__version__}, one thread each")
    print(f"fit from scratch: {1e3 * own['scratch_s']:.2f} ms here, objective {own['objective']:.12g}")
    starts = FULL_GRID[::len(FULL_GRID) // options.starts]
    lower = False
    best = {}
    for way in WAYS:
        best[way], seconds = timed(lambda: best_of(way, starts, points))
        whole = seconds / len(starts) * len(FULL_GRID)
        print(f"  {way}: {1e3 * seconds / len(starts):.1f} ms a start, {whole:.0f} s the grid of {len(FULL_GRID)} "
              f"(scaled from {len(starts)}), {whole / own['scratch_s']:.0f} times; objective {best[way].fun:.12g}")
        lower |= best[way].fun < own["objective"] * (1 - 1e-9)

    print(f"{options.refits} refits: {options.refits * own['refit_s']:.3f} s here, {1e3 * own['refit_s']:.3f} ms each; "
          f"standard error of b_parameters {own['error']:.5f}")
    reached = min(best.values(), key=lambda result: result.fun).x
    for way in WAYS:
        found, seconds = timed(lambda: resampled_minima(way, reached, points, options.refits))
        print(f"  {way}: {seconds:.2f} s, {1e3 * seconds / options.refits:.2f} ms each, "
              f"{seconds / options.refits / own['refit_s']:.1f} times; standard error {found[:, 3].std(ddof=1):.5f}")
    if lower:
        print("scipy found a lower minimum")
    return 1 if lower else 0


if __name__ == "__main__":
    sys.exit(main())
