"""Write the repository's address, from pyproject.toml, and the measured results to where learners read them.

The address goes into badges, the notebooks' first cells and CITATION.cff; results go into README.md's table, and the
README's picture is drawn anew.
"""

import re
import tomllib
from pathlib import Path
from statistics import mean, median, stdev

import numpy as np

from benchmarks import lessons, peers, processor, recipe, results
from benchmarks.results import spread
from cvae_utils import data, plotting, weights

ROOT = Path(__file__).parent.parent
PICTURE = "pictures/every_digit.png"
LESSONS = {"02": "dense_vae", "04": "dense_cvae", "06": "conv_vae", "07": "conv_cvae"}
SLUG = r"[\w.-]+/[\w-]+"  # owner/name
ADDRESSES = re.compile(
    r"(colab\.research\.google\.com/github/|mybinder\.org/v2/gh/|git\+https://github\.com/"
    rf"|git clone https://github\.com/|repository-code: https://github\.com/){SLUG}"
)
RESULTS = re.compile(r"(?<=<!-- results, written by `make stamp` -->\n).*?(?=<!-- end of results -->)", re.DOTALL)
MEASURED = re.compile(r"(?<=<!-- speed, written by `make stamp` -->\n).*?(?=<!-- end of speed -->)", re.DOTALL)
JUDGED = re.compile(r"(?<=<!-- evaluation, written by `make stamp` -->\n).*?(?=<!-- end of evaluation -->)", re.DOTALL)


def stamped_files(root):
    """List the files that hold the address or the results."""
    notebooks = root / "notebooks"
    return [
        root / "README.md",
        root / "CITATION.cff",
        *sorted(notebooks.glob("*.ipynb")),
        *sorted((notebooks / "scripts").glob("*.py")),
    ]


def stamp(text, slug):
    """Return the text of a file with the address and the results in it brought up to date."""
    text = ADDRESSES.sub(lambda match: match[1] + slug, text)
    text = RESULTS.sub(lambda match: results_table(), text)
    text = MEASURED.sub(lambda match: measured_table(), text)
    return JUDGED.sub(lambda match: judged_table() + "\n" + completion_table(), text)


def repository_slug(root):
    """Return owner/name of the repository that pyproject.toml names."""
    address = tomllib.loads((root / "pyproject.toml").read_text())["project"]["urls"]["Repository"]
    return address.removeprefix("https://github.com/").removesuffix("/")


