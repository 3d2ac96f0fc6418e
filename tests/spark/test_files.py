"""How landing files and what is made of them are spread over tasks."""

from adlake.landing import Layout
from adlake.sources.files import one_file_per_task
from adlake.sources.source import LandedFile


def test_a_landing_file_is_a_task_and_what_is_read_back_meanwhile_is_not_cut_up(spark, tmp_path):
    landed = []
    for number in range(3):
        path = tmp_path / f"{number}.txt"
        path.write_text("line\n" * (number + 1))
        landed.append(
            LandedFile(path.name, "Lines", number + 1, Layout(None, (), has_header=False), path.stat().st_size)
        )
    spark.range(1000).coalesce(1).write.parquet(f"{tmp_path}/written")
    with one_file_per_task(spark, landed):
        lines = spark.read.text([f"{tmp_path}/{file.path}" for file in landed])
        assert lines.rdd.getNumPartitions() == 3
        assert spark.read.parquet(f"{tmp_path}/written").rdd.getNumPartitions() == 1
    assert spark.read.text([f"{tmp_path}/{file.path}" for file in landed]).rdd.getNumPartitions() < 3
