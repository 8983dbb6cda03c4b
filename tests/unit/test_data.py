"""Tests of `cvae_utils.data`: what it gives, and every fault, produced for real."""

import contextlib
import dataclasses
import gzip
import hashlib
import io
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import faulty_server
import numpy as np
import pytest

from cvae_utils import data
from tools.patience import patient

HERE = Path(__file__).resolve().parent
ROOT = Path(data.__file__).resolve().parents[1]
REAL_DATA_DIR = os.environ.get("CVAE_DATA_DIR", "")

IDX_NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


# --- A small stand-in for MNIST, so that the tests need no network --------------------------------


def fake_arrays():
    """Give four small arrays. The pixels are noise, so that files stay large when compressed."""
    rng = np.random.default_rng(7)
    return {
        "x_train": rng.integers(0, 256, (120, 28, 28), np.uint8),
        "y_train": rng.integers(0, 10, 120, np.uint8),
        "x_test": rng.integers(0, 256, (24, 28, 28), np.uint8),
        "y_test": rng.integers(0, 10, 24, np.uint8),
    }


def idx_bytes(array):
    """Write an array as an IDX file."""
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return header + array.tobytes()


def npz_bytes(arrays):
    """Write arrays as an .npz file."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def npz_bytes_with_long_header():
    """Write an .npz file that NumPy refuses with an error of several lines."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x_train.npy", b"\x93NUMPY\x02\x00" + struct.pack("<I", 20000) + bytes(20000))
    return buffer.getvalue()


def sha256(content):
    """Give the SHA-256 of bytes, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


ARRAYS = fake_arrays()
NPZ = npz_bytes(ARRAYS)
IDX = {name: gzip.compress(idx_bytes(array), mtime=0) for name, array in zip(IDX_NAMES, ARRAYS.values(), strict=True)}


def fake_spec(first_host, second_host):
    """Give the table entry of the stand-in, with mirrors on the two hosts."""
    npz = {"mnist.npz": sha256(NPZ)}
    idx = {f"mnist/{name}": sha256(content) for name, content in IDX.items()}
    return dataclasses.replace(
        data._SPECS["mnist"],
        arrays={key: sha256(idx_bytes(array)) for key, array in ARRAYS.items()},
        layouts=(npz, idx),
        mirrors=((f"http://{first_host}/first/", npz), (f"http://{second_host}/second/", idx)),
    )


@dataclasses.dataclass
class Places:
    """The three folders in which the loader looks, none of which exists yet."""

    user: Path
    keras: Path
    course: Path


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """Keep the developer's own caches, and proxies, out of every test."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.delenv("CVAE_DATA_DIR", raising=False)
    import pooch

    course = pooch.os_cache("cvae-course")
    assert course.is_relative_to(tmp_path), "the tests would use the developer's own cache"
    return Places(tmp_path / "user", tmp_path / "home" / ".keras" / "datasets", course)


@pytest.fixture
def server(monkeypatch):
    """Run a server, at first healthy, as both mirrors of the stand-in."""
    with faulty_server.running() as server:
        server.routes["/first/mnist.npz"] = faulty_server.file(NPZ)
        for name, content in IDX.items():
            server.routes[f"/second/{name}"] = faulty_server.file(content)
        monkeypatch.setitem(data._SPECS, "mnist", fake_spec(server.host, server.host))
        yield server


@pytest.fixture
def offline(monkeypatch):
    """Let every mirror refuse the connection."""
    host = faulty_server.refused_host()
    monkeypatch.setitem(data._SPECS, "mnist", fake_spec(host, host))
    return host


def put(folder, files):
    """Write files, given as {name: bytes}, into a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def files_in(folder):
    """Give {name: bytes} for every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def failure(name="mnist"):
    """Load what cannot be loaded, and give the message: one line, of one sentence, no chain."""
    with pytest.raises(data.DataError) as caught:
        data.load(name)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    assert ". " not in message
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    return message


def assert_is_stand_in(dataset):
    """Check that every image of the stand-in is there once, with its label."""
    images = np.concatenate([dataset.train.images, dataset.validation.images])[..., 0]
    labels = np.concatenate([dataset.train.labels, dataset.validation.labels])
    got = sorted((image.tobytes(), label) for image, label in zip(images, labels, strict=True))
    wanted = zip(ARRAYS["x_train"], ARRAYS["y_train"], strict=True)
    assert got == sorted((image.tobytes(), label) for image, label in wanted)
    np.testing.assert_array_equal(dataset.test.images[..., 0], ARRAYS["x_test"])
    np.testing.assert_array_equal(dataset.test.labels, ARRAYS["y_test"])


