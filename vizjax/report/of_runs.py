"""The page of runs: what `vizjax report` writes."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup

from vizjax.errors import InputError
from vizjax.report.differences import (
    Block,
    Parts,
    compared,
    compared_in_parts,
    differing,
    names_of,
    reference,
    settings_of,
)
from vizjax.report.facts import Facts, facts
from vizjax.report.figures import Embedded, embedded_png
from vizjax.report.markdown import html_of
from vizjax.report.templates import rendered
from vizjax.report.wording import breakable, counted, duration, listed, moment
from vizjax.runs import Run

COLUMNS = 5
"""So many runs stand beside each other; more stand below each other."""


class Version(NamedTuple):
    """A figure or a table as one run has it.

    Attributes:
      run: what tells the run apart.
      caption: of a figure.
      content: the picture, the table, or why there is none.
    """

    run: str
    caption: str
    content: Embedded | Markup | str


class Exhibit(NamedTuple):
    """A figure or a table in all runs that have it.

    Attributes:
      name: its own.
      versions: one a run; a single one if all are the same.
      caption: the one of all versions, if they have one.
      note: on which runs have it.
    """

    name: str
    versions: list[Version]
    caption: str
    note: str


class Chapter(NamedTuple):
    """All runs of one experiment.

    Attributes:
      name: of the experiment.
      about: what it shows and claims.
      introduction: how many runs, and what differs.
      blocks: what differs.
      reference: the number of the run that the others are compared with.
      below: whether the runs stand below each other there.
      figures: by name.
      tables: by name.
      parts: what differs in the measures of parts.
      runs: each by itself.
    """

    name: str
    about: Markup
    introduction: str
    blocks: list[Block]
    reference: int
    below: bool
    figures: list[Exhibit]
    tables: list[Exhibit]
    parts: Parts
    runs: list[Facts]


def runs_page(runs: Sequence[Run], *, unreadable: Sequence[str] = ()) -> str:
    """Runs as one HTML page: what differs between them, figures, tables, and how they were made.

    Args:
      runs: at least one; those of one experiment are compared with the first of it that
        is finished.
      unreadable: of runs that could not be read, why, a sentence each.

    Returns:
      A whole document that refers to nothing outside itself, the same for the same runs.
    """
    grouped: dict[str, list[Run]] = {}
    for run in runs:
        grouped.setdefault(run.name, []).append(run)
    chapters, count = [], 0
    for name, some in grouped.items():
        chapters.append(_chapter(name, some, count))
        count += len(some)
    title = listed(list(grouped)) if len(grouped) < 4 else counted(len(grouped), "experiment")
    return rendered(
        "runs.html",
        title=title if count == 1 else f"{title}: {count} runs",
        chapters=chapters,
        unreadable=unreadable,
        unfinished=sum(not run.finished for run in runs),
        breakable=breakable,
        counted=counted,
    )


def _chapter(name: str, runs: Sequence[Run], before: int) -> Chapter:
    names = names_of(runs)
    marked = [
        called if run.finished else f"{called} ({run.manifest['status']})"
        for called, run in zip(names, runs, strict=True)
    ]
    figures: dict[str, list[Version]] = {}
    tables: dict[str, list[Version]] = {}
    for called, run in zip(marked, runs, strict=True):
        for title, path, caption in run.figures:
            figures.setdefault(title, []).append(Version(called, caption, _picture(path)))
        for title, text in run.tables.items():
            table = html_of(text, f"Table {title}")
            tables.setdefault(title, []).append(Version(called, "", table))
    below = len(runs) > COLUMNS
    return Chapter(
        name,
        _about(runs),
        _introduction(names, runs),
        compared(runs) if len(runs) > 1 else [],
        reference(runs),
        below,
        [_exhibit(title, versions, len(runs)) for title, versions in figures.items()],
        [_exhibit(title, versions, len(runs)) for title, versions in tables.items()],
        Parts([], 0, 0) if below or len(runs) == 1 else compared_in_parts(runs),
        [
            facts(run, called, f"run-{before + number}")
            for number, (called, run) in enumerate(zip(names, runs, strict=True), 1)
        ],
    )


def _about(runs: Sequence[Run]) -> Markup:
    """The title and the claim of the experiment, if its runs agree on them."""
    texts = {run.manifest.get("about") or "" for run in runs}
    title, *others = (texts.pop() if len(texts) == 1 else "").split("\n\n")
    claims = [text for text in others if text.startswith("Claim:")]
    return html_of("\n\n".join([title, *claims]), "")


def _introduction(names: Sequence[str], runs: Sequence[Run]) -> str:
    if len(runs) == 1:
        manifest = runs[0].manifest
        took = f"; it took {duration(manifest.get('seconds'))}" if runs[0].finished else ""
        return f"One run, of {moment(manifest.get('started'))}{took}."
    fields = differing([settings_of(run) for run in runs])
    what = f"that differ in {listed(fields)}" if fields else "of one configuration"
    return f"{len(runs)} runs {what}. Differences are from {names[reference(runs)]}."


def _exhibit(name: str, versions: list[Version], runs: int) -> Exhibit:
    captions = {version.caption for version in versions}
    caption = captions.pop() if len(captions) == 1 else ""
    notes = [] if len(versions) == runs else [f"{len(versions)} of {runs} runs have it."]
    contents = {version.content for version in versions}
    if len(versions) > 1 and len(contents) == 1 and caption == versions[0].caption:
        notes.append(f"The same in {'both' if len(versions) == 2 else f'all {len(versions)}'}.")
        versions = versions[:1]
    return Exhibit(name, versions, caption, " ".join(notes))


def _picture(path: Path) -> Embedded | str:
    try:
        return embedded_png(path)
    except InputError as error:
        return str(error)
