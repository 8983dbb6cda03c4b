"""The course's data: MNIST, Fashion-MNIST and scikit-learn's embedded digits.

`load` gives any of them in one form: uint8 images of 28×28×1 and uint8 labels, split into training,
validation and test. MNIST and Fashion-MNIST are taken from the first place that has them, in this
order:

1. the folder named by the environment variable ``CVAE_DATA_DIR``, when it is set;
2. Keras' own cache, ``$KERAS_HOME/datasets`` or ``~/.keras/datasets``;
3. the course's cache, ``pooch.os_cache("cvae-course")``;
4. a download from the first of two independent mirrors that answers, into the course's cache.

Whatever the place, the arrays are checked by SHA-256 before anyone sees them.
"""

import gzip
import hashlib
import itertools
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

# Seconds a mirror may take to accept the connection, and then to send its next bytes.
TIMEOUT = 10.0

_NAMES = ("mnist", "fashion_mnist", "digits", "auto")
_DIGIT_NAMES = tuple("0123456789")


class DataError(RuntimeError):
    """A data set cannot be had; the message is one sentence: what happened, and how to mend it."""


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """Images with their labels.

    Attributes
    ----------
    images : numpy.ndarray
        Pixels from 0 (background) to 255, uint8, shape (n, 28, 28, 1), contiguous.
    labels : numpy.ndarray
        Classes from 0 to 9, uint8, shape (n,), contiguous.
    """

    images: np.ndarray
    labels: np.ndarray

    def __len__(self):
        """Return the number of images."""
        return len(self.labels)

    def __repr__(self):
        """Describe the split without printing its arrays."""
        return f"Split({len(self)} images, shape {self.images.shape}, {self.images.dtype})"


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """A data set in three parts that share no image.

    Attributes
    ----------
    train, validation : Split
        11/12 and 1/12 of the published training data, in an order drawn from the seed.
    test : Split
        The test data, whatever the seed. For the results only: choose models by `validation`.
    class_names : tuple of str
        The name of each label, from 0 to 9.
    name : str
        "mnist", "fashion_mnist" or "digits".
    source : str
        Where the data came from: a path, a host name, or "scikit-learn".
    """

    train: Split
    validation: Split
    test: Split
    class_names: tuple[str, ...]
    name: str
    source: str

    def __repr__(self):
        """Describe the data set without printing its arrays."""
        return (
            f"Dataset({self.name!r} from {self.source!r}: {len(self.train)} train, "
            f"{len(self.validation)} validation, {len(self.test)} test)"
        )


def one_hot(labels, classes=10):
    """Return the one-hot vectors of labels: row i of the identity matrix for class i.

    Parameters
    ----------
    labels : array or sequence of int, shape (n,)
        Classes from 0 to ``classes`` − 1.
    classes : int
        Length of a vector.

    Returns
    -------
    numpy.ndarray, float32 (n, classes)

    Raises
    ------
    IndexError
        If a label is not below ``classes``.
    """
    return np.eye(classes, dtype="float32")[labels]


def load(name, *, seed=0):
    """Load a data set, downloading it when it is nowhere on this machine.

    Parameters
    ----------
    name : {"mnist", "fashion_mnist", "digits", "auto"}
        "digits" is scikit-learn's 1,797 digits, which need no network, enlarged from 8×8 to 28×28.
        "auto" is "mnist" where that can be had and otherwise "digits", said in one printed line.
    seed : int, optional
        Seed of the split into training and validation data. The test data do not depend on it.

    Returns
    -------
    Dataset
        Images uint8 (n, 28, 28, 1) and labels uint8 (n,), n = 55,000 / 5,000 / 10,000 for the
        training, validation and test parts of "mnist" and "fashion_mnist", and 1,375 / 125 / 297
        for "digits".

    Raises
    ------
    ValueError
        If `name` is none of the four.
    DataError
        If a file in ``$CVAE_DATA_DIR`` is damaged (under "auto" too, so that it is not hidden), or
        if no mirror gave the data, or if they could not be written to the course's cache.

    Warns
    -----
    UserWarning
        If a damaged file in Keras' cache is passed over.
    """
    if name not in _NAMES:
        raise ValueError(f"there is no data set {name!r}; the names are {', '.join(_NAMES)}")
    if name == "digits":
        return _load_digits(seed)
    spec_name = "mnist" if name == "auto" else name
    spec = _SPECS[spec_name]
    try:
        arrays, source = _find_on_disk(spec) or _download(spec)
    except _UnusableError as why:
        if name == "auto":
            print(f"load('auto') falls back to scikit-learn's digits, enlarged to 28×28: {why}.")
            return _load_digits(seed)
        raise DataError(
            f"{why}; mend that and call again, or put {', '.join(spec.layouts[0])} in a folder and "
            "set CVAE_DATA_DIR to that folder, or use load('digits'), which needs no network."
        ) from None
    return _build_dataset(spec_name, spec.class_names, source, arrays, seed)


# --- What is looked for, and where it can be had --------------------------------------------------


