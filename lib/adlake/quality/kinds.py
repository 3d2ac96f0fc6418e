"""What adlake knows of Great Expectations' kinds of expectations, without importing it."""

from collections.abc import Mapping

# Kinds that judge one row by itself; `rows` turns them into Spark expressions.
ROW_KINDS = frozenset(
    {
        "expect_column_pair_values_a_to_be_greater_than_b",
        "expect_column_pair_values_to_be_equal",
        "expect_column_value_lengths_to_be_between",
        "expect_column_value_lengths_to_equal",
        "expect_column_values_to_be_between",
        "expect_column_values_to_be_in_set",
        "expect_column_values_to_be_null",
        "expect_column_values_to_match_regex",
        "expect_column_values_to_match_regex_list",
        "expect_column_values_to_not_be_in_set",
        "expect_column_values_to_not_be_null",
        "expect_column_values_to_not_match_regex",
        "expect_column_values_to_not_match_regex_list",
    }
)

# Kinds that judge the batch by numbers which one pass gives.
BATCH_KINDS = frozenset(
    {
        "expect_column_max_to_be_between",
        "expect_column_mean_to_be_between",
        "expect_column_min_to_be_between",
        "expect_column_proportion_of_non_null_values_to_be_between",
        "expect_column_sum_to_be_between",
        "expect_table_row_count_to_be_between",
        "expect_table_row_count_to_equal",
    }
)

# Kinds whose number is a value of the column: of a column of moments it is a moment.
EXTREMES = frozenset({"expect_column_max_to_be_between", "expect_column_min_to_be_between"})

# Kinds that add values up.
SUMS = frozenset({"expect_column_mean_to_be_between", "expect_column_sum_to_be_between"})

# Kinds that ask for queries of their own; each may start up to ten Spark jobs.
COSTLY_KINDS = frozenset(
    {
        "expect_column_distinct_values_to_be_in_set",
        "expect_column_distinct_values_to_contain_set",
        "expect_column_distinct_values_to_equal_set",
        "expect_column_pair_values_to_be_in_set",
        "expect_column_proportion_of_unique_values_to_be_between",
        "expect_column_unique_value_count_to_be_between",
        "expect_column_values_to_be_unique",
        "expect_compound_columns_to_be_unique",
        "expect_multicolumn_sum_to_equal",
        "expect_multicolumn_values_to_be_equal",
        "expect_select_column_values_to_be_unique_within_record",
    }
)

KINDS = ROW_KINDS | BATCH_KINDS | COSTLY_KINDS

# What Great Expectations 1.24 offers and Spark cannot do, or only with wrong verdicts, and why.
UNUSABLE: Mapping[str, str] = {
    "expect_column_kl_divergence_to_be_less_than": "its result cannot be written as JSON on Spark",
    "expect_column_quantile_values_to_be_between": "its result cannot be written as JSON on Spark",
    "expect_column_values_to_be_dateutil_parseable": "Spark has no such rule",
    "expect_column_values_to_match_like_pattern": "Spark has no such rule",
    "expect_column_values_to_match_like_pattern_list": "Spark has no such rule",
    "expect_column_values_to_not_match_like_pattern": "Spark has no such rule",
    "expect_column_values_to_not_match_like_pattern_list": "Spark has no such rule",
    "expect_query_results_to_match_comparison": "it leaves a view named tmp_view behind, and reads that of others",
    "unexpected_rows_expectation": "it leaves a view named tmp_view behind, and reads that of others",
}
