import pytest
import torch
import torch.nn.functional as F

from geointerp.errors import UsageError
from geointerp.network.decoders import DECODERS, create_decoder
from geointerp.network.decoders.blocks import onto
from geointerp.network.decoders.detail import DetailDecoder
from geointerp.network.decoders.pyramid import PyramidDecoder
from geointerp.network.decoders.texture import TextureDecoder
from geointerp.network.loading import load_model
from geointerp.synthesis.generators import GENERATORS
from geointerp.training.grey import grey_of

# Counted from the published code for ViT-S and two classes, less the blocks it builds and never runs: the
# deepest level's smoothing block of MLA (2 x (9 x 192² + 3 x 192)) and entering unit of DPT (2 x (9 x 256²
# + 2 x 256)).
PUBLISHED = {
    "linear": 770,
    "pup": 914_882,
    "mla": 10_967_810 - 664_704,
    "dpt": 13_579_490 - 1_180_672,
}
CORRECTED = ["detail", "pyramid", "texture"]
LEVELS = ["mla", "dpt", *CORRECTED]


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_are_the_published_ones(name: str) -> None:
    assert sum(p.numel() for p in create_decoder(name, 384, 2).parameters()) == PUBLISHED[name]


@pytest.mark.parametrize("name", DECODERS)
@pytest.mark.parametrize("size", [(56, 70), (14, 28), (224, 14)])
def test_logits_have_the_size_of_the_tile(name: str, size: tuple[int, int]) -> None:
    features = [torch.rand(2, 48, size[0] // 14, size[1] // 14) for _ in range(4)]
    decoder = create_decoder(name, 48, 5, 0.5).eval()
    assert decoder(features, torch.rand(2, 1, *size)).shape == (2, 5, *size)


@pytest.mark.parametrize("name", PUBLISHED)
def test_logits_are_free_to_be_negative(name: str) -> None:
    decoder = create_decoder(name, 48, 4).eval()
    last = [module for module in decoder.modules() if isinstance(module, torch.nn.Conv2d)][-1]
    torch.nn.init.zeros_(last.weight)
    torch.nn.init.constant_(last.bias, -3.0)
    logits = decoder(four_maps(), torch.rand(1, 1, 56, 56))
    torch.testing.assert_close(logits, torch.full_like(logits, -3.0))


@pytest.mark.parametrize("name", LEVELS)
def test_every_level_matters(name: str) -> None:
    torch.manual_seed(0)
    decoder = create_decoder(name, 48, 2).eval()
    features, tile = four_maps(), torch.rand(1, 1, 56, 56)
    whole = decoder(features, tile)
    for level in range(4):
        without = [torch.zeros_like(f) if k == level else f for k, f in enumerate(features)]
        assert not torch.equal(decoder(without, tile), whole)


@pytest.mark.parametrize("name", DECODERS)
def test_every_parameter_learns(name: str) -> None:
    torch.manual_seed(0)
    decoder = create_decoder(name, 48, 2, 0.5)
    features = [torch.randn(2, 48, 4, 4) for _ in range(4)]
    decoder(features, torch.rand(2, 1, 56, 56)).square().sum().backward()
    assert all(p.grad is not None for p in decoder.parameters())


@pytest.mark.parametrize("name", CORRECTED)
def test_a_corrected_decoder_begins_as_mla(name: str) -> None:
    mla, corrected = create_decoder("mla", 48, 2).eval(), create_decoder(name, 48, 2).eval()
    missing = corrected.load_state_dict(mla.state_dict(), strict=False)
    assert not missing.unexpected_keys
    features, tile = four_maps(), torch.rand(1, 1, 56, 56)
    torch.testing.assert_close(corrected(features, tile), mla(features, tile))


@pytest.mark.parametrize("name", CORRECTED)
def test_single_samples_are_seen_of_the_slice_and_not_of_its_neighbours(name: str) -> None:
    torch.manual_seed(0)
    decoder = create_decoder(name, 48, 2).eval()
    assert isinstance(decoder, DetailDecoder | PyramidDecoder | TextureDecoder)
    torch.nn.init.normal_(decoder.correct.weight)
    features, tile = four_maps(), torch.rand(1, 3, 56, 56)
    whole = decoder(features, tile)
    for channel in range(3):
        touched = tile.clone()
        touched[0, channel, 20, 33] += 1.0
        change = (decoder(features, touched) - whole).abs().sum(dim=(0, 1))
        assert (change[20, 33] > 0) == (channel == 1)


def four_maps() -> list[torch.Tensor]:
    """What an encoder of 48 features makes of a tile of 56 x 56."""
    return [torch.randn(1, 48, 4, 4) for _ in range(4)]


def test_a_path_by_itself_tells_the_same_of_tiles_of_any_size() -> None:
    torch.manual_seed(0)
    decoder = create_decoder("texture", 48, 2, 0.2).double().eval()
    assert isinstance(decoder, TextureDecoder)
    torch.nn.init.normal_(decoder.correct.weight)
    # Halved four times, 462 leaves odd sizes; what lies 250 samples further down no convolution reaches.
    tile = torch.rand(1, 1, 462, 462).double()
    large, small = decoder.correction(tile), decoder.correction(tile[..., :448, :448])
    torch.testing.assert_close(large[..., :200, :200], small[..., :200, :200])
    assert not torch.equal(large[..., :448, :448], small)


@pytest.mark.parametrize("size", [112, 119, 17, 5])
def test_what_was_halved_is_enlarged_to_where_it_was(size: int) -> None:
    # A sample of the halved map lies in the middle of two of the tile; of a ramp it is their mean.
    ramp = torch.arange(float(size)).expand(1, 1, size, size)
    halved = F.avg_pool2d(ramp, (1, 2), ceil_mode=True)[:, :, ::2]
    back = onto(halved, (size, size), 2.0)
    assert back.shape == ramp.shape
    torch.testing.assert_close(back[..., 1:-2], ramp[..., 1:-2])


def test_levels_lie_on_quarters() -> None:
    # 17 patches of 14: 68 samples of 3.5 on 60 of 4, of which half the last reaches beyond the 238.
    levels = 3.5 * (torch.arange(68.0) + 0.5).expand(1, 1, 68, 68)
    quarters = 4.0 * (torch.arange(60.0) + 0.5)
    torch.testing.assert_close(onto(levels, (60, 60), 3.5 / 4)[0, 0, 0, :-1], quarters[:-1])


@pytest.mark.parametrize("name", ["faults", "salt", "craters"])
@pytest.mark.parametrize("side", [210, 238, 266])
def test_labels_do_not_depend_on_the_size_of_the_tile(name: str, side: int) -> None:
    generator = GENERATORS[name]
    grey = grey_of(generator(4, 900, height=280, width=280)[0], kind=generator.scale)
    inside = (..., slice(100, 200), slice(100, 200))  # a wrong scale has summed up to samples here
    with torch.inference_mode():
        whole, own = (
            load_model(name, (t, t)).network(grey[..., :t, :t])[inside].argmax(1) for t in (side, 224)
        )
    either = (whole == 1) | (own == 1)
    assert either.sum() > 100
    assert ((whole == 1) & (own == 1)).sum() > 0.85 * either.sum()


def test_an_unknown_decoder_is_refused() -> None:
    with pytest.raises(UsageError, match="fpn"):
        create_decoder("fpn", 48, 2)
