"""The whole of `vizjax explain`, as one would write it with PyTorch, OpenCV and matplotlib."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

SHORT_SIDE, CLASSES = 256, 5


def explained(
    twin: torch.nn.Module,
    path: Path,
    out: Path,
    *,
    size: tuple[int, ...],
    segment: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> None:
    """Maps, masks and figure of a photograph's five best classes: ten views, then grabCut."""
    photo = Image.open(path).convert("RGB")
    scale = SHORT_SIDE / min(photo.size)
    width, height = (round(side * scale) for side in photo.size)
    canvas = np.asarray(photo.resize((width, height), Image.Resampling.BILINEAR))
    corners = [
        (0, 0),
        (0, width - size[1]),
        (height - size[0], 0),
        (height - size[0], width - size[1]),
        ((height - size[0]) // 2, (width - size[1]) // 2),
    ]
    crops = [canvas[y : y + size[0], x : x + size[1]] for y, x in corners]
    views = np.stack([*crops, *(crop[:, ::-1] for crop in crops)])
    device = next(twin.buffers()).device
    x = torch.tensor(views.transpose(0, 3, 1, 2).astype(np.float32), device=device)
    x.requires_grad_()
    scores = twin(x).mean(dim=0)
    best = scores.topk(CLASSES).indices.tolist()
    out.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(9, 3 * CLASSES))
    for row, label in enumerate(best):
        (gradient,) = torch.autograd.grad(scores[label], x, retain_graph=True)
        saliency_map = _assembled(gradient.abs().amax(dim=1).cpu().numpy(), corners, canvas.shape)
        mask = segment(canvas, saliency_map)
        saliency_map = cv2.resize(saliency_map, photo.size)
        mask = cv2.resize(mask.astype(np.uint8), photo.size, interpolation=cv2.INTER_NEAREST)
        np.save(out / f"saliency_{label}.npy", saliency_map)
        shown = np.clip(saliency_map / np.quantile(saliency_map, 0.995), 0, 1)
        Image.fromarray(np.uint8(255 * shown)).save(out / f"saliency_{label}.png")
        Image.fromarray(255 * mask).save(out / f"mask_{label}.png")
        for column, picture in enumerate((np.asarray(photo), shown, mask)):
            axes = figure.add_subplot(CLASSES, 3, 3 * row + column + 1)
            axes.imshow(picture, cmap="gray")
            axes.axis("off")
        figure.axes[3 * row].set_title(f"class {label}: {scores[label].item():.1f}")
    FigureCanvasAgg(figure).print_png(out / "figure.png")


def _assembled(
    maps: np.ndarray, corners: list[tuple[int, int]], shape: tuple[int, ...]
) -> np.ndarray:
    """The mean of the views' maps where they lie; the second half is mirrored."""
    height, width = maps.shape[1:]
    total, count = np.zeros(shape[:2], np.float32), np.zeros(shape[:2], np.float32)
    for number, one in enumerate(maps):
        y, x = corners[number % len(corners)]
        total[y : y + height, x : x + width] += one if number < len(corners) else one[:, ::-1]
        count[y : y + height, x : x + width] += 1
    return total / np.maximum(count, 1)
