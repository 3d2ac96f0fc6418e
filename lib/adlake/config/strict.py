"""What all settings have in common."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """Settings that take no other keys, convert nothing and cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
