from pathlib import Path

import pytest
import torch

from geointerp.errors import ModelError, UsageError
from geointerp.network.bundle import UNET
from geointerp.network.description import DecoderInfo, ModelDescription, Normalisation
from geointerp.network.loading import load_adapter, load_model, load_trained
from geointerp.network.saving import save_model
from geointerp.network.unet import UNET_PATCH, UNet
from geointerp.tasks import TASKS

SIZE = (32, 48)


def unet(channels: int = 1) -> UNet:
    torch.manual_seed(0)
    return UNet(2, channels, 1 / 16)


def description(channels: str = "repeat") -> ModelDescription:
    return ModelDescription(
        name="mine",
        task="faults",
        classes=TASKS["faults"].classes,
        backbone=None,
        decoder=DecoderInfo("unet", 1 / 16),
        normalisation=Normalisation("symmetric"),
        channels=channels,  # type: ignore[arg-type]
        tile=SIZE,
        patch=UNET_PATCH,
        network="unet",
        method="full",
    )


def test_the_original_width_has_the_original_channels() -> None:
    with torch.device("meta"):
        network = UNet(2)
    assert [block[0].out_channels for block in network.down] == [64, 128, 256, 512, 1024]
    assert [block[0].in_channels for block in network.up] == [1024 + 512, 512 + 256, 256 + 128, 128 + 64]


def test_the_deepest_features_reach_every_pixel_of_the_output() -> None:
    network = unet().eval()
    grey = torch.rand(1, 1, *SIZE)
    before = network(grey)
    # A change of the deepest map as a whole, which is what padding it with zeros would keep to one corner.
    network.down[-1].register_forward_hook(lambda block, inputs, output: output + 1.0)
    after = network(grey)
    assert ((after - before).abs().amax(dim=1) > 0).all()


def test_one_deep_feature_acts_where_it_lies() -> None:
    """The bottleneck is enlarged: its lower right corner is the picture's, whatever is above it."""
    network = unet().eval()
    deepest: list[torch.Tensor] = []

    def keep(block: object, inputs: object, output: torch.Tensor) -> torch.Tensor:
        deepest.append(output.detach().requires_grad_())
        return deepest[-1]

    network.down[-1].register_forward_hook(keep)
    logits = network(torch.rand(1, 1, 64, 96))
    for row, column, there in ((0, 0, (0, 0)), (-1, -1, (3, 5)), (0, -1, (0, 5))):
        (gradient,) = torch.autograd.grad(logits[0, :, row, column].sum(), deepest[-1], retain_graph=True)
        strength = gradient[0].abs().sum(dim=0)
        assert strength.shape == (4, 6)
        assert divmod(int(strength.argmax()), 6) == there


def test_every_weight_learns() -> None:
    network = unet().train()
    network(torch.rand(2, 1, *SIZE)).square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.classify.parameters())
    # A bias before batch normalisation is taken out again by it.
    convolutions = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
    assert all(m.weight.grad is not None and m.weight.grad.abs().sum() > 0 for m in convolutions)


@pytest.mark.parametrize("channels", ["repeat", "neighbours"])
def test_it_comes_back_bitwise_from_its_folder(tmp_path: Path, channels: str) -> None:
    network = unet(1 if channels == "repeat" else 3).train()
    grey = torch.rand(2, 1 if channels == "repeat" else 3, *SIZE)
    network(grey)  # moves the statistics
    save_model(tmp_path / "mine", network, description(channels))
    loaded = load_model(tmp_path / "mine")
    assert torch.equal(loaded.network(grey), network.eval()(grey))
    assert loaded.description.network == "unet"
    assert not any(p.requires_grad for p in loaded.network.parameters())


def test_its_folder_is_checked_as_any(tmp_path: Path) -> None:
    save_model(tmp_path / "mine", unet(), description())
    with pytest.raises(UsageError, match="multiple of the model's patch of 16"):
        load_trained(tmp_path / "mine", (40, 40))
    with pytest.raises(ModelError, match="not adapted by LoRA"):
        load_adapter(tmp_path / "mine")
    first = load_model(tmp_path / "mine").sha256
    torch.manual_seed(1)
    save_model(tmp_path / "mine", UNet(2, 1, 1 / 16), description())
    assert load_model(tmp_path / "mine").sha256 != first
    weights = bytearray((tmp_path / "mine" / UNET).read_bytes())
    weights[-1] ^= 1
    (tmp_path / "mine" / UNET).write_bytes(weights)
    with pytest.raises(ModelError, match=r"unet\.safetensors: sha256"):
        load_model(tmp_path / "mine")
