"""The data folders are found in a checkout and in an installed wheel."""

import pytest

from adlake import resources
from adlake.errors import UsageError


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package folder two levels below a root, as lib/adlake is."""
    package = tmp_path / "lib" / "adlake"
    package.mkdir(parents=True)
    monkeypatch.setattr(resources, "_PACKAGE", package)
    return package


def test_a_checkout_has_the_folder_at_its_root(package, tmp_path):
    (tmp_path / "schemas").mkdir()
    assert resources.folder("schemas") == tmp_path / "schemas"


def test_an_installed_wheel_has_the_folder_inside_the_package(package):
    (package / "schemas").mkdir()
    assert resources.folder("schemas") == package / "schemas"


def test_the_folder_inside_the_package_wins(package, tmp_path):
    # site-packages lies below folders that are not ours: what is there must not shadow our own.
    (tmp_path / "schemas").mkdir()
    (package / "schemas").mkdir()
    assert resources.folder("schemas") == package / "schemas"


def test_a_file_of_that_name_is_no_folder(package, tmp_path):
    (package / "schemas").write_text("")
    (tmp_path / "schemas").mkdir()
    assert resources.folder("schemas") == tmp_path / "schemas"


def test_a_missing_folder_is_named_with_both_places(package, tmp_path):
    with pytest.raises(UsageError) as caught:
        resources.folder("expectations")
    assert caught.value.condition == "MISSING_RESOURCE"
    assert str(package / "expectations") in caught.value.found
    assert str(tmp_path / "expectations") in caught.value.found
    assert "\n" not in str(caught.value)
