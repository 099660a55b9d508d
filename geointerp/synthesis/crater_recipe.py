"""The ranges that images of cratered ground are drawn from."""

from dataclasses import dataclass

from geointerp.synthesis.ranges import Range, Ranges


@dataclass(frozen=True, kw_only=True)
class CraterRecipe(Ranges):
    """The ranges that images are drawn from; lengths in pixels.

    Attributes:
        density: how many of the craters of full ground there are.
        depth: of a fresh crater, of its diameter; large and worn ones are shallower.
        rim: height of a fresh crater's rim, of its diameter.
        creep: diffusion of the ground in an epoch, as the deviation of a Gaussian.
        rough: slope of the ground's fine texture.
        relief: slope of the ground's hills.
        sun: elevation in degrees.
        contrast: deviations of grey that make black and white.
        camera: blur, as the deviation of a Gaussian.
        noise: of the camera, of the picture's deviation.
        elevation: share of pictures that show elevation itself.
        hills: share of craters that are hills instead.
        scarps: share of pictures with a wall in full light or deep shadow, in which nothing is labelled.
        patches: share of pictures with ragged patches of light or shadow, in which nothing is labelled.
        smallest: diameter of the smallest crater labelled.
        faintest: depth of the faintest crater labelled, of its diameter.
        lasting: whether a crater keeps its label when it has been worn away or buried.
    """

    density: Range = (0.4, 1.0)
    depth: Range = (0.1, 0.24)
    rim: Range = (0.022, 0.06)
    creep: Range = (0.3, 1.6)
    rough: Range = (0.01, 0.12)
    relief: Range = (0.01, 0.16)
    sun: Range = (8.0, 55.0)
    contrast: Range = (1.2, 3.0)
    camera: Range = (0.3, 1.4)
    noise: Range = (0.02, 0.3)
    elevation: float = 0.2
    hills: float = 0.12
    scarps: float = 0.35
    patches: float = 0.3
    smallest: float = 8.0
    faintest: float = 0.035
    lasting: bool = False


DEFAULT = CraterRecipe()

# Noisier, rougher and more worn ground, lower and higher suns, harder contrast, craters of other depths.
SHIFTED = CraterRecipe(
    density=(0.2, 1.0),
    depth=(0.08, 0.26),
    creep=(0.2, 2.0),
    rough=(0.02, 0.15),
    relief=(0.01, 0.2),
    sun=(5.0, 65.0),
    contrast=(0.9, 3.5),
    camera=(0.2, 1.7),
    noise=(0.05, 0.45),
    scarps=0.5,
    patches=0.4,
)
