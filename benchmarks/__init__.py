"""adlake beside the peer that a data engineer would write instead: the same input, the same tables, measured."""
