"""Records as a survey writes them, made by hand."""


def case(label=0, rank=1, **procedures):
    """A case of one class; of each procedure its figures, or an IoU alone."""
    figures = {
        name: {"box": None, "iou": one} if isinstance(one, float) else one
        for name, one in procedures.items()
    }
    return {"name": "", "label": label, "target": label, "rank": rank, "procedures": figures}


def record(*cases, name="a.jpg"):
    """A photograph with its cases."""
    return {"name": name, "cases": list(cases)}


def records(**overlaps):
    """A photograph of one case for each of the procedures' IoUs."""
    return [
        record(case(**dict(zip(overlaps, some, strict=True))), name=f"{number}.jpg")
        for number, some in enumerate(zip(*overlaps.values(), strict=True))
    ]
