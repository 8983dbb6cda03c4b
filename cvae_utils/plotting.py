"""The course's figures: each function returns a matplotlib figure with its alt text, and ``show`` displays it."""

from base64 import b64encode
from html import escape
from io import BytesIO
from statistics import NormalDist

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from PIL import Image

INK_ON_PAPER = {"cmap": "gray_r", "vmin": 0, "vmax": 1}
CLASS_COLOURS = mpl.color_sequences["petroff10"]  # chosen for colour-blind readers: Petroff, arXiv 2107.02270


def show(fig, alt=None):
    """Display a figure in the notebook, with its alt text in the output for screen readers, and close it.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        A figure from this module, which knows its alt text, or any other.
    alt : str, optional
        What the figure shows, in a sentence or two. Needed for a figure from elsewhere.

    Raises
    ------
    ValueError
        If there is no alt text.
    """
    from IPython.display import display
    from matplotlib import pyplot

    alt = alt or getattr(fig, "alt", None)
    if not alt:
        raise ValueError("this figure has no alt text; say in a sentence what it shows: show(fig, alt='...')")
    data, metadata = picture_bundle(as_png(fig), alt)
    pyplot.close(fig)  # or the notebook would draw a pyplot figure a second time
    display(data, metadata=metadata, raw=True)


def picture_bundle(png, alt):
    """Return a picture as what a notebook stores for it: the data of each MIME type, and their metadata.

    Parameters
    ----------
    png : bytes
    alt : str
        What the picture shows.
    """
    # JupyterLab takes alt text from HTML alone; nbconvert and others look for it in the metadata.
    html = f'<img src="data:image/png;base64,{b64encode(png).decode()}" alt="{escape(alt)}">'
    return {"text/html": html, "image/png": png, "text/plain": alt}, {"image/png": {"alt": alt}}


def as_png(fig):
    """Return a figure as the bytes of a PNG with a palette of 256 colours, about a third of the size without one."""
    drawn, reduced = BytesIO(), BytesIO()
    fig.savefig(drawn, format="png", dpi=96, bbox_inches="tight")
    Image.open(drawn).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(reduced, "PNG", optimize=True)
    return reduced.getvalue()


