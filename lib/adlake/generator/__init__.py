"""Made-up advertising logs in the real formats, with every hazard of the real ones and the exact truth about them."""

from adlake.generator.run import generate
from adlake.generator.truth import Truth

__all__ = ["Truth", "generate"]