# --- What the loader gives ------------------------------------------------------------------------


def test_download_then_cache(server, places):
    first = data.load("mnist")
    assert_is_stand_in(first)
    assert (first.name, first.source) == ("mnist", server.host)
    assert files_in(places.course) == {"mnist.npz": NPZ}

    second = data.load("mnist")
    assert_is_stand_in(second)
    assert second.source == str(places.course / "mnist.npz")
    assert server.requests == ["/first/mnist.npz"]


def test_the_form_of_a_dataset(server):
    dataset = data.load("mnist")
    assert [len(dataset.train), len(dataset.validation), len(dataset.test)] == [110, 10, 24]
    for split in (dataset.train, dataset.validation, dataset.test):
        assert split.images.shape == (len(split), 28, 28, 1)
        assert split.labels.shape == (len(split),)
        for array in (split.images, split.labels):
            assert array.dtype == np.uint8
            assert array.flags.c_contiguous
            assert array.flags.writeable
    assert dataset.class_names == tuple("0123456789")
    for shown in (repr(dataset), repr(dataset.train)):
        assert len(shown) < 200
        assert "\n" not in shown
        assert "110" in shown
    with pytest.raises(dataclasses.FrozenInstanceError):
        dataset.train = dataset.test
    with pytest.raises(dataclasses.FrozenInstanceError):
        dataset.test.labels = dataset.train.labels


def test_both_file_forms_give_the_same_data(offline, places, monkeypatch):
    put(places.user, {f"mnist/{name}": content for name, content in IDX.items()})
    monkeypatch.setenv("CVAE_DATA_DIR", str(places.user))
    dataset = data.load("mnist")
    assert_is_stand_in(dataset)
    assert dataset.source == str(places.user / "mnist")
    assert dataset.test.images.flags.writeable


def test_the_order_of_the_places(offline, places, monkeypatch):
    for folder in (places.user, places.keras, places.course):
        put(folder, {"mnist.npz": NPZ})
    monkeypatch.setenv("CVAE_DATA_DIR", str(places.user))
    for folder in (places.user, places.keras, places.course):
        assert data.load("mnist").source == str(folder / "mnist.npz")
        shutil.rmtree(folder)
    assert "cannot be reached" in failure()


def test_keras_home_is_honoured(offline, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "elsewhere"))
    put(tmp_path / "elsewhere" / "datasets", {"mnist.npz": NPZ})
    assert data.load("mnist").source == str(tmp_path / "elsewhere" / "datasets" / "mnist.npz")


def test_fashion_mnist_is_read_from_keras_cache(places, monkeypatch):
    arrays = fake_spec("unused", "unused").arrays
    spec = dataclasses.replace(data._SPECS["fashion_mnist"], arrays=arrays)
    monkeypatch.setitem(data._SPECS, "fashion_mnist", spec)
    put(places.keras, {f"fashion-mnist/{name}": content for name, content in IDX.items()})
    dataset = data.load("fashion_mnist")
    assert_is_stand_in(dataset)
    assert (dataset.name, dataset.class_names[9]) == ("fashion_mnist", "Ankle boot")


def test_the_split_follows_the_seed(server):
    def images(split):
        return {image.tobytes() for image in split.images}

    default, zero, one = data.load("mnist"), data.load("mnist", seed=0), data.load("mnist", seed=1)
    np.testing.assert_array_equal(default.train.images, zero.train.images)
    np.testing.assert_array_equal(default.validation.labels, zero.validation.labels)
    assert images(one.validation) != images(zero.validation)
    np.testing.assert_array_equal(one.test.images, zero.test.images)
    for dataset in (zero, one):
        assert not images(dataset.train) & images(dataset.validation)
        assert_is_stand_in(dataset)


