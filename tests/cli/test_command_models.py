import json
from pathlib import Path

import pytest

from geointerp.network import home


@pytest.fixture
def bundled(untrained_model, monkeypatch) -> Path:
    """Makes the untrained model the only bundled one."""
    monkeypatch.setattr(home, "_HOMES", (untrained_model.parent,))
    return untrained_model


def test_the_bundled_models_are_listed(run, bundled):
    done = run("models")
    assert (done.status, done.out) == (0, f"{bundled}\n")
    assert "untrained" in done.err
    assert "background, fault" in done.err


def test_json_has_the_keys_users_rely_on(run, bundled):
    done = run("models", "--json", "--quiet")
    assert (done.status, done.err) == (0, "")
    assert json.loads(done.out) == {
        "name": "untrained",
        "task": "faults",
        "classes": ["background", "fault"],
        "bytes": sum(path.stat().st_size for path in bundled.iterdir()),
        "metrics": {},
    }


def test_a_card_is_shown(run, bundled):
    card = bundled / "README.md"
    card.write_text("# An untrained model\n\nIt knows *nothing*.\n")
    try:
        done = run("models", "untrained")
    finally:
        card.unlink()
    assert (done.status, done.out) == (0, f"{bundled}\n")
    assert "An untrained model" in done.err
    assert "It knows nothing." in done.err


def test_an_unknown_model_is_status_1_and_names_those_there_are(run, bundled):
    done = run("models", "gold")
    assert (done.status, done.out) == (1, "")
    assert "no model 'gold'" in done.err
    assert "bundled are: untrained" in done.err
