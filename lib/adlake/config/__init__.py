"""The configuration of one lake: `lake.yaml`, checked as a whole before anything starts."""

from adlake.config.content import ContentConfig
from adlake.config.loading import config_faults, load_config
from adlake.config.settings import (
    SOURCES,
    Config,
    IdentityConfig,
    LockConfig,
    MaintenanceConfig,
    S3Config,
    Source,
    SparkConfig,
)

__all__ = [
    "SOURCES",
    "Config",
    "ContentConfig",
    "IdentityConfig",
    "LockConfig",
    "MaintenanceConfig",
    "S3Config",
    "Source",
    "SparkConfig",
    "config_faults",
    "load_config",
]
