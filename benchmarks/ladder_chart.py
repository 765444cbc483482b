"""Draws what `benchmarks.ladder --keep FILE` found, one field a set, one line a family, a mark for each dial; and tables it.

    .venv/bin/python -m benchmarks.ladder_chart FILE docs/ladder.svg

Plotly draws in the Chromium that the tests use. The tables are Markdown: what was chosen on test, then every family on
every set's development part, one table a dial.
"""

from __future__ import annotations

import json
import math
import shutil
import statistics
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import plotly.graph_objects as go
from playwright.sync_api import sync_playwright
from plotly.subplots import make_subplots

from benchmarks.ladder import score

LOOKS = {"quick": ("circle-open", "#8a8f98"), "thorough": ("circle", "#2563eb")}
PASSED = {"skipped: budget": "time", "skipped: hopeless": "–"}
WIDTH, HEIGHT = 1100, 1150


def main() -> None:
    source, picture = Path(sys.argv[1]), Path(sys.argv[2])
    rungs = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
    picture.write_text(_drawn(_figure([r for r in rungs if "validation" in r])), encoding="utf-8")
    _table([r for r in rungs if "test" in r])
    for dial in LOOKS:
        _rungs(dial, [r for r in rungs if r["dial"] == dial])


def _table(tested: list[dict[str, Any]]) -> None:
    """The chosen model of each set and dial on test beside the reference, and what all sets have in the mean."""
    print(
        "| set | rows to train | rows of test | reference | "
        + " | ".join(f"{d}: chosen, seconds | {d}: test" for d in LOOKS)
        + " |"
    )
    print("|---|---|---|---|" + "---|---|" * len(LOOKS))
    found = {(r["set"], r["dial"]): r for r in tested}
    for name in dict.fromkeys(r["set"] for r in tested):
        mine = [found.get((name, dial)) for dial in LOOKS]
        one = next(r for r in mine if r)
        cells = [f"{r['family']}, {r['seconds']:.1f} | {score(r['test'])}" if r else " | " for r in mine]
        print(
            f"| {name} | {one['train']:,} | {one['test']['n']:,} | {one['reference']} | {' | '.join(cells)} |"
        )
    for dial in LOOKS:
        gains = [100 * r["test"]["value"] - r["reference"] for r in tested if r["dial"] == dial]
        if gains:
            print(
                f"\n{dial}: {statistics.mean(gains):+.1f} points on the mean over {len(gains)} sets, {min(gains):+.1f} to {max(gains):+.1f}"
            )


def _rungs(dial: str, rungs: list[dict[str, Any]]) -> None:
    """Every family on every development part: its score and seconds, the best one bold, or why it was passed over."""
    sets = list(dict.fromkeys(r["set"] for r in rungs))
    found = {(r["set"], r["family"]): r for r in rungs}
    trained = [r for r in rungs if "validation" in r]
    slowness = {
        f: statistics.median(r["seconds"] for r in trained if r["family"] == f)
        for f in {r["family"] for r in trained}
    }
    families = sorted({r["family"] for r in rungs}, key=lambda f: (slowness.get(f, math.inf), f))
    print(f"\n**{dial}**\n\n| family | {' | '.join(sets)} |\n|---|{'---|' * len(sets)}")
    for family in families:
        print(f"| {family} | {' | '.join(_rung(found.get((name, family))) for name in sets)} |")
    rows = {r["set"]: r["validation"]["n"] for r in trained}
    print(f"| rows to score on | {' | '.join(f'{rows[name]:,}' for name in sets)} |")


def _rung(one: dict[str, Any] | None) -> str:
    if one is None:
        return ""
    if "validation" not in one:
        return PASSED.get(one["state"], str(one["state"]))
    said = score(one["validation"])
    return f"{f'**{said}**' if one['best'] else said}, {one['seconds']:.1f} s"


def _figure(rungs: list[dict[str, Any]]) -> go.Figure:
    sets = list(dict.fromkeys(r["set"] for r in rungs))
    base = {r["set"]: r["validation"] for r in rungs if r["family"] == "majority"}
    rungs = [r for r in rungs if r["family"] != "majority"]
    families = list(dict.fromkeys(r["family"] for r in sorted(rungs, key=lambda r: r["seconds"])))
    titles = [
        f"{name}: {base[name]['n']:,} rows, majority {100 * base[name]['value']:.0f} %" for name in sets
    ]
    figure = make_subplots(
        rows=3,
        cols=3,
        subplot_titles=titles,
        shared_yaxes=True,
        horizontal_spacing=0.03,
        vertical_spacing=0.07,
    )
    for place, name in enumerate(sets):
        for dial, (symbol, colour) in LOOKS.items():
            mine = [r for r in rungs if r["set"] == name and r["dial"] == dial]
            scores = [r["validation"] for r in mine]
            figure.add_scatter(
                x=[100 * s["value"] for s in scores], y=[r["family"] for r in mine], mode="markers", name=dial,
                showlegend=place == 0, marker={"symbol": symbol, "color": colour, "size": 8},
                error_x={
                    "type": "data", "symmetric": False, "thickness": 1, "width": 0, "color": colour,
                    "array": [100 * (s["high"] - s["value"]) for s in scores],
                    "arrayminus": [100 * (s["value"] - s["low"]) for s in scores],
                },
                row=place // 3 + 1, col=place % 3 + 1,
            )  # fmt: skip
    figure.update_yaxes(categoryorder="array", categoryarray=families[::-1], gridcolor="#e5e7eb")
    figure.update_xaxes(gridcolor="#e5e7eb", ticksuffix=" %")
    figure.update_annotations(font_size=12)
    figure.update_layout(
        template="plotly_white", width=WIDTH, height=HEIGHT, margin={"l": 110, "r": 10, "t": 60, "b": 20},
        font={"size": 11}, legend={"orientation": "h", "y": 1.045},
    )  # fmt: skip
    return figure


def _drawn(figure: go.Figure) -> str:
    """The figure as SVG."""
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page()
        page.set_content(figure.to_html(include_plotlyjs=True))
        image: str = page.evaluate(
            "size => Plotly.toImage(document.querySelector('.js-plotly-plot'), {format: 'svg', ...size})",
            {"width": WIDTH, "height": HEIGHT},
        )
        browser.close()
    return unquote(image.partition(",")[2])


if __name__ == "__main__":
    main()