def test_digits():
    import scipy.ndimage
    import sklearn.datasets

    dataset = data.load("digits")
    splits = (dataset.train, dataset.validation, dataset.test)
    assert [len(split) for split in splits] == [1375, 125, 297]
    assert (dataset.name, dataset.source) == ("digits", "scikit-learn")
    images = np.concatenate([split.images for split in splits])
    labels = np.concatenate([split.labels for split in splits])
    assert images.shape == (1797, 28, 28, 1)
    assert images.dtype == labels.dtype == np.uint8
    assert all(split.images.flags.c_contiguous for split in splits)

    # Each digit is there once, with its label, as SciPy would enlarge it.
    original = sklearn.datasets.load_digits()
    wanted = scipy.ndimage.zoom(original.images * 255 / 16, (1, 2.5, 2.5), order=1, mode="nearest", grid_mode=True)
    wanted = np.pad(wanted, ((0, 0), (4, 4), (4, 4))).reshape(1797, -1)
    got = images.reshape(1797, -1).astype(float)
    distances = (got**2).sum(axis=1)[:, None] - 2 * got @ wanted.T + (wanted**2).sum(axis=1)
    nearest = distances.argmin(axis=1)
    assert len(set(nearest)) == 1797
    np.testing.assert_allclose(got, wanted[nearest], atol=0.51)
    np.testing.assert_array_equal(labels, original.target[nearest])
    assert images.max() == 255
    assert images.min() == 0

    # The test set is a fair sample: every class has 30 of 297, give or take.
    counts = np.bincount(dataset.test.labels, minlength=10)
    assert counts.min() >= 15
    assert counts.max() <= 45


def test_digits_test_set_does_not_depend_on_the_seed():
    zero, one = data.load("digits", seed=0), data.load("digits", seed=1)
    np.testing.assert_array_equal(zero.test.images, one.test.images)
    np.testing.assert_array_equal(zero.test.labels, one.test.labels)
    assert not np.array_equal(zero.validation.images, one.validation.images)
    # Figures measured on this test set are published: it must never change.
    assert sha256(zero.test.labels.tobytes()) == ("468126f7ebc6cc97c6d268862e5ee5db9c53545c427e72833f2c62b24bb4bd6f")


@pytest.mark.parametrize("name", ["cifar10", "MNIST", "", None, []])
def test_unknown_name(name):
    with pytest.raises(ValueError, match="there is no data set") as caught:
        data.load(name)
    message = str(caught.value)
    assert "\n" not in message
    assert repr(name) in message
    assert all(known in message for known in ("mnist", "fashion_mnist", "digits", "auto"))


def test_auto_is_mnist_in_silence_where_it_can_be_had(server, capsys):
    dataset = data.load("auto")
    assert_is_stand_in(dataset)
    assert dataset.name == "mnist"
    assert capsys.readouterr().out == ""


def test_auto_falls_back_to_digits_in_one_line(offline, capsys):
    dataset = data.load("auto", seed=3)
    assert dataset.name == "digits"
    wanted = data.load("digits", seed=3)
    np.testing.assert_array_equal(dataset.validation.images, wanted.validation.images)
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    assert line.endswith("\n")
    assert "digits" in line
    assert "MNIST cannot be downloaded" in line
    assert offline in line


