"""What bf16 changes: labels of the bundled models against those in fp32, and their mIoU against the truth.

    python benchmarks/precision.py [sections]

Synthetic sections of 224 x 224 samples, of the ranges the models learnt from but of seeds that training never
draws from. In bf16 the network is the copy that `predict` makes on a processor.
"""

import sys
from pathlib import Path

import torch
from common import write_results
from torch import Tensor, nn

import geointerp
from geointerp.evaluation.confusion import ConfusionMatrix
from geointerp.evaluation.metrics import metrics
from geointerp.network.lowered import lowered
from geointerp.synthesis.generators import GENERATORS
from geointerp.training.grey import grey_of

BATCH, FIRST_SEED = 4, 100


def labels(network: nn.Module, grey: Tensor) -> Tensor:
    with torch.inference_mode():
        return network(grey).argmax(1).to(torch.uint8)


def compare(task: str, sections: int) -> tuple[str, ...]:
    """A row of the table."""
    model = geointerp.load_model(task, (224, 224))
    half = lowered(model.network, torch.bfloat16)
    generator, names = GENERATORS[task], [one.name for one in model.description.classes]
    exact, rounded, equal = ConfusionMatrix(), ConfusionMatrix(), 0.0
    for start in range(0, sections, BATCH):
        amplitude, truth = generator(BATCH, FIRST_SEED + start)
        grey = grey_of(amplitude, kind=generator.scale)
        first, second = labels(model.network, grey), labels(half, grey.bfloat16())
        equal += (first == second).double().mean().item() * BATCH / sections
        exact.add(first.numpy(), truth.numpy())
        rounded.add(second.numpy(), truth.numpy())
    of_fp32, of_bf16 = (metrics(one.of_classes(len(names)), names)["mIoU"] for one in (exact, rounded))
    return task, f"{100 * equal:.2f} %", f"{of_fp32:.4f}", f"{of_bf16:.4f}", f"{of_bf16 - of_fp32:+.4f}"


def main() -> None:
    sections = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    write_results(
        Path(__file__).name,
        f"Labels of {sections} synthetic sections by each bundled model, in bf16 and in fp32.",
        ("model", "equal labels", "mIoU fp32", "mIoU bf16", "change"),
        [compare(task, sections) for task in GENERATORS],
    )


if __name__ == "__main__":
    main()
