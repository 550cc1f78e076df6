#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""tests/bench/plots.py BENCH.JSON DIR: draw each curve of the file as DIR/NAME.svg.

An SVG holds its letters as outlines and asks nobody for anything.
"""
import json
import os
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

# Of Okabe and Ito: they differ for eyes that do not see all colours, and in print.
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"]
MARKERS = ["o", "s", "^", "D", "v"]


def set_axis(axis, described, values):
    if described["log"]:
        (axis.axes.set_xscale if axis.axis_name == "x" else axis.axes.set_yscale)(
            "log", base=10)
        axis.set_major_locator(LogLocator(subs=[1, 2, 5]))
        axis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
        axis.set_minor_formatter(NullFormatter())
    if described["log"] and axis.axis_name == "x":
        # Where something was measured, and nowhere else.
        axis.set_ticks(values, labels=[f"{v:.3g}" if v < 100 else f"{v:.0f}"
                                       for v in values])
        axis.set_minor_locator(NullLocator())
    axis.set_label_text(f"{described['name']} [{described['unit']}]")


def draw_series(axes, series, colour, marker):
    points = series["points"]
    x = [p["x"] for p in points]
    y = [p["y"] for p in points]
    below = [p["y"] - p["min"] for p in points]
    above = [p["max"] - p["y"] for p in points]
    if any(below) or any(above):
        axes.errorbar(x, y, yerr=[below, above], color=colour, marker=marker,
                      markersize=5, capsize=3, label=series["name"])
    elif len(points) > 20:
        axes.step(x, y, where="post", color=colour, label=series["name"])
    else:
        axes.plot(x, y, color=colour, marker=marker, markersize=5,
                  label=series["name"])


def draw(curve, path):
    figure, axes = plt.subplots(figsize=(7.5, 4.6), layout="constrained")
    for i, series in enumerate(curve["series"]):
        draw_series(axes, series, COLOURS[i % len(COLOURS)],
                    MARKERS[i % len(MARKERS)])
    values = sorted({p["x"] for s in curve["series"] for p in s["points"]})
    set_axis(axes.xaxis, curve["x"], values)
    set_axis(axes.yaxis, curve["y"], values)
    if not curve["y"]["log"]:
        axes.set_ylim(bottom=0, top=axes.get_ylim()[1] * (1.2 if curve["marks"] else 1))
    for i, mark in enumerate(curve["marks"]):
        axes.axvline(mark["x"], color="#555555", linewidth=0.8, linestyle="--")
        # To the right and to the left in turn: two may be close together.
        axes.annotate(mark["text"], (mark["x"], 1), xycoords=("data", "axes fraction"),
                      xytext=(-4 if i % 2 else 4, -4), textcoords="offset points",
                      ha="right" if i % 2 else "left", va="top", fontsize=8,
                      color="#555555")
    axes.set_title(curve["title"], fontsize=11)
    axes.grid(True, which="major", linewidth=0.4, color="#cccccc")
    for side in "top", "right":
        axes.spines[side].set_visible(False)
    if len(curve["series"]) > 1:
        axes.legend(frameon=False, fontsize=9)
    figure.savefig(path, metadata={"Date": None, "Description": curve["how"]})
    plt.close(figure)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.splitlines()[0])
    with open(sys.argv[1], encoding="utf-8") as file:
        bench = json.load(file)
    curves = [c for c in bench.get("curves", []) if c["series"]]
    if not curves:
        sys.exit(f"{sys.argv[1]} has no curves: make bench")
    # The same file makes the same picture.
    matplotlib.rcParams["svg.hashsalt"] = "rewire"
    os.makedirs(sys.argv[2], exist_ok=True)
    for curve in curves:
        path = os.path.join(sys.argv[2], curve["name"] + ".svg")
        draw(curve, path)
        print(path)


if __name__ == "__main__":
    main()
