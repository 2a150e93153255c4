"""The per-title ladder against two fixed ones on real clips: bits at equal VMAF, and what the analysis costs.

The rules of the comparison are in docs/encoding.md: what the fixed ladder is, where VMAF is measured, what BD-rate
means here. Plots land in benchmarks/out, one a clip.
"""

from benchmarks.per_title.compare import run

__all__ = ["run"]
