"""What a sample says of the whole that it was drawn from: about how much, and from where to where.

The whole is finite and its size is known, so that a large sample says more than its size alone
would: the score interval of Wilson for a part, with the correction for a finite population; for a
sum the normal interval of its mean, corrected alike. Both hold the truth in 95 of 100 samples that
are drawn at random; one that is drawn evenly over the numbers is taken for such a one.
"""

from __future__ import annotations

import math

import msgspec

#: what is said of the method wherever an interval is shown
METHOD = (
    "95 % intervals: Wilson's score interval for parts, the normal one for sums, both corrected "
    "for a finite population"
)
_Z = 1.959964  # of the normal distribution, for 95 %


class Estimate(msgspec.Struct, frozen=True):
    """How much it is in all, about; and from where to where it may be."""

    about: int
    low: int
    high: int


def of_part(part: int, sample: int, whole: int) -> Estimate:
    """How many of the whole have what `part` of a sample have. What was seen is sure: at least
    those have it, and at least the others have not."""
    if sample == whole:
        return Estimate(part, part, part)
    share = part / sample
    size = sample * (whole - 1) / (whole - sample)  # a sample of an endless whole that says as much
    middle = (share + _Z**2 / (2 * size)) / (1 + _Z**2 / size)
    beside = (_Z / (1 + _Z**2 / size)) * math.sqrt(
        share * (1 - share) / size + _Z**2 / (4 * size**2)
    )
    low = max(part, math.floor((middle - beside) * whole + _SLACK))
    high = min(whole - (sample - part), math.ceil((middle + beside) * whole - _SLACK))
    about = round(share * whole)
    return Estimate(about, min(low, about), max(high, about))


#: an interval that ends at a whole number ends there, whatever is left of a division
_SLACK = 1e-9


def of_sum(total: float, squares: float, sample: int, whole: int) -> Estimate:
    """What all of the whole sum up to. total, squares: the sum of the sample's values, and of their
    squares."""
    if sample in (1, whole):  # one value says nothing of how far others may be from it
        about = round(total * whole / sample)
        return Estimate(about, about, about)
    mean = total / sample
    variance = max(0.0, (squares - sample * mean**2) / (sample - 1))
    beside = _Z * math.sqrt(variance / sample * (whole - sample) / (whole - 1))
    low = max(math.floor(total), math.floor((mean - beside) * whole))
    return Estimate(round(mean * whole), low, math.ceil((mean + beside) * whole))
