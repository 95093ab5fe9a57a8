# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture of bars for a page: medians, with a line from the smallest to the largest."""
import statistics
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, TOP, ROW, BAR = 860, 330, 110, 64, 44, 22
INK, GREY, OURS, THEIRS = "#1d2733", "#5c6770", "#1a5fb4", "#9aa5b1"
FONT = "font-family=\"DejaVu Sans, sans-serif\""


def bars(title, note, rows):
    """An SVG: rows of (name, values, is it ours?), in seconds."""
    most = max(max(values) for _, values, _ in rows)
    scale = (WIDTH - LEFT - RIGHT) / most
    height = TOP + ROW * len(rows) + 34
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">',
             f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
             f'<text x="20" y="34" {FONT} font-size="18" font-weight="bold" fill="{INK}">{escape(title)}</text>']
    for number, (name, values, ours) in enumerate(rows):
        top = TOP + ROW * number
        middle, text = top + BAR / 2, top + BAR / 2 + 5
        median = statistics.median(values)
        least, largest = LEFT + min(values) * scale, LEFT + max(values) * scale
        lines += [f'<text x="{LEFT - 12}" y="{text}" {FONT} font-size="14" text-anchor="end" fill="{INK}">{escape(name)}</text>',
                  f'<rect x="{LEFT}" y="{top}" width="{max(median * scale, 1):.1f}" height="{BAR}" rx="3" fill="{OURS if ours else THEIRS}"/>',
                  f'<path d="M{least:.1f} {middle}H{largest:.1f}M{least:.1f} {middle - 5}v10M{largest:.1f} {middle - 5}v10" stroke="{INK}" fill="none"/>',
                  f'<text x="{largest + 10:.1f}" y="{text}" {FONT} font-size="14" fill="{INK}">{median:.2f} s</text>']
    lines += [f'<text x="20" y="{height - 12}" {FONT} font-size="12" fill="{GREY}">{escape(note)}</text>', "</svg>"]
    return "\n".join(lines) + "\n"