def image_grid(images, columns, row_names=None):
    """Draw images in a grid, row by row.

    Parameters
    ----------
    images : array, (n, 28, 28, 1) or (n, 28, 28)
        uint8 from 0 to 255, or pixel means in [0, 1].
    columns : int
        Images in a row.
    row_names : sequence of str, optional
        A name at the left of each row.

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = -(-len(images) // columns)
    fig = Figure(figsize=(0.62 * columns + (1.2 if row_names else 0), 0.62 * rows), layout="constrained")
    ax = fig.add_subplot()
    ax.imshow(tile(images, columns), **INK_ON_PAPER)
    ax.set_xticks([])
    height = images.shape[1]
    ax.set_yticks([height * (row + 0.5) for row in range(rows)] if row_names else [], row_names)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    fig.alt = f"{len(images)} images in {rows} rows of {columns}" + (
        f"; the rows are: {', '.join(row_names)}." if row_names else "."
    )
    return fig


def tile(images, columns):
    """Lay images out in one large image, row by row, as float pixels in [0, 1]; missing ones stay blank.

    Parameters
    ----------
    images : array, (n, height, width, 1) or (n, height, width)
        uint8 from 0 to 255, or pixel means in [0, 1].
    columns : int
        Images in a row.

    Returns
    -------
    array, float32 (rows * height, columns * width)
    """
    pixels = images.astype("float32") / (255 if images.dtype == np.uint8 else 1)
    n, height, width = pixels.shape[:3]
    rows = -(-n // columns)
    grid = np.zeros((rows * columns, height, width), "float32")
    grid[:n] = pixels.reshape(n, height, width)
    return grid.reshape(rows, columns, height, width).swapaxes(1, 2).reshape(rows * height, columns * width)


def reconstructions(images, means):
    """Draw images above what the model made of them.

    Parameters
    ----------
    images : array, uint8 (n, 28, 28, 1)
        The originals.
    means : array, float (n, 28, 28, 1)
        Their reconstructions, as pixel means in [0, 1].

    Returns
    -------
    matplotlib.figure.Figure
    """
    both = np.concatenate([images / np.float32(255), means])
    fig = image_grid(both, columns=len(images), row_names=["original", "reconstruction"])
    mean_error = np.abs(both[: len(images)] - means).mean()
    fig.alt = (
        f"{len(images)} images in the upper row and their reconstructions below; "
        f"a pixel is off by {mean_error:.2f} on average."
    )
    return fig


def latent_map(z, labels, class_names):
    """Draw a two-dimensional latent space: each image a point, drawn as its class's number in its class's colour.

    Parameters
    ----------
    z : array, float (n, 2)
        Where the images lie, usually ``z_mean``.
    labels : array, int (n,)
        Their classes.
    class_names : sequence of str
        Names of the classes, at most ten.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If the latent space is not two-dimensional.
    """
    if z.ndim != 2 or z.shape[1] != 2:
        raise ValueError(f"z has shape {z.shape}; a latent map needs (n, 2), so choose two of the dimensions")
    fig = Figure(figsize=(7, 6.2), layout="constrained")
    ax = fig.add_subplot(aspect="equal", xlabel="$z_1$", ylabel="$z_2$")
    for part in np.array_split(np.arange(len(z)), 20):  # by turns, so that no class hides the others
        for label in range(len(class_names)):
            points = z[part][labels[part] == label]
            ax.scatter(*points.T, marker=f"${label}$", s=22, linewidths=0, alpha=0.8, color=CLASS_COLOURS[label])
    centres = []
    for label, name in enumerate(class_names):
        if not np.any(labels == label):
            continue
        centre = np.median(z[labels == label], axis=0)
        centres.append(f"{name} at ({centre[0]:.1f}, {centre[1]:.1f})")
        badge = {"boxstyle": "circle,pad=0.2", "facecolor": "white", "edgecolor": CLASS_COLOURS[label], "linewidth": 2}
        ax.annotate(str(label), centre, ha="center", va="center", fontsize=12, fontweight="bold", bbox=badge)
        if name != str(label):  # the marker of a class whose name is its number says everything
            ax.scatter([], [], marker=f"${label}$", s=60, linewidths=0, color=CLASS_COLOURS[label], label=name)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(title="class", loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    fig.alt = (
        f"Scatter plot of {len(z)} images in the latent plane. Median position of each class: {', '.join(centres)}."
    )
    return fig


def prior_grid(n):
    """Return the n × n grid of points that cut the standard normal prior into cells of equal probability.

    The grid goes through the quantiles (i + ½)/n; a grid that began at the quantile 0 would begin at minus infinity.

    Parameters
    ----------
    n : int
        Points along each axis.

    Returns
    -------
    array, float32 (n * n, 2)
        Row by row from the top: z₁ grows to the right, z₂ upwards.
    """
    quantiles = [NormalDist().inv_cdf((i + 0.5) / n) for i in range(n)]
    z_1, z_2 = np.meshgrid(quantiles, quantiles[::-1])
    return np.stack([z_1.ravel(), z_2.ravel()], axis=1).astype("float32")


def manifold(decode, n=15):
    """Draw what the decoder makes of a grid over a two-dimensional latent space, with one call for all its points.

    Parameters
    ----------
    decode : callable
        From latent points, float32 (n * n, 2), to pixel means, (n * n, 28, 28, 1).
    n : int
        Images along each side.

    Returns
    -------
    matplotlib.figure.Figure
    """
    z = prior_grid(n)
    means = decode(z)
    fig = Figure(figsize=(7, 7), layout="constrained")
    ax = fig.add_subplot(xlabel="$z_1$", ylabel="$z_2$")
    ax.imshow(tile(means, columns=n), **INK_ON_PAPER)
    height, width = means.shape[1:3]
    shown = range(0, n, 2)
    ax.set_xticks([width * (i + 0.5) for i in shown], [f"{z[i, 0]:.1f}" for i in shown])
    ax.set_yticks([height * (i + 0.5) for i in shown], [f"{z[i * n, 1]:.1f}" for i in shown])
    fig.alt = (
        f"{n} by {n} images decoded from a grid of latent points. z1 grows to the right and z2 upwards, "
        f"both from {z[:, 0].min():.1f} to {z[:, 0].max():.1f}."
    )
    return fig


def training_history(history):
    """Draw the loss and its two parts over the epochs, for training and validation.

    The vertical axes span the validation curves. Training's first epoch, a mean over weights that still change fast,
    may lie above them.

    Parameters
    ----------
    history : dict of str to list of float
        What ``training.train`` returns.

    Returns
    -------
    matplotlib.figure.Figure
    """
    parts = {"loss": "loss = −ELBO", "reconstruction": "reconstruction", "kl": "KL"}
    epochs = np.arange(1, len(history["loss"]) + 1)
    fig = Figure(figsize=(10, 2.8), layout="constrained")
    for ax, (part, title) in zip(fig.subplots(1, 3), parts.items(), strict=True):
        ax.plot(epochs, history[part], "o-", markersize=3, color=CLASS_COLOURS[0], label="training")
        ax.plot(epochs, history[f"val_{part}"], "s--", markersize=3, color=CLASS_COLOURS[2], label="validation")
        lowest, highest = min(history[part][-1], *history[f"val_{part}"]), max(history[f"val_{part}"])
        margin = 0.1 * (highest - lowest) + 0.1
        ax.set(title=title, xlabel="epoch", ylabel="nats per image", ylim=(lowest - margin, highest + margin))
        ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend()
    ends = [
        f"{title} from {history[f'val_{part}'][0]:.1f} to {history[f'val_{part}'][-1]:.1f} nats"
        for part, title in parts.items()
    ]
    fig.alt = f"Three pairs of curves over {len(epochs)} epochs. In validation, {', '.join(ends)}."
    return fig
