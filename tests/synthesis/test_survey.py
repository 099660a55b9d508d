import numpy as np

from geointerp.synthesis.survey import synthesise_survey


def test_a_survey_repeats_from_its_seed() -> None:
    first, again, other = (synthesise_survey((4, 40, 48), seed) for seed in (1, 1, 2))
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])


def test_a_survey_has_the_asked_shape_and_faults() -> None:
    amplitude, labels = synthesise_survey((20, 64, 80), 3)
    assert amplitude.shape == labels.shape == (20, 64, 80)
    assert amplitude.dtype == np.float32
    assert labels.dtype == np.uint8
    assert set(np.unique(labels)) == {0, 1}
    assert np.isfinite(amplitude).all()


def test_faults_are_surfaces_that_go_on_from_inline_to_inline() -> None:
    _, labels = synthesise_survey((20, 96, 96), 5)
    # A fault sample has a fault within 3 traces on the next inline, nearly everywhere.
    reach = np.zeros_like(labels[1:])
    for shift in range(-3, 4):
        reach |= np.roll(labels[1:], shift, axis=1)
    assert reach[labels[:-1] == 1].mean() > 0.9


def test_neighbouring_inlines_share_their_layers_across_slabs() -> None:
    amplitude, _ = synthesise_survey((20, 64, 96), 4)
    correlation = [np.corrcoef(amplitude[k].ravel(), amplitude[k + 1].ravel())[0, 1] for k in range(19)]
    # 5 dB of noise on both leaves about 0.76; a new geology at the seam (15 to 16) would leave about 0.
    assert min(correlation) > 0.5