def results_table():
    """Return the results of the shipped weights as a Markdown table."""
    rows = [
        "| lesson | model | weights | trained for | loss | reconstruction | KL | loss over seeds |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for lesson, name in LESSONS.items():
        entry = weights.describe(name)
        test = entry["test"]
        losses = [run["loss"] for run in entry["runs"]]
        cells = [
            lesson,
            f"`{name}`",
            f"{entry['parameters']:,}",
            f"{entry['recipe']['epochs']} epochs",
            *(f"{test[part]:.2f}" for part in ("loss", "reconstruction", "kl")),
            over_seeds(losses, ".2f"),
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def judged_table():
    """Return what lesson 08 measures of the shipped models, over seeds, as a Markdown table."""
    rows = [
        "| lesson | model | −log p(x), CVAE: −log p(x given y) | conditional accuracy | coverage | as a classifier |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for lesson, name in LESSONS.items():
        found = [run["evaluation"] for run in weights.describe(name)["runs"]]
        cells = [lesson, f"`{name}`", over_seeds([one["nll"] for one in found], ".2f")]
        if "coverage" in found[0]:
            cells.append(over_seeds([one["conditional_accuracy"]["accuracy"] for one in found], ".2%"))
            cells.append(over_seeds([one["coverage"] for one in found], ".2f"))
            cells.append(over_seeds([one["bayes_accuracy"] for one in found], ".1%"))
        rows.append(f"| {' | '.join(cells + [''] * (6 - len(cells)))} |")
    return "\n".join(rows) + "\n"


def over_seeds(values, digits):
    """Return the mean of a few values and their standard deviation, as text."""
    return f"{mean(values):{digits}} ± {stdev(values):{digits}}"


def completion_table():
    """Return what lesson 09 measures of image completion as a Markdown table."""
    entry = weights.describe("completion_cvae")
    grey = entry["test"]["grey"]
    rows = ["| lesson 09, `completion_cvae` | one quadrant seen | two | three |", "| --- | ---: | ---: | ---: |"]
    for named, key in (
        (f"−log p(y given x), importance sampling, {entry['draws']} draws", "importance_sampling"),
        ("−ELBO", "elbo"),
    ):
        rows.append(f"| {named} | {' | '.join(f'{value:.2f}' for value in grey[key])} |")
    return "\n".join(rows) + "\n"


def measured_table():
    """Return the benchmarks' main figures, of those kept in benchmarks/results.json, as a Markdown table."""
    kept = results.load()
    rows = ["| measured | figure |", "| --- | --- |"]
    parts = {"recipe": recipe_rows, "peers": peers_rows, "lessons": lessons_rows, "start": start_rows}
    for name, rows_of in parts.items():
        if name in kept:
            rows += [f"| {measured} | {figure} |" for measured, figure in rows_of(kept[name]["figures"])]
    return "\n".join(rows) + "\n"


def recipe_rows(figures):
    """Say how long the course's recipe takes, against the published ones, on the kind of processor where it is worse.

    The losses are those on the processor's own kind.
    """
    for name, scored in figures["kinds"][processor.own(figures)].items():
        kind, comparisons = processor.worse(figures, lambda found: median(recipe.ratios(found[name], 0)))  # noqa: B023
        yield (
            f"`{name}`, the course's recipe against the one published with the network",
            f"{spread(recipe.ratios(comparisons[name], 0), '.3f')} of the CPU time ({kind}); test loss "
            f"{spread(scored['course']['losses'])}, to reach {recipe.COMPARISONS[name].loss_to_reach}",
        )


def peers_rows(figures):
    """Say how the course's models fare against other ways to train them, on the kind of processor where it is worse.

    The losses are those on the processor's own kind.
    """
    for network, scored in figures["kinds"][processor.own(figures)].items():
        kind, networks = processor.worse(figures, lambda found: peers.against_the_fastest(found[network])[1])  # noqa: B023
        others = [title for title in scored if title != peers.COURSE]
        times = ", ".join(
            f"{title} {median(peers.ratios(networks[network], title, 'cpu')):.2f}"
            for title in networks[network]
            if title != peers.COURSE
        )
        losses = ", ".join(f"{title} {peers.loss_at_the_same_time(scored, title)[0]:.1f}" for title in others)
        ours = scored[peers.COURSE]["epochs"][-1]["loss"]
        yield f"{peers.NETWORKS[network].title}: CPU seconds of an epoch; the course's = 1", f"{times} ({kind})"
        yield f"the same: test loss after the same time, the course's {ours:.1f}", losses


def lessons_rows(figures):
    """Say how long the notebooks take, on the kind of processor where they take longer, and how much memory."""
    kind, folders = processor.worse(figures, lambda found: lessons.totals(found)[0])
    cpu, wall, _ = lessons.totals(folders)
    longest = max(row[1] for row in lessons.listed(folders).values())
    peak = max(lessons.totals(found)[2] for found in figures["kinds"].values())
    yield (
        "all lessons and exercises, one after the other",
        f"{wall / 60:.0f} minutes, {cpu:,.0f} CPU seconds; the longest {longest / 60:.1f} minutes ({kind}); the "
        f"largest kernel {peak:.2f} GB",
    )


def start_rows(figures):
    """Say how long a learner waits for the first page."""
    pages = ", ".join(f"with {cache} {seconds:.0f} s" for cache, seconds in figures["pages"].items())
    yield "from a fresh clone to JupyterLab's first page", pages


def picture():
    """Draw the README's picture: ten digits in each of six handwritings, by the convolutional CVAE."""
    angles = 2 * np.pi * np.arange(6) / 6
    styles = 1.3 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    labels = data.one_hot(np.tile(np.arange(10), len(styles)))
    return plotting.image_grid(weights.load("conv_cvae").decode(np.repeat(styles, 10, axis=0), labels), columns=10)


def main():
    slug = repository_slug(ROOT)
    for file in stamped_files(ROOT):
        file.write_text(stamp(file.read_text(encoding="utf-8"), slug), encoding="utf-8")
    (ROOT / PICTURE).parent.mkdir(exist_ok=True)
    picture().savefig(ROOT / PICTURE, dpi=70)


if __name__ == "__main__":
    main()
