"""What a user sees in a terminal: progress while work is done, and results as tables."""

from adlake.console.demo import show_demo
from adlake.console.identity import show_explanation
from adlake.console.progress import Watch, watch
from adlake.console.quality import show_quality
from adlake.console.run import show_run
from adlake.console.status import show_status
from adlake.console.text import screen

__all__ = ["Watch", "screen", "show_demo", "show_explanation", "show_quality", "show_run", "show_status", "watch"]
