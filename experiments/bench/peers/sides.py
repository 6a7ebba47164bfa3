"""The peers' side of every row: what a user of PyTorch, Captum and OpenCV would run."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import captum.attr
import cv2
import numpy as np
import torch
import torchcam.methods

from experiments.bench import inputs as given
from experiments.bench.inputs import Inputs, Run
from experiments.bench.peers import twins
from experiments.bench.peers.script import explained

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def twin_of(name: str, inputs: Inputs) -> twins.Twin:
    """The network with the parameters that both sides have."""
    return twins.NETWORKS[name](inputs.weights, inputs.mean, bgr=inputs.bgr).to(DEVICE)


def _batch(images: np.ndarray) -> torch.Tensor:
    return torch.tensor(np.moveaxis(images, -1, 1).copy(), device=DEVICE)


def _channels_last(batch: torch.Tensor) -> torch.Tensor:
    return batch.detach().movedim(1, -1)


def _saliency(images: int, *, compiled: bool = False) -> Callable[[str, Inputs], Run]:
    """One forward and one backward pass, without any library above PyTorch."""

    def side(name: str, inputs: Inputs) -> Run:
        twin, batch = twin_of(name, inputs), _batch(inputs.images[:images])
        network = torch.compile(twin) if compiled else twin
        labels = torch.tensor(inputs.labels[:images], device=DEVICE)

        def run():
            x = batch.clone().requires_grad_()
            scores = network(x).gather(1, labels[:, None]).sum()
            (gradient,) = torch.autograd.grad(scores, x)
            return gradient.abs().amax(dim=1)

        return run

    return side


def _views_by_classes(name: str, inputs: Inputs) -> Run:
    twin, batch = twin_of(name, inputs), _batch(inputs.views)
    method = captum.attr.Saliency(twin)

    def run():
        maps = [method.attribute(batch, target=c).amax(dim=1) for c in range(given.CLASSES)]
        return torch.stack(maps)

    return run


def _views_by_classes_kept(name: str, inputs: Inputs) -> Run:
    twin, batch = twin_of(name, inputs), _batch(inputs.views)

    def run():
        x = batch.clone().requires_grad_()
        scores, maps = twin(x).sum(dim=0), []
        for c in range(given.CLASSES):
            (gradient,) = torch.autograd.grad(scores[c], x, retain_graph=True)
            maps.append(gradient.abs().amax(dim=1))
        return torch.stack(maps)

    return run


def _captum(method: Callable, **options: Any) -> Callable[[str, Inputs], Run]:
    """A method of Captum on ten images."""

    def side(name: str, inputs: Inputs) -> Run:
        explainer, batch = method(twin_of(name, inputs), name), _batch(inputs.images[:10])
        labels = torch.tensor(inputs.labels[:10], device=DEVICE)
        return lambda: _channels_last(explainer.attribute(batch, target=labels, **options))

    return side


def _grad_cam(name: str, inputs: Inputs) -> Run:
    def method(twin, name):
        return captum.attr.LayerGradCam(twin, twin.layer(given.CAM_LAYER[name]))

    maps = _captum(method, relu_attributions=True)(name, inputs)
    return lambda: maps()[..., 0]


def _grad_cam_torchcam(name: str, inputs: Inputs) -> Run:
    twin, batch = twin_of(name, inputs), _batch(inputs.images[:10])
    method = torchcam.methods.GradCAM(twin, twin.layer(given.CAM_LAYER[name]))
    labels = [int(label) for label in inputs.labels[:10]]

    def run():
        scores = twin(batch.clone().requires_grad_())  # its hooks want a gradient to wait for
        (maps,) = method(labels, scores, normalized=False)
        return maps.detach()

    return run


def _integrated_gradients(name: str, inputs: Inputs) -> Run:
    method = captum.attr.IntegratedGradients(twin_of(name, inputs))
    image, label = _batch(inputs.images[:1]), int(inputs.labels[0])
    return lambda: _channels_last(method.attribute(image, target=label, n_steps=50))[0]


def _smoothgrad(name: str, inputs: Inputs) -> Run:
    method = captum.attr.NoiseTunnel(captum.attr.Saliency(twin_of(name, inputs)))
    image, label = _batch(inputs.images[:1]), int(inputs.labels[0])

    def run():
        maps = method.attribute(
            image,
            nt_type="smoothgrad",
            nt_samples=given.SAMPLES,
            stdevs=given.SIGMA,
            target=label,
            abs=False,
        )
        return _channels_last(maps)[0]

    def check():
        noise = _batch(inputs.noise)
        with mock.patch("torch.normal", return_value=noise):
            return run()

    return given.Checked(run, check)


def _occlusion(name: str, inputs: Inputs) -> Run:
    method = captum.attr.Occlusion(twin_of(name, inputs))
    image, label = _batch(inputs.images[:1]), int(inputs.labels[0])

    def run():
        maps = method.attribute(
            image,
            (3, given.WINDOW, given.WINDOW),
            strides=(3, given.STRIDE, given.STRIDE),
            target=label,
            perturbations_per_eval=given.AT_ONCE,
        )
        return _channels_last(maps)[0, ..., 0]

    return run


def _class_models(name: str, inputs: Inputs) -> Run:
    twin, count = twin_of(name, inputs), given.VIEWS
    labels = torch.tensor(inputs.labels[:count], device=DEVICE)
    start = given.START * _batch(inputs.noise[:count])

    def run(steps: int = given.STEPS):
        images = start.clone().requires_grad_()
        optimizer = torch.optim.SGD([images], lr=given.RATE, momentum=given.MOMENTUM)
        for _ in range(steps):
            optimizer.zero_grad()
            scores = twin(images + twin.mean).gather(1, labels[:, None]).sum()
            (given.L2 * images.square().sum() - scores).backward()
            optimizer.step()
        return _channels_last(images)

    return given.Checked(lambda number=0: run(), lambda: run(given.CHECKED_STEPS))


def _search(name: str, inputs: Inputs) -> Run:
    """The strongest images of every channel, over batches, with hooks on three layers."""
    twin = twin_of(name, inputs)
    images = np.concatenate([inputs.images, inputs.images[:, :, ::-1]])
    # No layer behind the last that is searched: XLA leaves them out as well.
    names = [child for child, _ in twin.layers.named_children()]
    last = max(names.index(layer) for layer in given.SEARCHED[name])
    twin.layers = twin.layers[: last + 1]
    seen: dict[str, torch.Tensor] = {}
    for layer in given.SEARCHED[name]:
        twin.layer(layer).register_forward_hook(
            lambda module, args, y, layer=layer: seen.update({layer: y.amax(dim=(2, 3))})
        )

    @torch.no_grad()
    def run():
        best: dict[str, torch.Tensor] = {}
        for start in range(0, len(images), 32):
            twin(_batch(images[start : start + 32]))
            for layer, values in seen.items():
                both = torch.cat([best[layer], values]) if layer in best else values
                best[layer] = both.topk(given.K, dim=0).values
        return torch.cat([best[layer].T for layer in given.SEARCHED[name]])

    return run


def _localisation(name: str, inputs: Inputs) -> Run:
    """GrabCut's five fits and cuts, from the seeds that vizjax takes: the map's quantiles."""
    photos = [
        (
            np.rint(inputs.photographs[f"{photo}/canvas"]).astype(np.uint8),
            inputs.photographs[f"{photo}/map"],
        )
        for photo in given.photo_names(inputs)
    ]
    return lambda: np.concatenate([grab_cut(*pair).ravel() for pair in photos])


def grab_cut(image: np.ndarray, saliency_map: np.ndarray) -> np.ndarray:
    """The mask from the 95 % and 30 % quantiles of a map."""
    mask = np.full(image.shape[:2], cv2.GC_PR_FGD, np.uint8)
    mask[saliency_map < np.quantile(saliency_map, 0.30)] = cv2.GC_PR_BGD
    mask[saliency_map > np.quantile(saliency_map, 0.95)] = cv2.GC_FGD
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    cv2.grabCut(image, mask, None, background, foreground, 5, cv2.GC_INIT_WITH_MASK)
    return (mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)


def _explain(name: str, inputs: Inputs) -> Run:
    twin, kept = twin_of(name, inputs), tempfile.TemporaryDirectory()  # as long as `run`
    paths = given.write_photographs(Path(kept.name), inputs)
    size = inputs.images.shape[1:3]

    def run(number: int = 0):
        path = paths[number % len(paths)]
        explained(twin, path, Path(kept.name, path.stem), size=size, segment=grab_cut)

    return run


SIDES: dict[str, Callable[[str, Inputs], Run]] = {
    "saliency_1": _saliency(1),
    "saliency_10": _saliency(10),
    "saliency_64": _saliency(64),
    "saliency_10_compiled": _saliency(10, compiled=True),
    "saliency_64_compiled": _saliency(64, compiled=True),
    "views_by_classes": _views_by_classes,
    "views_by_classes_kept": _views_by_classes_kept,
    "deconvnet": _captum(lambda twin, name: captum.attr.Deconvolution(twin)),
    "guided": _captum(lambda twin, name: captum.attr.GuidedBackprop(twin)),
    "grad_cam": _grad_cam,
    "grad_cam_torchcam": _grad_cam_torchcam,
    "integrated_gradients": _integrated_gradients,
    "smoothgrad": _smoothgrad,
    "occlusion": _occlusion,
    "class_models": _class_models,
    "search": _search,
    "localisation": _localisation,
    "explain": _explain,
}


@contextlib.contextmanager
def exact() -> Iterator[None]:
    """While results are compared: convolutions of whole float32, which a GPU shortens otherwise."""
    shortened = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = shortened


def wait(result: Any) -> None:
    """Until the result is there, on the device."""
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()


def fetched(result: Any) -> np.ndarray:
    """The result, to compare it."""
    return result.cpu().numpy() if isinstance(result, torch.Tensor) else np.asarray(result)


def device_peak() -> int:
    """The most memory of the GPU that was in use, in bytes; 0 without one."""
    return torch.cuda.max_memory_allocated() if DEVICE.type == "cuda" else 0
