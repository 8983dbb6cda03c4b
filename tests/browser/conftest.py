"""A JupyterLab started for the tests, and a page of a headless Chromium on it."""

import pytest

from tests.browser import jupyterlab


@pytest.fixture(scope="session")
def copied_course(tmp_path_factory):
    course = tmp_path_factory.mktemp("course")
    jupyterlab.copy_course(course)
    return course


@pytest.fixture(scope="session")
def running_lab(copied_course, tmp_path_factory):
    with jupyterlab.running_lab(copied_course, tmp_path_factory.mktemp("home")) as address_and_log:
        yield address_and_log


@pytest.fixture(scope="session")
def lab(running_lab):
    """Give the address of JupyterLab."""
    return running_lab[0]


@pytest.fixture(scope="session")
def lab_log(running_lab):
    """Give the file to which JupyterLab and its kernels write."""
    return running_lab[1]


@pytest.fixture(scope="session")
def browser():
    try:
        with jupyterlab.running_chromium() as browser:
            yield browser
    except jupyterlab.NoBrowserError as error:
        pytest.fail(str(error))


@pytest.fixture
def page(browser):
    page = jupyterlab.new_page(browser)
    yield page
    page.close()