def test_import_is_cheap():
    script = (
        "import sys, cvae_utils.data; "
        "print(sorted({'tensorflow', 'keras', 'sklearn', 'scipy', 'pooch', 'requests'} "
        "& set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- Faults of the network ------------------------------------------------------------------------

SHORT = round(patient(0.6), 1)  # seconds: long enough for the healthy mirror on a busy machine

NETWORK_FAULTS = {
    "truncated": (faulty_server.truncated(NPZ), "broke off in the middle of the file"),
    "web page": (faulty_server.web_page, "sent a web page in place of the file"),
    "wrong checksum": (faulty_server.file(NPZ[:-1] + b"!"), "SHA-256 is wrong"),
    "silent": (faulty_server.silent, f"did not answer within {SHORT:g} s"),
    "stalled": (faulty_server.stalled(NPZ), f"did not answer within {SHORT:g} s"),
    "not found": (faulty_server.not_found, "answered 404 Not Found"),
}


@pytest.mark.parametrize("fault", NETWORK_FAULTS)
def test_a_faulty_first_mirror_is_made_good_by_the_second(fault, server, places, monkeypatch):
    monkeypatch.setattr(data, "TIMEOUT", SHORT)
    server.routes["/first/mnist.npz"], _ = NETWORK_FAULTS[fault]
    assert_is_stand_in(data.load("mnist"))
    assert server.requests[0] == "/first/mnist.npz"
    assert files_in(places.course) == {f"mnist/{name}": content for name, content in IDX.items()}

    server.requests.clear()
    assert data.load("mnist").source == str(places.course / "mnist")
    assert server.requests == []


@pytest.mark.parametrize("fault", NETWORK_FAULTS)
def test_two_faulty_mirrors(fault, server, places, monkeypatch):
    monkeypatch.setattr(data, "TIMEOUT", SHORT)
    put(places.course, {"notes.txt": b"another good file"})
    behaviour, reason = NETWORK_FAULTS[fault]
    server.routes["/first/mnist.npz"] = behaviour
    server.routes[f"/second/{IDX_NAMES[0]}"] = behaviour
    message = failure()
    assert message.startswith("MNIST cannot be downloaded")
    assert message.count(server.host) == 2
    assert message.count(reason) == 2
    assert "put mnist.npz in a folder and set CVAE_DATA_DIR" in message
    assert "load('digits')" in message
    assert files_in(places.course) == {"notes.txt": b"another good file"}


def test_refused_connections(offline, places):
    message = failure()
    assert message.count(f"{offline} cannot be reached (ConnectionError)") == 2
    assert files_in(places.course) == {}


def test_first_mirror_refuses_and_second_is_good(server, places, monkeypatch):
    spec = fake_spec(faulty_server.refused_host(), server.host)
    monkeypatch.setitem(data._SPECS, "mnist", spec)
    assert_is_stand_in(data.load("mnist"))
    assert set(files_in(places.course)) == {f"mnist/{name}" for name in IDX}


def test_a_broken_set_of_files_is_completed_later(server, places):
    del server.routes["/first/mnist.npz"]
    server.routes[f"/second/{IDX_NAMES[2]}"] = faulty_server.truncated(IDX[IDX_NAMES[2]])
    assert "broke off" in failure()
    whole = {f"mnist/{name}": IDX[name] for name in IDX_NAMES[:2]}
    assert files_in(places.course) == whole

    server.routes[f"/second/{IDX_NAMES[2]}"] = faulty_server.file(IDX[IDX_NAMES[2]])
    server.requests.clear()
    assert_is_stand_in(data.load("mnist"))
    assert server.requests == ["/first/mnist.npz"] + [f"/second/{name}" for name in IDX_NAMES[2:]]


def test_the_message_says_that_the_named_folder_was_looked_at(offline, places, monkeypatch):
    monkeypatch.setenv("CVAE_DATA_DIR", str(places.user))
    assert f"MNIST is not in CVAE_DATA_DIR ({places.user}) and cannot be down" in failure()


# --- Faults of the disk ---------------------------------------------------------------------------


@contextlib.contextmanager
def without_privilege():
    """Run as an ordinary user: to root, no folder is read-only."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions work otherwise on Windows")
@pytest.mark.parametrize("exists", [True, False], ids=["cache exists", "cache does not exist"])
def test_read_only_cache(exists, server, monkeypatch):
    data.load("mnist")  # imports all that is imported late, which an ordinary user may not read
    # Not tmp_path, which lies in a folder that only its owner may enter.
    with tempfile.TemporaryDirectory() as folder:
        caches = Path(folder, "caches")
        monkeypatch.setenv("XDG_CACHE_HOME", str(caches))
        cache = caches / "cvae-course"
        put(cache if exists else caches, {"notes.txt": b"another good file"})
        before = files_in(caches)
        Path(folder).chmod(0o755)
        for path in (caches, cache) if exists else (caches,):
            path.chmod(0o555)
        server.requests.clear()
        with without_privilege():
            message = failure()
        caches.chmod(0o755)
        if exists:
            cache.chmod(0o755)
        assert f"MNIST cannot be written to {cache} (Permission denied)" in message
        assert "set CVAE_DATA_DIR" in message
        assert files_in(caches) == before
        assert server.requests == []


def load_in_another_process(launcher, host, cache):
    """Load the stand-in in a process begun by `launcher`; give its message and the files left."""
    script = (
        "import test_data; from pathlib import Path; from cvae_utils import data\n"
        f"data._SPECS['mnist'] = test_data.fake_spec({host!r}, {host!r})\n"
        "try: data.load('mnist')\n"
        "except data.DataError as error: print(error)\n"
        f"print(sorted(test_data.files_in(Path({str(cache)!r}))))"
    )
    done = subprocess.run(
        [*launcher, sys.executable, "-c", script],
        # Without the second, Python would cut off the bytecode files that it writes under the limits of these tests.
        env=os.environ | {"PYTHONPATH": f"{HERE}{os.pathsep}{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on file sizes")
def test_a_limit_on_file_sizes(server, places):
    put(places.course, {"notes.txt": b"another good file"})
    launcher = ["sh", "-c", 'ulimit -f 8 && exec "$@"', "sh"]
    message, left = load_in_another_process(launcher, server.host, places.course)
    assert message.startswith(f"MNIST cannot be written to {places.course} (File too large);")
    assert "set CVAE_DATA_DIR" in message
    assert left == "['notes.txt']"
    assert server.requests == ["/first/mnist.npz"]


def may_mount():
    """Tell whether a process here may mount a file system of its own."""
    if not shutil.which("unshare"):
        return False
    test = ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(test, capture_output=True).returncode == 0


@pytest.mark.skipif(not may_mount(), reason="a small file system cannot be mounted here")
def test_a_full_disk(server, places):
    places.course.mkdir(parents=True)
    # Only the new process sees the disk of 32 kB that is mounted on the cache.
    mount = 'mount -t tmpfs -o size=32k tmpfs "$0" && exec "$@"'
    launcher = ["unshare", "-rm", "sh", "-c", mount, str(places.course)]
    message, left = load_in_another_process(launcher, server.host, places.course)
    assert message.startswith(f"MNIST cannot be written to {places.course} (No space left on device);")
    assert "set CVAE_DATA_DIR" in message
    assert left == "[]"
    assert server.requests == ["/first/mnist.npz"]


# --- Damaged files --------------------------------------------------------------------------------

DAMAGED = {
    "truncated": NPZ[: len(NPZ) // 2],
    "empty": b"",
    "web page": b"<!DOCTYPE html><html></html>",
    "bit flipped": NPZ[:5000] + bytes([NPZ[5000] ^ 1]) + NPZ[5001:],
    "header too long": npz_bytes_with_long_header(),
    "other data": npz_bytes(ARRAYS | {"y_test": ARRAYS["y_test"][::-1].copy()}),
    "other type": npz_bytes(ARRAYS | {"x_test": ARRAYS["x_test"].view(np.int8)}),
    "array missing": npz_bytes({key: ARRAYS[key] for key in ("x_train", "y_train", "x_test")}),
}


@pytest.mark.parametrize("damage", DAMAGED)
@pytest.mark.parametrize("name", ["mnist", "auto"])
def test_damage_in_the_users_folder_is_an_error(name, damage, server, places, monkeypatch, capsys):
    put(places.user, {"mnist.npz": DAMAGED[damage]})
    monkeypatch.setenv("CVAE_DATA_DIR", str(places.user))
    message = failure(name)
    assert message.startswith(str(places.user / "mnist.npz"))
    assert "put an intact copy in its place, or unset CVAE_DATA_DIR" in message
    assert files_in(places.user) == {"mnist.npz": DAMAGED[damage]}
    assert server.requests == []
    assert not places.course.exists()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("damage", DAMAGED)
def test_damage_in_keras_cache_is_passed_over_with_a_warning(damage, server, places):
    put(places.keras, {"mnist.npz": DAMAGED[damage]})
    with pytest.warns(UserWarning, match="passed over") as caught:
        dataset = data.load("mnist")
    assert_is_stand_in(dataset)
    assert dataset.source == server.host
    (warning,) = caught
    message = str(warning.message)
    assert message.startswith(str(places.keras / "mnist.npz"))
    assert "\n" not in message
    assert warning.filename == __file__
    assert files_in(places.keras) == {"mnist.npz": DAMAGED[damage]}


@pytest.mark.parametrize("damage", DAMAGED)
def test_damage_in_the_courses_cache_is_replaced(damage, server, places):
    put(places.course, {"mnist.npz": DAMAGED[damage], "notes.txt": b"another good file"})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset = data.load("mnist")
    assert_is_stand_in(dataset)
    assert dataset.source == server.host
    assert files_in(places.course) == {"mnist.npz": NPZ, "notes.txt": b"another good file"}


def test_damage_in_the_courses_cache_is_never_used_offline(offline, places):
    put(places.course, {"mnist.npz": DAMAGED["other data"]})
    assert "MNIST cannot be downloaded" in failure()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read (No such file or directory)"),
        (IDX[IDX_NAMES[2]][:-9], "is damaged"),
        (b"<html></html>", "is damaged"),
        (b"", "is damaged"),
        (gzip.compress(idx_bytes(ARRAYS["x_test"] // 2)), "is not MNIST"),
    ],
    ids=["missing", "truncated", "web page", "empty", "other data"],
)
def test_damage_in_one_of_four_files_names_it(content, reason, offline, places, monkeypatch):
    put(places.user, {f"mnist/{name}": content for name, content in IDX.items()})
    bad = places.user / "mnist" / IDX_NAMES[2]
    if content is None:
        bad.unlink()
    else:
        bad.write_bytes(content)
    monkeypatch.setenv("CVAE_DATA_DIR", str(places.user))
    assert failure().startswith(f"{bad} {reason}")


class Bomb:
    """Makes a folder when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_pickles_are_never_opened(offline, places, tmp_path, monkeypatch):
    bomb = np.array([Bomb(str(tmp_path / "went off"))], dtype=object)
    put(places.user, {"mnist.npz": npz_bytes(ARRAYS | {"x_train": bomb})})
    monkeypatch.setenv("CVAE_DATA_DIR", str(places.user))
    assert failure().startswith(f"{places.user / 'mnist.npz'} is damaged (ValueError")
    assert not (tmp_path / "went off").exists()


def test_a_folder_in_place_of_the_file(offline, places, monkeypatch):
    (places.user / "mnist.npz").mkdir(parents=True)
    monkeypatch.setenv("CVAE_DATA_DIR", str(places.user))
    assert f"{places.user / 'mnist.npz'} cannot be read (Is a directory)" in failure()


# --- The published data ---------------------------------------------------------------------------


def test_the_table_is_well_formed():
    for spec in (data._SPECS["mnist"], data._SPECS["fashion_mnist"]):
        hosts = [address.split("/")[2] for address, _ in spec.mirrors]
        assert len(set(hosts)) == len(hosts) == 2
        assert all(address.endswith("/") for address, _ in spec.mirrors)
        assert list(spec.arrays) == ["x_train", "y_train", "x_test", "y_test"]
        assert len(spec.class_names) == 10
        for _, files in spec.mirrors:
            assert files in spec.layouts
            assert len(files) in (1, 4)
        for digests in (spec.arrays, *spec.layouts):
            assert len(set(digests.values())) == len(digests)
            assert all(len(bytes.fromhex(digest)) == 32 for digest in digests.values())


@pytest.fixture
def real_mnist(monkeypatch):
    """Name the folder that holds the real MNIST."""
    if not os.path.exists(os.path.join(REAL_DATA_DIR, "mnist.npz")):
        pytest.skip("CVAE_DATA_DIR names no folder with mnist.npz")
    monkeypatch.setenv("CVAE_DATA_DIR", REAL_DATA_DIR)


def test_real_mnist(real_mnist):
    tracemalloc.start()
    try:
        dataset = data.load("mnist")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 120e6  # about twice the 55 MB of the images
    splits = (dataset.train, dataset.validation, dataset.test)
    assert [len(split) for split in splits] == [55000, 5000, 10000]
    assert dataset.source == os.path.join(REAL_DATA_DIR, "mnist.npz")
    # The published counts of each digit in the 60,000 and in the first labels of the 10,000.
    labels = np.concatenate([dataset.train.labels, dataset.validation.labels])
    published = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(labels).tolist() == published
    assert dataset.test.labels[:5].tolist() == [7, 2, 1, 0, 4]


def test_real_mnist_with_one_wrong_label_is_refused(real_mnist, places, monkeypatch):
    with np.load(os.path.join(REAL_DATA_DIR, "mnist.npz")) as archive:
        arrays = dict(archive)
    arrays["y_test"][-1] ^= 1
    places.user.mkdir()
    np.savez(places.user / "mnist.npz", **arrays)
    monkeypatch.setenv("CVAE_DATA_DIR", str(places.user))
    assert "is not MNIST (the SHA-256 of y_test is wrong)" in failure()
