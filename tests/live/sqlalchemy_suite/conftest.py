"""SQLAlchemy's own dialect suite, as SQLAlchemy hands it to third-party dialects. Not collected with
the other tests: test_sqlalchemy.py runs it, with a URL each time.
"""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
pytest.register_assert_rewrite("sqlalchemy.testing.assertions")
from sqlalchemy.testing.plugin.pytestplugin import *  # noqa: E402,F401,F403
