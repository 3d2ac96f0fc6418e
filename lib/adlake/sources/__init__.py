"""The sources that adlake reads: one module each, and one line here."""

from collections.abc import Mapping

from adlake.sources.gam import GAM
from adlake.sources.prebid import PREBID
from adlake.sources.snowplow import SNOWPLOW
from adlake.sources.source import Source

SOURCES: Mapping[str, Source] = {source.name: source for source in (GAM, SNOWPLOW, PREBID)}
