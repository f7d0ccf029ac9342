# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The chart: bars in SVG, legible on light and on dark."""

from __future__ import annotations

from html import escape

from contenders import FLOOR, OURS, URI
from measuring import Measured

NAMES = {OURS: "the collection", URI: "uri playbook", FLOOR: "bare script"}
COLOURS = {OURS: "#3d85c6", URI: "#cc7a29", FLOOR: "#8a8a8a"}
WIDTH, LEFT, RIGHT = 900, 290, 110
BAR, GAP = 13, 16


def draw(lines: list[Measured]) -> str:
    """Return the chart: for each work, at each latency, a bar for each contender, all to one linear scale."""
    longest = max(samples.median for line in lines for samples in line.samples.values() if samples.seconds)
    scale = (WIDTH - LEFT - RIGHT) / longest
    parts: list[str] = []
    x = 10.0
    for name, text in NAMES.items():
        parts.append(f'<rect x="{x:.0f}" y="8" width="12" height="12" fill="{COLOURS[name]}"/>')
        parts.append(_text(x + 18, 18.5, text))
        x += 140
    y, latency = 34.0, None
    for line in lines:
        if line.latency != latency:
            latency = line.latency
            parts.append(_text(10, y + 14, f"{latency} ms before each answer (seconds, less is better)", "font-weight='bold'"))
            y += 30
        parts.append(_text(LEFT - 10, y + BAR * 1.5 + 4, line.title, "text-anchor='end'"))
        for name, samples in line.samples.items():
            if samples.seconds:
                width = max(1.0, samples.median * scale)
                parts.append(f'<rect x="{LEFT}" y="{y:.1f}" width="{width:.1f}" height="{BAR - 2}" fill="{COLOURS[name]}"/>')
                parts.append(_text(LEFT + width + 6, y + 10, f"{samples.median:.2f}"))
            else:
                parts.append(_text(LEFT + 6, y + 10, "left out"))
            y += BAR
        y += GAP
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y:.0f}" width="{WIDTH}" height="{y:.0f}"'
    return f"{head} font-family=\"sans-serif\" font-size=\"12\">\n" + "\n".join(parts) + "\n</svg>\n"


def _text(x: float, y: float, text: str, more: str = "") -> str:
    # A grey that stands out from white and from black alike.
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="#7d7d7d" {more}>{escape(text)}</text>'.replace("'", '"')
