"""Answers to exercise 06."""

import cvae_utils._quiet_start  # noqa: F401

import math

import numpy as np
from keras import layers, ops

from tests.exercises.bank import Bank

bank = Bank()


# --- 6.1 output_size ---


@bank.accepted("output_size")
def by_cases(n, kernel, stride, padding, transposed):
    if transposed:
        return n * stride if padding == "same" else (n - 1) * stride + kernel
    return math.ceil(n / stride) if padding == "same" else (n - kernel) // stride + 1


@bank.accepted("output_size")
def by_counting(n, kernel, stride, padding, transposed):
    if transposed:
        hit = np.zeros(n * stride + kernel)
        for i in range(n):
            hit[i * stride : i * stride + kernel] = 1
        return hit.sum() if padding == "valid" else np.float64(n * stride)
    last = n if padding == "same" else n - kernel + 1
    return np.array(len(range(0, last, stride)))


@bank.accepted("output_size")
def by_keras(n, kernel, stride, padding, transposed):
    x, weights = np.zeros((1, n, 1), "float32"), np.zeros((kernel, 1, 1), "float32")
    convolution = ops.conv_transpose if transposed else ops.conv
    return ops.shape(convolution(x, weights, strides=stride, padding=padding))[1]


@bank.rejected("output_size", "fraction")
def not_rounded(n, kernel, stride, padding, transposed):
    return n / stride if padding == "same" and not transposed else by_cases(n, kernel, stride, padding, transposed)


@bank.rejected("output_size", "rounding")
def rounded_down(n, kernel, stride, padding, transposed):
    return n // stride if padding == "same" and not transposed else by_cases(n, kernel, stride, padding, transposed)


