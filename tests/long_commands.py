"""The commands of the docs that take long, run as printed: `pytest tests/long_commands.py`.

No part of `make test`; tests/test_commands.py holds them to the pages.
"""

from pathlib import Path

import pytest

from tests.conftest import call, write_params
from tests.test_commands import LONG


@pytest.mark.parametrize("command", LONG)
def test_it_runs_as_it_is_printed(project: Path, command: str) -> None:
    # 240 songs do not bear eight full components.
    write_params(project, {"choose_k.covariance_type": "diag"})
    said = call(project, "bash", "-ec", command)
    assert "ERROR" not in said
    assert "Traceback" not in said
