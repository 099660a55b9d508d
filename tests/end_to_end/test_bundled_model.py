"""The bundled fault model finds the faults of a survey it has never seen."""

import json

# The survey of `make demo`.
SHAPE, SEED = "96,192,288", "2024"


def test_the_faults_of_the_demo_survey_are_found(program):
    assert program("synth", "survey", "-o", "survey.sgy", "--shape", SHAPE, "--seed", SEED).returncode == 0
    done = program("predict", "survey.sgy", "--task", "faults", "-o", "faults.zarr")
    assert (done.returncode, done.stdout) == (0, "faults.zarr\n"), done.stderr
    done = program("evaluate", "faults.zarr", "survey_faults.sgy", "--tolerance", "2", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["tolerant"]["f1"] >= 0.80
