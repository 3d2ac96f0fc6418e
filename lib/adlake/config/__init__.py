"""The configuration of one lake: `lake.yaml`, checked as a whole before anything starts."""

from adlake.config.consent import ConsentConfig, ContextConfig
from adlake.config.content import ContentConfig
from adlake.config.crm import CrmConfig, FileMapping, Origin
from adlake.config.loading import config_faults, load_config
from adlake.config.sessions import SessionsConfig
from adlake.config.settings import (
    SOURCES,
    Config,
    FxConfig,
    IdentityConfig,
    KeyConfig,
    LockConfig,
    MaintenanceConfig,
    PriceGranularity,
    S3Config,
    Source,
    SparkConfig,
)

__all__ = [
    "SOURCES",
    "Config",
    "ConsentConfig",
    "ContentConfig",
    "ContextConfig",
    "CrmConfig",
    "FileMapping",
    "FxConfig",
    "IdentityConfig",
    "KeyConfig",
    "LockConfig",
    "MaintenanceConfig",
    "Origin",
    "PriceGranularity",
    "S3Config",
    "SessionsConfig",
    "Source",
    "SparkConfig",
    "config_faults",
    "load_config",
]
