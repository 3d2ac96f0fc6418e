"""Quality gates: suites of rules, the row split, the gate before every commit, verdicts and their history.

`gate` is the only module that imports Great Expectations, and only when it judges.
"""
