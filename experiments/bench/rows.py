"""What is compared: the rows of the benchmark, and how sure a result has to be to count."""

from typing import NamedTuple


class Row(NamedTuple):
    """One comparison on one network.

    Attributes:
      name: the row's, and of the functions that make both sides.
      what: for the table.
      peer: whose time is divided by ours.
      bar: the ratio that vizjax means to reach at least.
      tolerance: of `‖ours − peer's‖ / ‖peer's‖`. Not a few 1e-7: where two values of a pooling
        window are equal but for rounding, each side lets the gradient through another one
        (tests/peers/test_captum_single.py traces one). None where methods differ by design.
      rounds: timings of each side, in turns; 0 for the configuration's.
    """

    name: str
    what: str
    peer: str
    bar: float = 1.0
    tolerance: float | None = 1e-2
    rounds: int = 0


COMPILED = "torch.compile"
"""The peer whose rows have a geometric mean of their own: the others run PyTorch eagerly."""

ROWS = (
    Row("saliency_1", "saliency, 1 image", "torch"),
    Row("saliency_10", "saliency, 10 images", "torch"),
    Row("saliency_64", "saliency, 64 images", "torch"),
    Row("saliency_10_compiled", "saliency, 10 images", COMPILED),
    Row("saliency_64_compiled", "saliency, 64 images", COMPILED),
    Row("views_by_classes", "saliency, 10 views × 5 classes", "captum", 1.5),
    Row("views_by_classes_kept", "the same, one forward pass kept", "torch"),
    Row("deconvnet", "DeconvNet, 10 images", "captum"),
    Row("guided", "guided backprop, 10 images", "captum"),
    Row("grad_cam", "Grad-CAM, 10 images", "captum"),
    Row("grad_cam_torchcam", "Grad-CAM, 10 images", "torchcam"),
    Row("integrated_gradients", "integrated gradients, 50 steps", "captum"),
    Row("smoothgrad", "SmoothGrad, 50 samples", "captum"),
    Row("occlusion", "occlusion, 16 px window, stride 8", "captum", 4.0, rounds=3),
    Row("class_models", "10 class models × 100 steps", "torch", 1.5, rounds=3),
    Row("search", "search, 3 layers, 128 images", "torch", 1.3),
)
"""What every network is measured by."""

LOCALISATION = Row("localisation", "GMM + GraphCut, 4 photographs", "opencv", 3.0, None)
EXPLAIN = Row("explain", "`vizjax explain`, a photograph of 50", "torch + opencv", 1.0, None, 50)
"""What does not depend on the network, and what is measured on the shipped one alone."""

NETWORKS = ("convnet", "squeezenet1_1")
"""The paper's network with random weights, and the shipped one."""


def rows_of(network: str) -> tuple[Row, ...]:
    """The rows measured on a network, those that need it once included."""
    return (*ROWS, LOCALISATION, EXPLAIN) if network == "squeezenet1_1" else ROWS
