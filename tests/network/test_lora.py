import torch

from geointerp.network.backbone import create_backbone
from geointerp.network.decoders import create_decoder
from geointerp.network.lora import add_lora, merged
from geointerp.network.segmenter import Segmenter


def adapted() -> torch.nn.Module:
    torch.manual_seed(0)
    return add_lora(Segmenter(create_backbone("starter", (28, 28)), create_decoder("linear", 192, 2)), rank=4)


def test_only_lora_on_attention_and_the_decoder_are_trained() -> None:
    trained = {name for name, p in adapted().named_parameters() if p.requires_grad}
    lora = {name for name in trained if "lora_" in name}
    assert len(lora) == 12 * 2 * 2
    assert all(".attn.qkv." in name or ".attn.proj." in name for name in lora)
    assert not any("patch_embed" in name for name in trained)
    assert {name for name in trained - lora if "decoder" not in name} == set()


def test_lora_has_a_gradient_also_after_evaluating() -> None:
    model = adapted()
    for _ in range(2):
        model.eval()
        model(torch.rand(1, 1, 28, 28))
        model.train()
        model.zero_grad()
        model(torch.rand(2, 1, 28, 28)).square().sum().backward()
        # B starts at zero, so in the first step only B learns; A follows once B has moved.
        moved = [p for name, p in model.named_parameters() if "lora_B" in name]
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in moved)


def test_merging_keeps_the_logits() -> None:
    model = adapted().eval()
    for name, p in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(p, std=0.2)
    grey = torch.rand(2, 1, 28, 28)
    before = model(grey)
    after = merged(model)(grey)
    assert before.std() > 0
    torch.testing.assert_close(after, before, atol=1e-5, rtol=1e-4)
