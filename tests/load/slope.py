# SPDX-License-Identifier: GPL-3.0-or-later
"""Does a series of readings grow? A straight line through them, with its error; and when that counts as growth."""
import math
from collections import namedtuple

# Of the line's slope: the least and the most that it is with 95 %. rise: from the first to the last reading, along the line.
Line = namedtuple("Line", "slope error low high rise count")
# What is told of: unit, and what may be gained in a thousand steps (None: it is only told).
Bound = namedtuple("Bound", "unit most least", defaults=(None, None))
# As much as a reading after a long session may resemble the one before it.
MOST_ALIKE = 0.95


def _student(freedom):
    """The 97.5th percentile of Student's distribution (Cornish and Fisher's series, right to the third digit from four on)."""
    z = 1.959964
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2) + (
        3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)


def fit(places, values):
    """Least squares. Readings that follow each other are alike (what an allocator has taken, it keeps), and so tell less than as many
    that are not: the error takes that into account, by the correlation of each remainder with the next."""
    count = len(places)
    middle, mean = sum(places) / count, sum(values) / count
    spread = sum((place - middle)**2 for place in places)
    slope = sum((place - middle) * (value - mean) for place, value in zip(places, values)) / spread
    rest = [value - mean - slope * (place - middle) for place, value in zip(places, values)]
    squares = sum(part**2 for part in rest)
    alike = sum(one * next_one for one, next_one in zip(rest, rest[1:])) / squares if squares > 0 else 0
    alike = min(max(alike, 0), MOST_ALIKE)
    error = math.sqrt(squares / (count - 2) / spread * (1 + alike) / (1 - alike))
    reach = _student(count - 2) * error
    return Line(slope, error, slope - reach, slope + reach, slope * (places[-1] - places[0]), count)


def grows(line, bound):
    """Certain, and worth a word: even the least slope is too much in a thousand steps, and what was gained is more than one piece more (a
    single step somewhere is no slope)."""
    return bound.most is not None and line.low * 1000 > bound.most and line.rise > bound.least
