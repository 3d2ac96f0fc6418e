"""Table contracts: a YAML file in schemas/ becomes one frozen `Table`, and whatever is wrong with it becomes a list."""

from adlake.contracts.loading import faults, load_table, table, tables
from adlake.contracts.model import Column, Layer, Personal, Slice, Table, Unit
from adlake.faults import Fault

__all__ = ["Column", "Fault", "Layer", "Personal", "Slice", "Table", "Unit", "faults", "load_table", "table", "tables"]
