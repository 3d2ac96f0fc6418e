"""The sources that adlake reads: one module each, and one line here."""

from collections.abc import Mapping

from adlake.config import Config
from adlake.sources import crm
from adlake.sources.crm import CRM
from adlake.sources.fx import FX
from adlake.sources.gam import GAM
from adlake.sources.prebid import PREBID
from adlake.sources.snowplow import SNOWPLOW
from adlake.sources.source import Source

SOURCES: Mapping[str, Source] = {source.name: source for source in (GAM, SNOWPLOW, PREBID, CRM, FX)}


def sources_of(config: Config) -> Mapping[str, Source]:
    """The sources whose files a configuration takes, told what it says of their files."""
    known = {**SOURCES, CRM.name: crm.source(config.crm)}
    return {name: known[name] for name in config.sources}