@bank.rejected("output_size", "kernel")
def padded_as_in_pytorch(n, kernel, stride, padding, transposed):
    if padding == "same" and not transposed:
        return (n + 2 * ((kernel - 1) // 2) - kernel) // stride + 1
    return by_cases(n, kernel, stride, padding, transposed)


@bank.rejected("output_size", "kernel")
def kernel_and_stride_exchanged(n, kernel, stride, padding, transposed):
    return by_cases(n, stride, kernel, padding, transposed)


@bank.rejected("output_size", "windows")
def last_window_forgotten(n, kernel, stride, padding, transposed):
    return (
        (n - kernel) // stride
        if (padding, transposed) == ("valid", False)
        else by_cases(n, kernel, stride, padding, transposed)
    )


@bank.rejected("output_size", "hangs over")
def window_over_the_edge(n, kernel, stride, padding, transposed):
    if (padding, transposed) == ("valid", False):
        return math.ceil((n - kernel) / stride) + 1
    return by_cases(n, kernel, stride, padding, transposed)


@bank.rejected("output_size", "another kind")
def always_same(n, kernel, stride, padding, transposed):
    return by_cases(n, kernel, stride, "same", transposed)


@bank.rejected("output_size", "another kind")
def always_valid(n, kernel, stride, padding, transposed):
    return by_cases(n, kernel, stride, "valid", transposed)


@bank.rejected("output_size", "another kind")
def always_down(n, kernel, stride, padding, transposed):
    return by_cases(n, kernel, stride, padding, False)


@bank.rejected("output_size", "another kind")
def paddings_exchanged(n, kernel, stride, padding, transposed):
    return by_cases(n, kernel, stride, "valid" if padding == "same" else "same", transposed)


@bank.rejected("output_size", "another kind")
def directions_exchanged(n, kernel, stride, padding, transposed):
    return by_cases(n, kernel, stride, padding, not transposed)


@bank.rejected("output_size", "smallest")
def smallest_that_fits(n, kernel, stride, padding, transposed):
    if (padding, transposed) == ("same", True):
        return (n - 1) * stride + 1
    return by_cases(n, kernel, stride, padding, transposed)


@bank.rejected("output_size", "copies")
def one_step_too_many(n, kernel, stride, padding, transposed):
    if (padding, transposed) == ("valid", True):
        return n * stride + kernel
    return by_cases(n, kernel, stride, padding, transposed)


@bank.rejected("output_size", "copies")
def kernel_forgotten(n, kernel, stride, padding, transposed):
    return (
        (n - 1) * stride
        if (padding, transposed) == ("valid", True)
        else by_cases(n, kernel, stride, padding, transposed)
    )


@bank.rejected("output_size", "stride")
def stride_forgotten(n, kernel, stride, padding, transposed):
    return by_cases(n, kernel, 1, padding, transposed)


@bank.rejected("output_size", "value")
def output_padded(n, kernel, stride, padding, transposed):
    """Add what PyTorch calls output padding."""
    return by_cases(n, kernel, stride, padding, transposed) + (transposed and padding == "same")


@bank.rejected("output_size", "none")
def nothing_for_valid(n, kernel, stride, padding, transposed):
    if padding == "same":
        return by_cases(n, kernel, stride, padding, transposed)


# --- 6.2 transposed_convolution ---


def scattered(x, kernel, stride):
    height, width, _ = x.shape
    k, _, channels, _ = kernel.shape
    whole = np.zeros(((height - 1) * stride + k, (width - 1) * stride + k, channels))
    for i, j in np.ndindex(height, width):
        whole[i * stride : i * stride + k, j * stride : j * stride + k] += kernel @ x[i, j]
    return whole


def cut(whole, x, kernel, stride, before=None):
    if before is None:
        before = (len(kernel) - stride) // 2
    return whole[before:, before:][: len(x) * stride, : x.shape[1] * stride]


@bank.accepted("transposed_convolution")
def by_scattering(x, kernel, stride):
    return cut(scattered(x, kernel, stride), x, kernel, stride)


@bank.accepted("transposed_convolution")
def by_keras_as_a_tensor(x, kernel, stride):
    return ops.conv_transpose(x[None], kernel, strides=stride, padding="same")[0]


def by_gathering(x, kernel, stride, zeros=True):
    """Spread the pixels out and convolve."""
    k = len(kernel)
    spread = np.zeros((len(x) * stride, x.shape[1] * stride, x.shape[2]))
    spread[::stride, ::stride] = x
    before = (k - stride) // 2
    padded = np.pad(spread, ((k - 1 - before, before), (k - 1 - before, before), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (k, k), axis=(0, 1))
    return np.einsum("hwcij,ijoc->hwo", windows, kernel[::-1, ::-1])


@bank.accepted("transposed_convolution")
def by_gathering_as_lists(x, kernel, stride):
    return by_gathering(x, kernel, stride).tolist()


@bank.rejected("transposed_convolution", "uncut")
def nothing_cut(x, kernel, stride):
    return scattered(x, kernel, stride)


@bank.rejected("transposed_convolution", "cut")
def cut_at_the_end(x, kernel, stride):
    return cut(scattered(x, kernel, stride), x, kernel, stride, before=0)


@bank.rejected("transposed_convolution", "cut")
def odd_row_cut_before(x, kernel, stride):
    return cut(scattered(x, kernel, stride), x, kernel, stride, before=2)


@bank.rejected("transposed_convolution", "cut")
def one_row_cut_before(x, kernel, stride):
    return cut(np.pad(scattered(x, kernel, stride), ((0, 1), (0, 1), (0, 0))), x, kernel, stride, before=1)


@bank.rejected("transposed_convolution", "flipped")
def kernel_turned(x, kernel, stride):
    return by_scattering(x, kernel[::-1, ::-1], stride)


@bank.rejected("transposed_convolution", "flipped")
def gathered_without_turning(x, kernel, stride):
    return by_gathering(x, kernel[::-1, ::-1], stride)


@bank.rejected("transposed_convolution", "axes")
def rows_for_columns(x, kernel, stride):
    return by_scattering(x, kernel.swapaxes(0, 1), stride)


@bank.rejected("transposed_convolution", "size")
def stride_ignored(x, kernel, stride):
    return by_scattering(x, kernel, 1)


@bank.rejected("transposed_convolution", "size")
def convolved(x, kernel, stride):
    return ops.conv(x[None], kernel.swapaxes(2, 3), strides=stride, padding="same")[0]


@bank.rejected("transposed_convolution", "size")
def height_for_width(x, kernel, stride):
    return by_scattering(x, kernel, stride).swapaxes(0, 1)


@bank.rejected("transposed_convolution", "size")
def always_stride_two(x, kernel, stride):
    return by_scattering(x, kernel, 2)


@bank.rejected("transposed_convolution", "overwritten")
def assigned(x, kernel, stride):
    whole, k = np.zeros_like(scattered(x, kernel, stride)), len(kernel)
    for i, j in np.ndindex(x.shape[:2]):
        whole[i * stride : i * stride + k, j * stride : j * stride + k] = kernel @ x[i, j]
    return cut(whole, x, kernel, stride)


@bank.rejected("transposed_convolution", "overlap")
def assigned_where_not_zero(x, kernel, stride):
    whole, k = np.zeros_like(scattered(x, kernel, stride)), len(kernel)
    for i, j in np.argwhere(x.any(axis=2)):
        whole[i * stride : i * stride + k, j * stride : j * stride + k] = kernel @ x[i, j]
    return cut(whole, x, kernel, stride)


@bank.rejected("transposed_convolution", "stretched")
def enlarged_and_convolved(x, kernel, stride):
    enlarged = x.repeat(stride, axis=0).repeat(stride, axis=1)
    return ops.conv(enlarged[None], kernel.swapaxes(2, 3), padding="same")[0]


@bank.rejected("transposed_convolution", "exchanged")
def channels_exchanged(x, kernel, stride):
    return by_scattering(x, kernel.swapaxes(2, 3), stride)


@bank.rejected("transposed_convolution", "channels")
def each_channel_for_itself(x, kernel, stride):
    return by_scattering(x, kernel * np.eye(*kernel.shape[2:]), stride)


@bank.rejected("transposed_convolution", "channels")
def channels_summed_first(x, kernel, stride):
    return by_scattering(x.sum(axis=2, keepdims=True), kernel.sum(axis=3, keepdims=True), stride)


@bank.rejected("transposed_convolution", "channels")
def first_channel_only(x, kernel, stride):
    return by_scattering(x[:, :, :1], kernel[:, :, :, :1], stride)


@bank.rejected("transposed_convolution", "numbers")
def as_many_out_as_in(x, kernel, stride):
    whole, k = np.zeros((*scattered(x, kernel, stride).shape[:2], x.shape[2])), len(kernel)
    for i, j in np.ndindex(x.shape[:2]):
        whole[i * stride : i * stride + k, j * stride : j * stride + k] += kernel @ x[i, j]
    return cut(whole, x, kernel, stride)


@bank.rejected("transposed_convolution", "value")
def middle_row_forgotten(x, kernel, stride):
    kernel = kernel.copy()
    kernel[-1] = 0
    return by_scattering(x, kernel, stride)


@bank.rejected("transposed_convolution", "shape")
def channel_axis_lost(x, kernel, stride):
    return by_scattering(x, kernel, stride).sum(axis=2)


# --- 6.3 inner_pattern ---


@bank.accepted("inner_pattern")
def by_steps_in_the_kernel(kernel, stride):
    return [[kernel[i::stride, j::stride].sum() for j in range(stride)] for i in range(stride)]


@bank.accepted("inner_pattern")
def by_adding_weights(kernel, stride):
    pattern = np.zeros((stride, stride), int)
    for (i, j), weight in np.ndenumerate(kernel):
        pattern[i % stride, j % stride] += int(weight)
    return pattern


@bank.accepted("inner_pattern")
def by_looking_inside(kernel, stride):
    ones = np.ones((1, 9, 9, 1), "float32")
    outputs = ops.conv_transpose(ones, kernel[:, :, None, None], strides=stride, padding="valid")[0, :, :, 0]
    return outputs[4 * stride : 5 * stride, 4 * stride : 5 * stride]


@bank.rejected("inner_pattern", "hits")
def counted(kernel, stride):
    return by_adding_weights(np.ones_like(kernel), stride)


@bank.rejected("inner_pattern", "mean")
def mean_for_each_pixel(kernel, stride):
    return [
        [kernel[i::stride, j::stride].mean() if max(i, j) < len(kernel) else 0 for j in range(stride)]
        for i in range(stride)
    ]


@bank.rejected("inner_pattern", "mean")
def over_all_weights(kernel, stride):
    return np.array(by_steps_in_the_kernel(kernel, stride)) / kernel.size


@bank.rejected("inner_pattern", "neighbours")
def blocks_of_the_kernel(kernel, stride):
    parts = [np.array_split(rows, stride, axis=1) for rows in np.array_split(kernel, stride)]
    return [[part.sum() for part in row] for row in parts]


@bank.rejected("inner_pattern", "neighbours")
def sliding_blocks(kernel, stride):
    m = -(-len(kernel) // stride)
    return [[kernel[i : i + m, j : j + m].sum() for j in range(stride)] for i in range(stride)]


@bank.rejected("inner_pattern", "edge")
def at_the_corner(kernel, stride):
    return np.resize(kernel[:stride, :stride], (stride, stride)) if len(kernel) < stride else kernel[:stride, :stride]


@bank.rejected("inner_pattern", "axes")
def columns_first(kernel, stride):
    return np.transpose(by_steps_in_the_kernel(kernel, stride))


@bank.rejected("inner_pattern", "place")
def one_pixel_further(kernel, stride):
    return np.roll(by_steps_in_the_kernel(kernel, stride), 1, axis=(0, 1))


@bank.rejected("inner_pattern", "other sizes")
def always_two(kernel, stride):
    pattern = by_steps_in_the_kernel(kernel, 2)
    return np.resize(pattern, (stride, stride))


@bank.rejected("inner_pattern", "other sizes")
def two_copies_at_most(kernel, stride):
    padded = np.zeros((2 * stride, 2 * stride))
    padded[: len(kernel), : len(kernel)] = kernel[: 2 * stride, : 2 * stride]
    return by_steps_in_the_kernel(padded, stride)


@bank.rejected("inner_pattern", "other places")
def kernel_turned_round(kernel, stride):
    return by_steps_in_the_kernel(kernel[::-1, ::-1], stride)


@bank.rejected("inner_pattern", "other places")
def padded_to_the_same_size(kernel, stride):
    ones = np.ones((1, 9, 9, 1), "float32")
    outputs = ops.conv_transpose(ones, kernel[:, :, None, None], strides=stride, padding="same")[0, :, :, 0]
    return outputs[4 * stride : 5 * stride, 4 * stride : 5 * stride]


@bank.rejected("inner_pattern", "gaps")
def no_larger_than_the_kernel(kernel, stride):
    size = min(stride, len(kernel))
    return np.array(by_steps_in_the_kernel(kernel, stride))[:size, :size]


@bank.rejected("inner_pattern", "gaps")
def repeated_into_the_gaps(kernel, stride):
    if len(kernel) < stride:
        kernel = np.pad(kernel, (0, 1), mode="wrap")
    return by_steps_in_the_kernel(kernel, stride)


@bank.rejected("inner_pattern", "shape")
def difference(kernel, stride):
    return np.ptp(by_steps_in_the_kernel(kernel, stride))


@bank.rejected("inner_pattern", "value")
def rows_only(kernel, stride):
    return (
        [[kernel[i::stride, j].sum() for j in range(stride)] for i in range(stride)]
        if len(kernel) >= stride
        else (by_steps_in_the_kernel(kernel, stride))
    )


# --- 6.4 network_cost ---


def network_cost(
    shape,
    network,
    *,
    bias=lambda weights, channels, units: units,
    weights_of=lambda k, channels, units: k * k * channels * units,
    size=lambda n, stride: -(-n // stride),
    places=None,
    flat=np.prod,
    extra=lambda units, places: 0,
    hand_on=lambda before, after: after,
):
    """Count, with a hook for each mistake."""
    parameters = multiplications = 0
    for kind, units, *window in network:
        if kind == "dense":
            weights, stops, after = flat(shape) * units, 1, (units,)
            channels = flat(shape)
        else:
            k, stride = window
            channels = shape[-1]
            weights = weights_of(k, channels, units)
            change = size if kind == "conv" else lambda n, stride: n * stride
            after = (*(change(n, stride) for n in shape[:2]), units)
            stops = np.prod((after if kind == "conv" else shape)[:2])
            if places:
                stops = places(kind, np.prod(shape[:2]), np.prod(after[:2]))
        parameters += weights + bias(weights, channels, units)
        multiplications += weights * stops + extra(units, stops)
        shape = hand_on(shape, after)
    return parameters, multiplications


@bank.accepted("network_cost")
def by_arrays(shape, network):
    return np.array(network_cost(shape, network), float)


@bank.accepted("network_cost")
def by_keras_layers(shape, network):
    parameters, work, x = 0, 0, layers.Input(shape)
    for kind, units, *window in network:
        if kind == "dense":
            x, layer = layers.Flatten()(x), layers.Dense(units)
        else:
            cls = layers.Conv2D if kind == "conv" else layers.Conv2DTranspose
            layer = cls(units, window[0], window[1], padding="same")
        y = layer(x)
        parameters += layer.count_params()
        work += (
            math.prod(layer.kernel.shape)
            * {"dense": 1, "conv": math.prod(y.shape[1:3]), "transposed": math.prod(x.shape[1:3])}[kind]
        )
        x = y
    return [parameters, work]


@bank.rejected("network_cost", "exchanged")
def wrong_order(shape, network):
    return network_cost(shape, network)[::-1]


@bank.rejected("network_cost", "no biases")
def without_biases(shape, network):
    return network_cost(shape, network, bias=lambda weights, channels, units: 0)


@bank.rejected("network_cost", "biases")
def one_bias_for_a_layer(shape, network):
    return network_cost(shape, network, bias=lambda weights, channels, units: 1)


@bank.rejected("network_cost", "biases")
def a_bias_for_each_channel_in(shape, network):
    return network_cost(shape, network, bias=lambda weights, channels, units: channels)


@bank.rejected("network_cost", "kernel")
def kernel_not_squared(shape, network):
    return network_cost(shape, network, weights_of=lambda k, channels, units: k * channels * units)


@bank.rejected("network_cost", "channels in")
def one_square_for_a_kernel(shape, network):
    return network_cost(shape, network, weights_of=lambda k, channels, units: k * k * units)


@bank.rejected("network_cost", "flat")
def dense_for_channels(shape, network):
    return network_cost(shape, network, flat=lambda shape: shape[-1])


@bank.rejected("network_cost", "added biases")
def biases_multiplied(shape, network):
    return network_cost(shape, network, extra=lambda units, places: units * places)


@bank.rejected("network_cost", "once")
def each_weight_used_once(shape, network):
    return network_cost(shape, network, places=lambda kind, before, after: 1)


@bank.rejected("network_cost", "once")
def work_is_parameters(shape, network):
    parameters, _ = network_cost(shape, network)
    return parameters, parameters


@bank.rejected("network_cost", "input places")
def stops_everywhere(shape, network):
    return network_cost(shape, network, places=lambda kind, before, after: before)


@bank.rejected("network_cost", "output places")
def always_the_output(shape, network):
    return network_cost(shape, network, places=lambda kind, before, after: after)


@bank.rejected("network_cost", "rounding")
def sizes_rounded_down(shape, network):
    return network_cost(shape, network, size=lambda n, stride: n // stride)


@bank.rejected("network_cost", "handed on")
def always_the_image(shape, network):
    return network_cost(shape, network, hand_on=lambda before, after: before)


@bank.rejected("network_cost", "handed on")
def channels_not_handed_on(shape, network):
    return network_cost(shape, network, hand_on=lambda before, after: (*after[:-1], before[-1]))


@bank.rejected("network_cost", "handed on")
def sizes_not_handed_on(shape, network):
    return network_cost(shape, network, hand_on=lambda before, after: (*before[:-1], after[-1]))


@bank.rejected("network_cost", "handed on")
def places_kept_after_dense(shape, network):
    def hand_on(before, after):
        return after if len(after) == 3 else (*before[:2], *after)

    return network_cost(shape, network, hand_on=hand_on)


@bank.rejected("network_cost", "value")
def channels_added(shape, network):
    return network_cost(shape, network, weights_of=lambda k, channels, units: k * k * (channels + units))


@bank.rejected("network_cost", "value")
def additions_counted(shape, network):
    parameters, multiplications = network_cost(shape, network)
    return parameters, 2 * multiplications


@bank.rejected("network_cost", "shape")
def for_each_layer(shape, network):
    return [network_cost(shape, [layer]) for layer in network]


# --- 6.5 mended_early_stopping ---


def run(
    validation,
    test,
    patience,
    *,
    watch="validation",
    improved=lambda before, loss: loss < min(before),
    wait=lambda waited, better: 0 if better else waited + 1,
    keep=None,
    report=None,
):
    """Run the rule, with a hook for each mistake."""
    losses, waited = {"validation": validation, "test": test}[watch], 0
    for epoch in range(2, len(losses) + 1):
        waited = wait(waited, improved(losses[: epoch - 1], losses[epoch - 1]))
        if waited == patience:
            break
    kept = keep(epoch, losses) if keep else losses.index(min(losses[:epoch])) + 1
    return epoch, kept, report(epoch, kept) if report else test[kept - 1]


@bank.accepted("mended_early_stopping")
def by_a_counter(validation, test, patience):
    return run(validation, test, patience)


@bank.accepted("mended_early_stopping")
def by_the_best_so_far(validation, test, patience):
    best, lowest = 0, np.inf
    for epoch, loss in enumerate(validation, start=1):
        if loss < lowest:
            best, lowest = epoch, loss
        if epoch - best >= patience:
            break
    return np.array([epoch, best, test[best - 1]])


@bank.accepted("mended_early_stopping")
def by_keras_tensors(validation, test, patience):
    stopped, kept, loss = run(validation, test, patience)
    return ops.convert_to_tensor(stopped), np.int64(kept), ops.convert_to_tensor(loss)


@bank.rejected("mended_early_stopping", "test")
def as_found(validation, test, patience):
    return run(
        validation,
        test,
        patience,
        watch="test",
        improved=lambda before, loss: loss < before[-1],
        keep=lambda stopped, losses: stopped,
        report=lambda stopped, kept: min(test[:stopped]),
    )


@bank.rejected("mended_early_stopping", "test")
def test_watched(validation, test, patience):
    return run(validation, test, patience, watch="test")


@bank.rejected("mended_early_stopping", "test")
def best_test_epoch_kept(validation, test, patience):
    return run(validation, test, patience, keep=lambda stopped, losses: int(np.argmin(test[:stopped])) + 1)


@bank.rejected("mended_early_stopping", "previous")
def epoch_before(validation, test, patience):
    return run(validation, test, patience, improved=lambda before, loss: loss < before[-1])


@bank.rejected("mended_early_stopping", "ties")
def ties_improve(validation, test, patience):
    return run(validation, test, patience, improved=lambda before, loss: loss <= min(before))


@bank.rejected("mended_early_stopping", "itself")
def compared_with_itself_too(validation, test, patience):
    return run(validation, test, patience, improved=lambda before, loss: loss < min(*before, loss))


@bank.rejected("mended_early_stopping", "not in a row")
def count_never_reset(validation, test, patience):
    return run(validation, test, patience, wait=lambda waited, better: waited + (not better))


@bank.rejected("mended_early_stopping", "patience")
def one_epoch_more(validation, test, patience):
    return run(validation, test, patience + 1)


@bank.rejected("mended_early_stopping", "patience")
def one_epoch_less(validation, test, patience):
    return run(validation, test, patience - 1)


@bank.rejected("mended_early_stopping", "never")
def never_stops(validation, test, patience):
    return run(validation, test, len(test))


@bank.rejected("mended_early_stopping", "at the best")
def best_epoch_twice(validation, test, patience):
    _, kept, loss = run(validation, test, patience)
    return kept, kept, loss


@bank.rejected("mended_early_stopping", "from zero")
def all_counted_from_zero(validation, test, patience):
    stopped, kept, loss = run(validation, test, patience)
    return stopped - 1, kept - 1, loss


@bank.rejected("mended_early_stopping", "from zero")
def kept_counted_from_zero(validation, test, patience):
    stopped, kept, loss = run(validation, test, patience)
    return stopped, kept - 1, loss


@bank.rejected("mended_early_stopping", "last")
def last_weights(validation, test, patience):
    return run(validation, test, patience, keep=lambda stopped, losses: stopped)


@bank.rejected("mended_early_stopping", "future")
def best_of_all_epochs(validation, test, patience):
    return run(validation, test, patience, keep=lambda stopped, losses: int(np.argmin(losses)) + 1)


@bank.rejected("mended_early_stopping", "ran out")
def patience_before_the_end(validation, test, patience):
    return run(validation, test, patience, keep=lambda stopped, losses: stopped - patience)


@bank.rejected("mended_early_stopping", "ran out")
def restored_only_when_stopped(validation, test, patience):
    """As older versions of Keras did."""
    stopped, best, _ = run(validation, test, patience)
    kept = stopped if stopped == len(validation) else best
    return stopped, kept, test[kept - 1]


@bank.rejected("mended_early_stopping", "first")
def last_of_equal_ones(validation, test, patience):
    def keep(stopped, losses):
        return stopped - int(np.argmin(losses[:stopped][::-1]))

    return run(validation, test, patience, keep=keep)


@bank.rejected("mended_early_stopping", "validation")
def validation_reported(validation, test, patience):
    return run(validation, test, patience, report=lambda stopped, kept: validation[kept - 1])


@bank.rejected("mended_early_stopping", "lowest")
def lowest_test_loss(validation, test, patience):
    return run(validation, test, patience, report=lambda stopped, kept: min(test))


@bank.rejected("mended_early_stopping", "lowest")
def lowest_test_loss_of_the_run(validation, test, patience):
    return run(validation, test, patience, report=lambda stopped, kept: min(test[:stopped]))


@bank.rejected("mended_early_stopping", "other epoch")
def test_loss_of_the_last_epoch(validation, test, patience):
    return run(validation, test, patience, report=lambda stopped, kept: test[stopped - 1])


@bank.rejected("mended_early_stopping", "other epoch")
def test_loss_of_the_epoch_before(validation, test, patience):
    return run(validation, test, patience, report=lambda stopped, kept: test[kept - 2])


@bank.rejected("mended_early_stopping", "other epoch")
def test_loss_of_the_epoch_after(validation, test, patience):
    return run(validation, test, patience, report=lambda stopped, kept: test[min(kept, len(test) - 1)])


@bank.rejected("mended_early_stopping", "stopped")
def first_epoch_that_does_not_run(validation, test, patience):
    stopped, kept, loss = run(validation, test, patience)
    return stopped + 1, kept, loss


@bank.rejected("mended_early_stopping", "kept")
def epoch_after_the_best(validation, test, patience):
    stopped, kept, loss = run(validation, test, patience)
    return stopped, kept + 1, loss


@bank.rejected("mended_early_stopping", "reported")
def gap_to_the_validation_loss(validation, test, patience):
    return run(validation, test, patience, report=lambda stopped, kept: test[kept - 1] - validation[kept - 1])


@bank.rejected("mended_early_stopping", "shape")
def epochs_only(validation, test, patience):
    return run(validation, test, patience)[:2]