@dataclass(frozen=True)
class _Spec:
    title: str
    class_names: tuple[str, ...]
    # The SHA-256 of each array as an uncompressed IDX file. Containers differ between sources (zip,
    # gzip, compression level); what they hold does not.
    arrays: dict[str, str]
    # The sets of files that hold all four arrays, in the order of `arrays`: {path: SHA-256}.
    layouts: tuple[dict[str, str], ...]
    # Each mirror's address, and the files it serves there under their last names.
    mirrors: tuple[tuple[str, dict[str, str]], ...]


_MNIST_NPZ = {
    "mnist.npz": "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
}
_MNIST_IDX = {
    "mnist/train-images-idx3-ubyte.gz": ("440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
    "mnist/train-labels-idx1-ubyte.gz": ("3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
    "mnist/t10k-images-idx3-ubyte.gz": ("8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
    "mnist/t10k-labels-idx1-ubyte.gz": ("f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
}
_FASHION_IDX = {
    "fashion-mnist/train-images-idx3-ubyte.gz": ("3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
    "fashion-mnist/train-labels-idx1-ubyte.gz": ("a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
    "fashion-mnist/t10k-images-idx3-ubyte.gz": ("346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
    "fashion-mnist/t10k-labels-idx1-ubyte.gz": ("67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
}

_SPECS = {
    "mnist": _Spec(
        title="MNIST",
        class_names=_DIGIT_NAMES,
        arrays={
            "x_train": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "y_train": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "x_test": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "y_test": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        },
        layouts=(_MNIST_NPZ, _MNIST_IDX),
        mirrors=(
            ("https://storage.googleapis.com/tensorflow/tf-keras-datasets/", _MNIST_NPZ),
            ("https://ossci-datasets.s3.amazonaws.com/mnist/", _MNIST_IDX),
        ),
    ),
    "fashion_mnist": _Spec(
        title="Fashion-MNIST",
        class_names=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        arrays={
            "x_train": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "y_train": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "x_test": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "y_test": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        },
        layouts=(_FASHION_IDX,),
        mirrors=(
            ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/", _FASHION_IDX),
            (
                "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
                _FASHION_IDX,
            ),
        ),
    ),
}


class _UnusableError(Exception):
    """A file, or every mirror, is of no use; the message is a clause that says why."""


# --- Finding --------------------------------------------------------------------------------------


def _folders():
    """Yield each (owner, folder) to look in, in order."""
    if os.environ.get("CVAE_DATA_DIR"):
        yield "user", Path(os.path.expanduser(os.environ["CVAE_DATA_DIR"]))
    yield "keras", Path(os.path.expanduser(os.environ.get("KERAS_HOME") or "~/.keras"), "datasets")
    yield "course", _cache()


def _cache():
    """Return the course's own cache folder."""
    import pooch

    return Path(pooch.os_cache("cvae-course"))


def _candidates(spec):
    """Yield (owner, paths) for each set of the data's files that is on this machine, in order."""
    for owner, folder in _folders():
        for layout in spec.layouts:
            paths = [folder / name for name in layout]
            # os.path.exists, unlike Path.exists, takes a folder we may not enter for an empty one.
            if any(os.path.exists(path) for path in paths):
                yield owner, paths


def _find_on_disk(spec):
    """Return (arrays, path) from the first place that has them intact, or None.

    Only files of the course's own are replaced when damaged (by the download that follows). In
    ``$CVAE_DATA_DIR`` damage is an error, because the user meant those files; in Keras' cache it is
    a warning, because Keras may be half-way through a download of its own.
    """
    for owner, paths in _candidates(spec):
        try:
            return _read(spec, paths), str(paths[0] if len(paths) == 1 else paths[0].parent)
        except _UnusableError as why:
            if owner == "user":
                raise DataError(
                    f"{why}; put an intact copy in its place, or unset CVAE_DATA_DIR to have {spec.title} downloaded."
                ) from None
            if owner == "keras":
                warnings.warn(
                    f"{why}; Keras' copy of {spec.title} is passed over, and may be deleted unless "
                    "Keras is downloading it now.",
                    stacklevel=3,
                )
    return None


# --- Downloading ----------------------------------------------------------------------------------


def _download(spec):
    """Return (arrays, host) from the first mirror that serves them, kept in the course's cache."""
    import requests

    failures = []
    for address, files in spec.mirrors:
        host = urlsplit(address).netloc
        try:
            paths = [_retrieve(address, name, sha256) for name, sha256 in files.items()]
        except _UnusableError as why:
            failures.append(f"{host} {why}")
        except requests.RequestException as error:  # an OSError, so this comes before OSError
            failures.append(f"{host} {_network_failure(error)}")
        except OSError as error:  # no other mirror would mend a full or read-only disk
            error = error.__cause__ or error  # pooch rewraps "permission denied", at length
            raise _UnusableError(f"{spec.title} cannot be written to {_cache()} ({error.strerror or error})") from None
        except ValueError:
            failures.append(f"{host} sent a file whose SHA-256 is wrong")
        else:
            return _read(spec, paths), host
    asked = os.environ.get("CVAE_DATA_DIR")
    not_there = f" is not in CVAE_DATA_DIR ({asked}) and" if asked else ""
    raise _UnusableError(f"{spec.title}{not_there} cannot be downloaded ({', and '.join(failures)})")


def _retrieve(address, name, sha256):
    """Download one file into the course's cache, unless it is there intact, and return its path."""
    import pooch

    path = _cache() / name
    # pooch writes to a temporary file, checks its SHA-256, and only then gives it its name.
    pooch.retrieve(
        address + path.name,
        known_hash=sha256,
        fname=path.name,
        path=path.parent,
        downloader=_fetch,
    )
    return path


def _fetch(url, output_file, pooch_):
    """Download `url` to `output_file`, with a progress bar; pooch calls this."""
    import pooch

    pooch.HTTPDownloader(progressbar=True, chunk_size=2**16, timeout=TIMEOUT)(url, output_file, pooch_)
    # Hotels, schools and company proxies answer with a page of their own. Its SHA-256 is wrong too,
    # but that would not tell the learner where to look.
    with open(output_file, "rb") as file:
        if file.read(64).lstrip().startswith(b"<"):
            raise _UnusableError("sent a web page in place of the file (a log-in page?)")


def _network_failure(error):
    """Say in a few words what the exception from requests means."""
    import requests

    # A silence in mid-file comes as a ConnectionError that only its text tells apart.
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return f"did not answer within {TIMEOUT:g} s"
    if isinstance(error, requests.HTTPError):
        return f"answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "broke off in the middle of the file"
    return f"cannot be reached ({type(error).__name__})"


# --- Reading and checking -------------------------------------------------------------------------


def _read(spec, paths):
    """Return x_train, y_train, x_test and y_test from one .npz or four .gz files, checked."""
    arrays = []
    for (key, sha256), path in zip(spec.arrays.items(), itertools.cycle(paths), strict=False):
        try:
            array = _read_array(path, key)
        except Exception as error:  # zipfile, gzip and numpy raise almost anything on damaged bytes
            refusal = getattr(error, "strerror", None)  # the operating system's, as "Permission denied"
            why = f"cannot be read ({refusal})" if refusal else f"is damaged ({error!r})"
            raise _UnusableError(f"{path} {why}") from None
        if array.dtype != np.uint8 or _idx_sha256(array) != sha256:
            raise _UnusableError(f"{path} is not {spec.title} (the SHA-256 of {key} is wrong)")
        arrays.append(array)
    return arrays


def _read_array(path, key):
    """Read one array: images (n, 28, 28) or labels (n,)."""
    if path.suffix == ".npz":
        # Not np.load: what is no zip file would be an error about pickles there.
        with open(path, "rb") as file, np.lib.npyio.NpzFile(file, allow_pickle=False) as archive:
            return archive[key]
    with gzip.open(path) as file:
        content = file.read()
    # An IDX header is 4 bytes, and 4 more for each dimension.
    offset, shape = (16, (-1, 28, 28)) if key.startswith("x") else (8, (-1,))
    return np.frombuffer(content, np.uint8, offset=offset).reshape(shape).copy()


def _idx_sha256(array):
    """Return the SHA-256 of a uint8 array written as an IDX file: header, then bytes."""
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    digest = hashlib.sha256(header)
    digest.update(array.ravel())
    return digest.hexdigest()


# --- Building -------------------------------------------------------------------------------------


def _build_dataset(name, class_names, source, arrays, seed):
    """Split the validation data off the training data."""
    x_train, y_train, x_test, y_test = arrays
    order = np.random.default_rng(seed).permutation(len(y_train))
    validation, train = np.split(order, [len(order) // 12])
    return Dataset(
        train=Split(x_train[train][..., np.newaxis], y_train[train]),
        validation=Split(x_train[validation][..., np.newaxis], y_train[validation]),
        test=Split(x_test[..., np.newaxis], y_test),
        class_names=class_names,
        name=name,
        source=source,
    )


def _load_digits(seed):
    """Return scikit-learn's digits in the form of MNIST: 20×20 pixels within a margin of 4."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = np.zeros((len(digits.images), 28, 28), np.uint8)
    images[:, 4:24, 4:24] = _enlarge(digits.images)
    labels = digits.target.astype(np.uint8)
    # A seed of its own, so that results on the test data can be compared whatever the caller's.
    order = np.random.default_rng(0).permutation(len(labels))
    test, train = np.split(order, [297])
    arrays = images[train], labels[train], images[test], labels[test]
    return _build_dataset("digits", _DIGIT_NAMES, "scikit-learn", arrays, seed)


def _enlarge(images):
    """Enlarge (n, 8, 8) images of 0 to 16 to (n, 20, 20) of 0 to 255, by bilinear interpolation."""
    # Where the new pixels' centres lie among the old; np.interp extends the outermost old values.
    centres = (np.arange(20) + 0.5) * 8 / 20 - 0.5
    weights = np.stack([np.interp(centres, np.arange(8), pixel) for pixel in np.eye(8)], axis=1)
    return np.rint(weights @ images @ weights.T * (255 / 16)).astype(np.uint8)
