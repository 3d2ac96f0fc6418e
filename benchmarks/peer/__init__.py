"""The peer: adlake's pipeline in plain DuckDB and delta-rs, for one delivery, written to be as fast as it can be.

Same tables, same columns, same rules; what it leaves out is what adlake is for: it drops a refused row without a
trace, keeps no account, judges nothing before it publishes and cannot be run a second time.
"""

from benchmarks.peer.pipeline import StepTime, run

__all__ = ["StepTime", "run"]
