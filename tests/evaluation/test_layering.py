"""Evaluation is there without torch; only a model's own needs it."""

import subprocess
import sys


def test_nothing_is_imported_that_needs_torch():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import geointerp.evaluation.report, geointerp.evaluation.of_model, geointerp.evaluation.figures\n"
        "import geointerp.evaluation.crater_report, geointerp.sinks.features\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
