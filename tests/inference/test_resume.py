"""A prediction that is interrupted goes on where it stopped and ends in the same bytes."""

import shutil
import threading
from functools import partial

import numpy as np
import pytest
from stub_models import Convolution, Failing, chunk_bytes, model_of, raw_labels, volume_of

from geointerp.errors import OutputError
from geointerp.inference import job as job_module
from geointerp.inference import predict as predict_module
from geointerp.inference.manifest import FILE_NAME, held
from geointerp.inference.predict import predict
from geointerp.inference.staging import prepare
from geointerp.sinks.zarr_store import LabelStore
from geointerp.tiling.plan import plan_views


@pytest.fixture(autouse=True)
def thin_blocks(monkeypatch):
    monkeypatch.setattr(predict_module, "plan_views", partial(plan_views, budget=200_000))


def interrupt(output, error=None, **options):
    error = error or RuntimeError("broken")
    with pytest.raises(type(error)):
        predict(
            volume_of((16, 45, 61)),
            model=model_of(Failing(40, error)),
            batch_size=4,
            precision="fp32",
            output=output,
            **options,
        )


def go_on(output, **options):
    return predict(
        volume_of((16, 45, 61)), model=model_of(Convolution()), precision="fp32", output=output, **options
    )


@pytest.mark.parametrize("error", [RuntimeError("broken"), KeyboardInterrupt()])
def test_an_exception_leaves_what_is_done(tmp_path, error):
    output = tmp_path / "faults.zarr"
    interrupt(output, error)
    assert not [one for one in threading.enumerate() if one.name.startswith("geointerp")]
    assert not output.exists()
    computed = []
    model = model_of(Convolution())
    model.network.register_forward_hook(lambda *_: computed.append(1))
    result = predict(volume_of((16, 45, 61)), model=model, precision="fp32", output=output, resume=True)
    assert 0 < len(computed) < result.attrs["geointerp"]["tiles"]
    np.testing.assert_array_equal(raw_labels(result), raw_labels(go_on(None)))


def test_a_record_that_was_cut_off_does_not_count(tmp_path):
    output = tmp_path / "faults.zarr"
    interrupt(output)
    manifest = tmp_path / ".faults.zarr.partial" / FILE_NAME
    manifest.write_bytes(manifest.read_bytes()[:-5])
    np.testing.assert_array_equal(raw_labels(go_on(output, resume=True)), raw_labels(go_on(None)))


def test_half_a_shard_is_written_again(tmp_path):
    output = tmp_path / "faults.zarr"
    interrupt(output)
    partial_ = tmp_path / ".faults.zarr.partial"
    shards = sorted((partial_ / "labels" / "c").rglob("*"))
    last = [path for path in shards if path.is_file()][-1]
    manifest = partial_ / FILE_NAME
    manifest.write_bytes(b"".join(manifest.read_bytes().splitlines(keepends=True)[:1]))
    last.write_bytes(last.read_bytes()[:9])
    torn = last.with_suffix(".0f.partial")
    torn.write_bytes(b"torn")
    np.testing.assert_array_equal(raw_labels(go_on(output, resume=True)), raw_labels(go_on(None)))
    assert not list(output.rglob("*.partial"))


def test_remains_are_refused_resumed_or_discarded(tmp_path):
    output = tmp_path / "faults.zarr"
    interrupt(output)
    with pytest.raises(OutputError, match="left from an interrupted run") as error:
        go_on(output)
    assert "--resume" in error.value.hint
    with pytest.raises(OutputError, match=r"overlap was 0.25 and is 0.5"):
        go_on(output, resume=True, overlap=0.5)
    go_on(output, overwrite=True)
    assert output.is_dir()
    assert [path.name for path in tmp_path.iterdir()] == ["faults.zarr"]


def test_another_amplitude_means_another_input(tmp_path):
    output = tmp_path / "faults.zarr"
    interrupt(output)
    with pytest.raises(OutputError, match="amplitude was"):
        predict(
            2 * volume_of((16, 45, 61)),
            model=model_of(Convolution()),
            precision="fp32",
            output=output,
            resume=True,
        )


