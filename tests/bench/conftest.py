from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pages", type=int, default=1000, help="pages to crawl in every round")
    parser.addoption("--rounds", type=int, default=3, help="rounds over all competitors")
