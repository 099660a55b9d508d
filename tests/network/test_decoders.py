import pytest
import torch

from geointerp.errors import UsageError
from geointerp.network.decoders import DECODERS, create_decoder

# Counted from the published code for ViT-S and two classes, less the blocks it builds and never runs: the
# deepest level's smoothing block of MLA (2 x (9 x 192² + 3 x 192)) and entering unit of DPT (2 x (9 x 256²
# + 2 x 256)).
PUBLISHED = {
    "linear": 770,
    "pup": 914_882,
    "mla": 10_967_810 - 664_704,
    "dpt": 13_579_490 - 1_180_672,
}


@pytest.mark.parametrize("name", DECODERS)
def test_parameters_are_the_published_ones(name: str) -> None:
    assert sum(p.numel() for p in create_decoder(name, 384, 2).parameters()) == PUBLISHED[name]


@pytest.mark.parametrize("name", DECODERS)
@pytest.mark.parametrize("size", [(56, 70), (14, 28), (224, 14)])
def test_logits_have_the_size_of_the_tile(name: str, size: tuple[int, int]) -> None:
    features = [torch.rand(2, 48, size[0] // 14, size[1] // 14) for _ in range(4)]
    decoder = create_decoder(name, 48, 5, 0.5).eval()
    assert decoder(features, size).shape == (2, 5, *size)


@pytest.mark.parametrize("name", DECODERS)
def test_logits_are_free_to_be_negative(name: str) -> None:
    decoder = create_decoder(name, 48, 4).eval()
    last = [module for module in decoder.modules() if isinstance(module, torch.nn.Conv2d)][-1]
    torch.nn.init.zeros_(last.weight)
    torch.nn.init.constant_(last.bias, -3.0)
    logits = decoder([torch.randn(1, 48, 4, 4) for _ in range(4)], (56, 56))
    torch.testing.assert_close(logits, torch.full_like(logits, -3.0))


@pytest.mark.parametrize("name", ["mla", "dpt"])
def test_every_level_matters(name: str) -> None:
    torch.manual_seed(0)
    decoder = create_decoder(name, 48, 2).eval()
    features = [torch.randn(1, 48, 4, 4) for _ in range(4)]
    whole = decoder(features, (56, 56))
    for level in range(4):
        without = [torch.zeros_like(f) if k == level else f for k, f in enumerate(features)]
        assert not torch.equal(decoder(without, (56, 56)), whole)


@pytest.mark.parametrize("name", DECODERS)
def test_every_parameter_learns(name: str) -> None:
    torch.manual_seed(0)
    decoder = create_decoder(name, 48, 2, 0.5)
    decoder([torch.randn(2, 48, 4, 4) for _ in range(4)], (56, 56)).square().sum().backward()
    assert all(p.grad is not None for p in decoder.parameters())


def test_an_unknown_decoder_is_refused() -> None:
    with pytest.raises(UsageError, match="fpn"):
        create_decoder("fpn", 48, 2)