def test_with_nothing_to_resume_it_starts_and_says_so(tmp_path):
    notes = []

    class Notes:
        def start(self, total_tiles, what):
            notes.append((total_tiles, what))

        def advance(self, tiles):
            notes.append(tiles)

        def note(self, message):
            notes.append(message)

    result = go_on(tmp_path / "new" / "faults.zarr", resume=True, progress=Notes())
    assert "nothing to resume" in notes[0]
    assert notes[1] == (16 * 8, "faults on cpu in fp32")
    assert sum(notes[2:]) == 16 * 8 == result.attrs["geointerp"]["tiles"]


def test_killed_while_tidying_up_it_tidies_up_again(tmp_path, monkeypatch):
    output = tmp_path / "faults.zarr"
    with monkeypatch.context() as patch:
        patch.setattr(LabelStore, "finish", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            go_on(output, views="crossline,inline")
    (tmp_path / ".faults.zarr.partial" / "scratch" / "zarr.json").unlink()
    result = go_on(output, views="crossline,inline", resume=True)
    np.testing.assert_array_equal(raw_labels(result), raw_labels(go_on(None, views="crossline,inline")))
    assert not (output / "scratch").exists()


def test_a_full_disk_is_an_error_for_people_and_loses_nothing(tmp_path, monkeypatch):
    output = tmp_path / "faults.zarr"
    write, room = LabelStore.write, [2]

    def write_while_there_is_room(*arguments):
        room[0] -= 1
        if room[0] < 0:
            raise OSError(28, "No space left on device")
        write(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(LabelStore, "write", write_while_there_is_room)
        with pytest.raises(OutputError, match="No space left on device") as error:
            go_on(output, batch_size=4)
    assert "--resume" in error.value.hint
    result = go_on(output, resume=True)
    np.testing.assert_array_equal(raw_labels(result), raw_labels(go_on(None)))


def test_remains_without_a_record_are_started_over(tmp_path):
    partial_ = tmp_path / ".faults.zarr.partial"
    partial_.mkdir()
    (partial_ / FILE_NAME).write_text('{"key": "cut o')
    np.testing.assert_array_equal(
        raw_labels(go_on(tmp_path / "faults.zarr", resume=True)), raw_labels(go_on(None))
    )


def with_reading(**options):
    volume = volume_of((16, 45, 61))
    volume.attrs["reading"] = options
    return volume


def test_another_way_of_reading_means_another_input(tmp_path):
    common = {"precision": "fp32", "output": tmp_path / "faults.zarr"}
    with pytest.raises(RuntimeError, match="broken"):
        predict(with_reading(), model=model_of(Failing(40, RuntimeError("broken"))), **common)
    with pytest.raises(OutputError, match=r"reading was .* and is .*last"):
        predict(with_reading(duplicates="last"), model=model_of(Convolution()), resume=True, **common)


def test_compiling_is_decided_by_the_whole_job(tmp_path, monkeypatch):
    asked = []

    def worth(compile_, machine, tiles):
        asked.append((compile_, tiles))
        return False

    monkeypatch.setattr(job_module, "worth_compiling", worth)
    interrupt(tmp_path / "faults.zarr")
    result = go_on(tmp_path / "faults.zarr", resume=True)
    assert set(asked) == {("auto", 16 * 8)}
    assert result.attrs["geointerp"]["compiled"] is False
    monkeypatch.setattr(job_module, "worth_compiling", lambda *_: True)
    with pytest.raises(OutputError, match="exists"):
        go_on(tmp_path / "faults.zarr", resume=True)


def test_a_second_run_on_the_same_output_is_refused(tmp_path):
    output = tmp_path / "faults.zarr"
    interrupt(output)
    with held(tmp_path / ".faults.zarr.partial" / FILE_NAME):
        for options in ({"resume": True}, {"overwrite": True}, {}):
            with pytest.raises(OutputError, match="another run is at work"):
                go_on(output, **options)
    go_on(output, resume=True)


def test_of_two_runs_that_begin_in_the_same_moment_one_goes_on(tmp_path, monkeypatch):
    """The other has put its store in this one's place when this one comes to lock it."""
    output = tmp_path / "faults.zarr"
    begin_ = job_module._begin

    def overtaken(job, staging, settings):
        found = begin_(job, staging, settings)
        begin_(job, staging, {"another": "run's"})
        return found

    monkeypatch.setattr(job_module, "_begin", overtaken)
    with pytest.raises(OutputError, match="another run is at work"):
        go_on(output)
    assert not output.exists()


def test_a_run_at_work_is_not_cleared_away(tmp_path):
    output = tmp_path / "faults.zarr"
    interrupt(output)
    staging = prepare(output, {}, source=None, overwrite=True, resume_=False)
    with held(staging.partial / FILE_NAME), pytest.raises(OutputError, match="another run is at work"):
        staging.clear()
    assert (staging.partial / FILE_NAME).exists()


def test_resumed_a_complete_output_of_the_same_settings_is_the_result(tmp_path):
    output = tmp_path / "faults.zarr"
    go_on(output)
    before = chunk_bytes(output)
    (output / FILE_NAME).touch()  # killed just before the last step
    model = model_of(Convolution())
    model.network.register_forward_hook(lambda *_: pytest.fail("computed again"))
    result = predict(volume_of((16, 45, 61)), model=model, precision="fp32", output=output, resume=True)
    assert result.attrs["geointerp"]["tiles"] == 16 * 8
    assert chunk_bytes(output) == before
    for options in ({"overlap": 0.5, "resume": True}, {}):
        with pytest.raises(OutputError, match="exists"):
            go_on(output, **options)


@pytest.mark.parametrize("array", ["labels", "probability"])
def test_a_result_that_lacks_files_is_not_taken_for_complete(tmp_path, array):
    output = tmp_path / "faults.zarr"
    go_on(output, probability=True)
    pieces = [file for file in (output / array / "c").rglob("*") if file.is_file()]
    assert len(pieces) > 1
    pieces[0].unlink()
    with pytest.raises(OutputError, match=f"lacks 1 of the {len(pieces)} files of its {array}"):
        go_on(output, probability=True, resume=True)
    shutil.rmtree(output / array)
    (output / array / "c").mkdir(parents=True)
    (output / array / "c" / ".DS_Store").write_text("not of the store")
    with pytest.raises(OutputError, match=f"lacks {len(pieces)} of the {len(pieces)} files of its {array}"):
        go_on(output, probability=True, resume=True)
    go_on(output, probability=True, resume=True, overwrite=True)
    assert {*pieces} <= {*output.rglob("*")}


def test_a_volume_in_memory_is_gone_on_with_only_if_it_is_the_same(tmp_path):
    output = tmp_path / "faults.zarr"
    go_on(output)
    turned = volume_of((16, 45, 61))[::-1]
    work = partial(predict, model=model_of(Convolution()), precision="fp32", output=output, resume=True)
    with pytest.raises(OutputError, match="exists"):
        work(turned)
    work(volume_of((16, 45, 61)))


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_file_whose_samples_were_replaced_is_another_input(tmp_path, interrupted):
    """Of the same size, first bytes and magnitudes, with another sign from the third slice on."""
    path, output = tmp_path / "volume.npy", tmp_path / "faults.zarr"
    np.save(path, volume_of((16, 45, 61)).values)
    common = {"batch_size": 4, "precision": "fp32", "output": output}
    if interrupted:
        with pytest.raises(KeyboardInterrupt):
            predict(path, model=model_of(Failing(40, KeyboardInterrupt())), **common)
    else:
        predict(path, model=model_of(Convolution()), **common)
    stored = np.lib.format.open_memmap(path, "r+")
    stored[2:] *= -1
    stored.flush()
    words = "begun with other settings: amplitude was" if interrupted else "exists"
    with pytest.raises(OutputError, match=words):
        predict(path, model=model_of(Convolution()), resume=True, **common)
