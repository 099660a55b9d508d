import numpy as np
from scipy.ndimage import binary_dilation, binary_erosion, label

from geointerp.synthesis.survey import synthesise_survey


def test_a_survey_repeats_from_its_seed() -> None:
    first, again, other = (synthesise_survey((4, 40, 48), seed) for seed in (1, 1, 2))
    assert np.array_equal(first.amplitude, again.amplitude)
    assert np.array_equal(first.faults, again.faults)
    assert not np.array_equal(first.amplitude, other.amplitude)


def test_a_survey_has_the_asked_shape_and_faults() -> None:
    survey = synthesise_survey((20, 64, 80), 3)
    amplitude, labels = survey.amplitude, survey.faults
    assert amplitude.shape == labels.shape == (20, 64, 80)
    assert amplitude.dtype == np.float32
    assert labels.dtype == np.uint8
    assert set(np.unique(labels)) == {0, 1}
    assert np.isfinite(amplitude).all()
    assert not survey.salt.any()


def test_faults_are_surfaces_that_go_on_from_inline_to_inline() -> None:
    labels = synthesise_survey((20, 96, 96), 5).faults
    # A fault sample has a fault within 3 traces on the next inline, nearly everywhere.
    reach = np.zeros_like(labels[1:])
    for shift in range(-3, 4):
        reach |= np.roll(labels[1:], shift, axis=1)
    assert reach[labels[:-1] == 1].mean() > 0.9


def test_neighbouring_inlines_share_their_layers_across_slabs() -> None:
    amplitude = synthesise_survey((20, 64, 96), 4).amplitude
    correlation = [np.corrcoef(amplitude[k].ravel(), amplitude[k + 1].ravel())[0, 1] for k in range(19)]
    # 5 dB of noise on both leaves about 0.76; a new geology at the seam (15 to 16) would leave about 0.
    assert min(correlation) > 0.5


def test_salt_is_one_body_or_two_that_hold_no_faults() -> None:
    survey = synthesise_survey((24, 80, 96), 6, salt=True)
    _, count = label(survey.salt, np.ones((3, 3, 3)))
    assert 1 <= count <= 2
    assert 0.01 < survey.salt.mean() < 0.5
    assert not (survey.salt & survey.faults).any()
    deep = binary_erosion(survey.salt, iterations=8)
    assert deep.any()
    rock = ~binary_dilation(survey.salt, iterations=8)
    assert np.square(survey.amplitude[deep]).mean() < 0.6 * np.square(survey.amplitude[rock]).mean()
