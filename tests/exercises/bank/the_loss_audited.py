"""Answers to exercise 03."""

import cvae_utils._quiet_start  # noqa: F401

import keras
import numpy as np
from keras import ops

from cvae_utils.losses import bernoulli_log_likelihood, gaussian_kl
from tests.exercises.bank import Bank

bank = Bank()


# --- 3.1 beta_of ---


def weights(of_pixels, of_latent, factor, pixels, latent_dim):
    return factor / {"sum": 1, "mean": pixels}[of_pixels], 1 / {"sum": 1, "mean": latent_dim}[of_latent]


@bank.accepted("beta_of")
def by_two_weights(*loss):
    a, b = weights(*loss)
    return b / a


@bank.accepted("beta_of")
def by_steps(of_pixels, of_latent, factor, pixels, latent_dim):
    beta = np.float64(1)
    if of_pixels == "mean":
        beta *= pixels
    if of_latent == "mean":
        beta /= latent_dim
    return np.array(beta / factor)


@bank.rejected("beta_of", "inverse")
def inverse(*loss):
    a, b = weights(*loss)
    return a / b


@bank.rejected("beta_of", "factor ignored")
def no_factor(of_pixels, of_latent, factor, pixels, latent_dim):
    return by_two_weights(of_pixels, of_latent, 1, pixels, latent_dim)


@bank.rejected("beta_of", "factor")
def factor_times_beta(of_pixels, of_latent, factor, pixels, latent_dim):
    return factor * by_two_weights(of_pixels, of_latent, 1, pixels, latent_dim)


@bank.rejected("beta_of", "pixels ignored")
def no_pixels(of_pixels, *loss):
    return by_two_weights("sum", *loss)


@bank.rejected("beta_of", "latent ignored")
def no_dimensions(of_pixels, of_latent, *loss):
    return by_two_weights(of_pixels, "sum", *loss)


@bank.rejected("beta_of", "pixels")
def divided_by_pixels(of_pixels, of_latent, factor, pixels, latent_dim):
    return by_two_weights("sum", of_latent, factor, pixels, latent_dim) / (pixels if of_pixels == "mean" else 1)


@bank.rejected("beta_of", "latent")
def times_dimensions(of_pixels, of_latent, factor, pixels, latent_dim):
    return by_two_weights(of_pixels, "sum", factor, pixels, latent_dim) * (latent_dim if of_latent == "mean" else 1)


@bank.rejected("beta_of", "sizes")
def sizes_exchanged(of_pixels, of_latent, factor, pixels, latent_dim):
    return by_two_weights(of_pixels, of_latent, factor, latent_dim, pixels)


@bank.rejected("beta_of", "names")
def words_exchanged(of_pixels, of_latent, factor, pixels, latent_dim):
    return (pixels if of_pixels == "sum" else 1) / (latent_dim if of_latent == "sum" else 1) / factor


@bank.rejected("beta_of", "value")
def integers_only(*loss):
    return int(by_two_weights(*loss))


@bank.rejected("beta_of", "none")
def one_case_left_out(of_pixels, of_latent, *loss):
    if of_pixels == of_latent:
        return by_two_weights(of_pixels, of_latent, *loss)


# --- 3.2 mended_loss ---


def each_kl(z_mean, z_log_var):
    return np.asarray(np.exp(z_log_var) + z_mean**2 - 1 - z_log_var) / 2


def each_pixel(x, logits):
    return np.logaddexp(0, logits) - x * logits


def per_image(pixels):
    return np.asarray(pixels).reshape(len(pixels), -1).sum(axis=1)


def loss_of(x, logits, z_mean, z_log_var):
    return (per_image(each_pixel(x, logits)) + each_kl(z_mean, z_log_var).sum(axis=1)).mean()


@bank.accepted("mended_loss")
def by_the_course_functions(x, logits, z_mean, z_log_var):
    return ops.mean(gaussian_kl(z_mean, z_log_var) - bernoulli_log_likelihood(x, logits))


@bank.accepted("mended_loss")
def by_probabilities_and_size(x, logits, z_mean, z_log_var):
    flat_x, flat_logits = (ops.reshape(images, (len(images), -1)) for images in (x, logits))
    pixels = flat_x.shape[1] * keras.losses.binary_crossentropy(y_true=flat_x, y_pred=ops.sigmoid(flat_logits))
    return ops.mean(pixels) - ops.sum(1 + z_log_var - z_mean**2 - ops.exp(z_log_var)) / 2 / len(x)


@bank.accepted("mended_loss")
def in_numpy(*batch):
    return loss_of(*batch)


@bank.rejected("mended_loss", "logits")
def loss_as_found(x, logits, z_mean, z_log_var):
    pixels = keras.losses.binary_crossentropy(*(ops.reshape(images, (len(images), -1)) for images in (x, logits)))
    return ops.mean(pixels - each_kl(z_mean, z_log_var).sum(axis=1))


@bank.rejected("mended_loss", "logits")
def logits_left(x, logits, z_mean, z_log_var):
    pixels = ops.sum(keras.losses.binary_crossentropy(x[..., None], logits[..., None]), axis=(1, 2, 3))
    return ops.mean(pixels + each_kl(z_mean, z_log_var).sum(axis=1))


@bank.rejected("mended_loss", "pixel mean")
def pixel_mean_left(x, logits, z_mean, z_log_var):
    flat_x, flat_logits = (ops.reshape(images, (len(images), -1)) for images in (x, logits))
    pixels = keras.losses.binary_crossentropy(flat_x, flat_logits, from_logits=True)
    return ops.mean(pixels + each_kl(z_mean, z_log_var).sum(axis=1))


@bank.rejected("mended_loss", "pixel mean")
def pixel_mean_and_sign_left(x, logits, z_mean, z_log_var):
    return each_pixel(x, logits).mean() - each_kl(z_mean, z_log_var).sum(axis=1).mean()


@bank.rejected("mended_loss", "channel mean")
def channel_mean(x, logits, z_mean, z_log_var):
    pixels = ops.sum(keras.losses.binary_crossentropy(x, logits, from_logits=True), axis=(1, 2))
    return ops.mean(pixels + each_kl(z_mean, z_log_var).sum(axis=1))


@bank.rejected("mended_loss", "fixed size")
def always_784(x, logits, z_mean, z_log_var):
    return 784 * each_pixel(x, logits).mean() + each_kl(z_mean, z_log_var).sum(axis=1).mean()


@bank.rejected("mended_loss", "kl sign")
def sign_left(x, logits, z_mean, z_log_var):
    return per_image(each_pixel(x, logits)).mean() - each_kl(z_mean, z_log_var).sum(axis=1).mean()


@bank.rejected("mended_loss", "latent mean")
def latent_mean(x, logits, z_mean, z_log_var):
    return per_image(each_pixel(x, logits)).mean() + each_kl(z_mean, z_log_var).mean()


@bank.rejected("mended_loss", "half")
def half_forgotten(x, logits, z_mean, z_log_var):
    return per_image(each_pixel(x, logits)).mean() + 2 * each_kl(z_mean, z_log_var).sum(axis=1).mean()


@bank.rejected("mended_loss", "no kl")
def reconstruction_only(x, logits, z_mean, z_log_var):
    return per_image(each_pixel(x, logits)).mean()


@bank.rejected("mended_loss", "no reconstruction")
def kl_only(x, logits, z_mean, z_log_var):
    return each_kl(z_mean, z_log_var).sum(axis=1).mean()


@bank.rejected("mended_loss", "sign")
def elbo(*batch):
    return -loss_of(*batch)


@bank.rejected("mended_loss", "pixel sign")
def log_likelihood_plus_kl(x, logits, z_mean, z_log_var):
    return each_kl(z_mean, z_log_var).sum(axis=1).mean() - per_image(each_pixel(x, logits)).mean()


@bank.rejected("mended_loss", "batch sum")
def everything_summed(x, *batch):
    return len(x) * loss_of(x, *batch)


@bank.rejected("mended_loss", "batch sum")
def kl_summed_over_images(x, logits, z_mean, z_log_var):
    return per_image(each_pixel(x, logits)).mean() + each_kl(z_mean, z_log_var).sum()


@bank.rejected("mended_loss", "unit")
def nats_per_pixel(x, *batch):
    return loss_of(x, *batch) / x[0].size


@bank.rejected("mended_loss", "weights")
def beta_left_in(x, logits, z_mean, z_log_var):
    return per_image(each_pixel(x, logits)).mean() + 0.1 * each_kl(z_mean, z_log_var).sum(axis=1).mean()


@bank.rejected("mended_loss", "constant")
def one_forgotten(x, logits, z_mean, z_log_var):
    return loss_of(x, logits, z_mean, z_log_var) + z_mean.shape[1] / 2


@bank.rejected("mended_loss", "log sigma")
def log_sigma(x, logits, z_mean, z_log_var):
    return loss_of(x, logits, z_mean, z_log_var / 2)


@bank.rejected("mended_loss", "kl")
def variance_not_a_logarithm(x, logits, z_mean, z_log_var):
    kl = (z_log_var**2 + z_mean**2 - 1 - np.log(z_log_var**2)) / 2
    return per_image(each_pixel(x, logits)).mean() + kl.sum(axis=1).mean()


@bank.rejected("mended_loss", "kl")
def mean_not_squared(x, logits, z_mean, z_log_var):
    return loss_of(x, logits, z_mean, z_log_var) + ((np.abs(z_mean) - z_mean**2) / 2).sum(axis=1).mean()


@bank.rejected("mended_loss", "swapped")
def swapped_with_logits(x, logits, z_mean, z_log_var):
    return loss_of(logits, x, z_mean, z_log_var)


@bank.rejected("mended_loss", "swapped")
def swapped(x, logits, z_mean, z_log_var):
    pixels = ops.sum(keras.losses.binary_crossentropy(ops.sigmoid(logits)[..., None], x[..., None]), axis=(1, 2, 3))
    return ops.mean(pixels + each_kl(z_mean, z_log_var).sum(axis=1))


@bank.rejected("mended_loss", "squared")
def squared_error(x, logits, z_mean, z_log_var):
    pixels = (x - 1 / (1 + np.exp(-logits))) ** 2
    return per_image(pixels).mean() + each_kl(z_mean, z_log_var).sum(axis=1).mean()


@bank.rejected("mended_loss", "squared")
def squared_error_of_logits(x, logits, z_mean, z_log_var):
    return ((x - logits) ** 2).mean() + each_kl(z_mean, z_log_var).sum(axis=1).mean()


@bank.rejected("mended_loss", "pixels")
def sigmoid_and_from_logits(x, logits, z_mean, z_log_var):
    return loss_of(x, 1 / (1 + np.exp(-logits)), z_mean, z_log_var)


@bank.rejected("mended_loss", "wrong sum")
def sum_of_what_keras_averaged(x, logits, z_mean, z_log_var):
    flat = (ops.reshape(images, (len(x), -1)) for images in (x, logits))
    pixels = ops.sum(keras.losses.binary_crossentropy(*flat, from_logits=True))
    return ops.mean(pixels + each_kl(z_mean, z_log_var).sum(axis=1))


@bank.rejected("mended_loss", "batch")
def one_for_each_image(x, logits, z_mean, z_log_var):
    return per_image(each_pixel(x, logits)) + each_kl(z_mean, z_log_var).sum(axis=1)


# --- 3.3 gaussian_loss ---

LOG_ROOT_2_PI = np.log(2 * np.pi) / 2


def gaussian(x, mean, z_mean, z_log_var, constant, weight, of_pixels=per_image):
    """Build a loss from what one pixel adds: a constant, and a weight of its squared error."""
    x, mean, z_mean, z_log_var = map(np.asarray, (x, mean, z_mean, z_log_var))
    pixels = of_pixels(weight * (x - mean) ** 2 + constant)
    return (pixels + each_kl(z_mean, z_log_var).sum(axis=1)).mean()


@bank.accepted("gaussian_loss")
def by_precision(x, mean, z_mean, z_log_var, sigma):
    precision = sigma**-2
    return gaussian(x, mean, z_mean, z_log_var, np.log(2 * np.pi / precision) / 2, precision / 2)


@bank.accepted("gaussian_loss")
def in_keras(x, mean, z_mean, z_log_var, sigma):
    flat = ops.reshape((x - mean) / sigma, (len(x), -1))
    density = -ops.sum(flat**2 / 2 + float(LOG_ROOT_2_PI + np.log(sigma)), axis=-1)
    return ops.mean(gaussian_kl(z_mean, z_log_var)) - ops.mean(density)


@bank.rejected("gaussian_loss", "no constant")
def without_constant(x, mean, z_mean, z_log_var, sigma):
    return gaussian(x, mean, z_mean, z_log_var, 0, 1 / (2 * sigma**2))


@bank.rejected("gaussian_loss", "no constant")
def plain_squared_error(x, mean, z_mean, z_log_var, sigma):
    return gaussian(x, mean, z_mean, z_log_var, 0, 1)


@bank.rejected("gaussian_loss", "one constant")
def constant_of_one_pixel(x, mean, z_mean, z_log_var, sigma):
    return without_constant(x, mean, z_mean, z_log_var, sigma) + LOG_ROOT_2_PI + np.log(sigma)


@bank.rejected("gaussian_loss", "pi")
def pi_forgotten(x, mean, z_mean, z_log_var, sigma):
    return gaussian(x, mean, z_mean, z_log_var, np.log(sigma), 1 / (2 * sigma**2))


@bank.rejected("gaussian_loss", "constant half")
def logarithm_not_halved(x, mean, z_mean, z_log_var, sigma):
    return gaussian(x, mean, z_mean, z_log_var, np.log(2 * np.pi * sigma**2), 1 / (2 * sigma**2))


@bank.rejected("gaussian_loss", "constant half")
def sigma_for_its_square(x, mean, z_mean, z_log_var, sigma):
    return gaussian(x, mean, z_mean, z_log_var, np.log(2 * np.pi * sigma) / 2, 1 / (2 * sigma))


@bank.rejected("gaussian_loss", "constant half")
def root_forgotten(x, mean, z_mean, z_log_var, sigma):
    return gaussian(x, mean, z_mean, z_log_var, np.log(2 * np.pi * sigma), 1 / (2 * sigma**2))


@bank.rejected("gaussian_loss", "constant without sigma")
def constant_of_a_standard_normal(x, mean, z_mean, z_log_var, sigma):
    return gaussian(x, mean, z_mean, z_log_var, LOG_ROOT_2_PI, 1 / (2 * sigma**2))


@bank.rejected("gaussian_loss", "fixed size")
def constant_of_784_pixels(x, mean, z_mean, z_log_var, sigma):
    return without_constant(x, mean, z_mean, z_log_var, sigma) + 784 * (LOG_ROOT_2_PI + np.log(sigma))


@bank.rejected("gaussian_loss", "constant sign")
def constant_subtracted(x, mean, z_mean, z_log_var, sigma):
    return gaussian(x, mean, z_mean, z_log_var, -LOG_ROOT_2_PI - np.log(sigma), 1 / (2 * sigma**2))


@bank.rejected("gaussian_loss", "constant")
def sigma_as_log_sigma(x, mean, z_mean, z_log_var, sigma):
    return gaussian(x, mean, z_mean, z_log_var, LOG_ROOT_2_PI + sigma, np.exp(-2 * sigma) / 2)


@bank.rejected("gaussian_loss", "means")
def means_taken_for_logits(x, mean, *rest):
    return by_precision(x, ops.sigmoid(mean), *rest)


@bank.rejected("gaussian_loss", "half")
def square_not_halved(x, mean, z_mean, z_log_var, sigma):
    return gaussian(x, mean, z_mean, z_log_var, LOG_ROOT_2_PI + np.log(sigma), 1 / sigma**2)


@bank.rejected("gaussian_loss", "sigma")
def sigma_not_squared(x, mean, z_mean, z_log_var, sigma):
    return gaussian(x, mean, z_mean, z_log_var, LOG_ROOT_2_PI + np.log(sigma), 1 / (2 * sigma))


@bank.rejected("gaussian_loss", "sigma ignored")
def plain_error_with_constant(x, mean, z_mean, z_log_var, sigma):
    return gaussian(x, mean, z_mean, z_log_var, LOG_ROOT_2_PI + np.log(sigma), 1 / 2)


@bank.rejected("gaussian_loss", "squares sign")
def log_density_with_wrong_constant_sign(x, mean, z_mean, z_log_var, sigma):
    return gaussian(x, mean, z_mean, z_log_var, LOG_ROOT_2_PI + np.log(sigma), -1 / (2 * sigma**2))


@bank.rejected("gaussian_loss", "constant sign")
def log_likelihood(x, mean, z_mean, z_log_var, sigma):
    return gaussian(x, mean, z_mean, z_log_var, -LOG_ROOT_2_PI - np.log(sigma), -1 / (2 * sigma**2))


@bank.rejected("gaussian_loss", "one constant")
def mean_over_pixels(x, mean, z_mean, z_log_var, sigma):
    def of_pixels(pixels):
        return per_image(pixels) / pixels[0].size

    return gaussian(x, mean, z_mean, z_log_var, LOG_ROOT_2_PI + np.log(sigma), 1 / (2 * sigma**2), of_pixels)


@bank.rejected("gaussian_loss", "pixel mean")
def mean_square(x, mean, z_mean, z_log_var, sigma):
    return by_precision(x, x, z_mean, z_log_var, sigma) + np.mean((x - mean) ** 2) / (2 * sigma**2)


@bank.rejected("gaussian_loss", "batch sum")
def squares_summed_over_images(x, mean, z_mean, z_log_var, sigma):
    return by_precision(x, x, z_mean, z_log_var, sigma) + np.sum((x - mean) ** 2) / (2 * sigma**2)


@bank.rejected("gaussian_loss", "batch sum")
def gaussian_summed(x, *rest):
    return len(x) * by_precision(x, *rest)


@bank.rejected("gaussian_loss", "squares")
def absolute_errors(x, mean, z_mean, z_log_var, sigma):
    errors = per_image(abs(x - mean)).mean()
    return by_precision(x, x, z_mean, z_log_var, sigma) + errors / (2 * sigma**2)


@bank.rejected("gaussian_loss", "rounded")
def pi_with_two_digits(x, mean, z_mean, z_log_var, sigma):
    return gaussian(x, mean, z_mean, z_log_var, np.log(2 * 3.14 * sigma**2) / 2, 1 / (2 * sigma**2))


@bank.rejected("gaussian_loss", "no kl")
def likelihood_only(x, mean, z_mean, z_log_var, sigma):
    return by_precision(x, mean, 0 * z_mean, 0 * z_log_var, sigma)


@bank.rejected("gaussian_loss", "kl")
def kl_mean(x, mean, z_mean, z_log_var, sigma):
    return likelihood_only(x, mean, z_mean, z_log_var, sigma) + each_kl(z_mean, z_log_var).mean()


@bank.rejected("gaussian_loss", "kl")
def kl_subtracted(x, mean, z_mean, z_log_var, sigma):
    return likelihood_only(x, mean, z_mean, z_log_var, sigma) - each_kl(z_mean, z_log_var).sum(axis=1).mean()


@bank.rejected("gaussian_loss", "kl weighted")
def kl_divided_too(x, mean, z_mean, z_log_var, sigma):
    kl = each_kl(z_mean, z_log_var).sum(axis=1).mean()
    return likelihood_only(x, mean, z_mean, z_log_var, sigma) + kl / (2 * sigma**2)


@bank.rejected("gaussian_loss", "batch")
def gaussian_for_each_image(x, mean, z_mean, z_log_var, sigma):
    pixels = per_image((x - mean) ** 2 / (2 * sigma**2) + LOG_ROOT_2_PI + np.log(sigma))
    return pixels + each_kl(z_mean, z_log_var).sum(axis=1)


# --- 3.4 mended_beta ---


def fitted(loss, *terms):
    return np.linalg.lstsq(np.stack(terms, axis=1), loss, rcond=None)[0]


@bank.accepted("mended_beta")
def by_differences(loss, reconstruction, kl):
    a, b = fitted(np.diff(loss), np.diff(reconstruction), np.diff(kl))
    return b / a


@bank.accepted("mended_beta")
def by_three_epochs(loss, reconstruction, kl):
    epochs = [0, len(kl) // 2, -1]
    equations = np.stack([reconstruction, kl, np.ones(len(kl))], axis=1)[epochs]
    a, b, _ = np.linalg.solve(equations, loss[epochs])
    return [b / a][0]


@bank.accepted("mended_beta")
def in_float32(loss, reconstruction, kl):
    centred = [np.float32(values - values.mean()) for values in (loss, reconstruction, kl)]
    a, b = fitted(*centred)
    return ops.convert_to_tensor(b / a)


@bank.accepted("mended_beta")
def by_scikit_learn(loss, reconstruction, kl):
    from sklearn.linear_model import LinearRegression

    a, b = LinearRegression().fit(np.stack([reconstruction, kl], axis=1), loss).coef_
    return np.float32(b / a)


@bank.rejected("mended_beta", "factor")
def beta_as_found(loss, reconstruction, kl):
    return np.mean((loss - reconstruction) / kl)


@bank.rejected("mended_beta", "factor")
def best_epoch_only(loss, reconstruction, kl):
    return ((loss - reconstruction) / kl)[np.argmin(loss)]


@bank.rejected("mended_beta", "factor")
def slope_of_the_rest(loss, reconstruction, kl):
    return np.polyfit(kl, loss - reconstruction, 1)[0]


@bank.rejected("mended_beta", "constant")
def without_a_constant(loss, reconstruction, kl):
    a, b = fitted(loss, reconstruction, kl)
    return b / a


@bank.rejected("mended_beta", "constant")
def two_epochs(loss, reconstruction, kl):
    a, b = np.linalg.solve(np.stack([reconstruction, kl], axis=1)[:2], loss[:2])
    return b / a


@bank.rejected("mended_beta", "inverse")
def upside_down(*log):
    return 1 / by_differences(*log)


@bank.rejected("mended_beta", "inverse")
def terms_exchanged(loss, reconstruction, kl):
    return by_differences(loss, kl, reconstruction)


@bank.rejected("mended_beta", "weight")
def weight_of_the_kl(loss, reconstruction, kl):
    return fitted(loss, reconstruction, kl, np.ones(len(kl)))[1]


@bank.rejected("mended_beta", "share")
def share_of_the_kl(*log):
    return by_differences(*log) / (1 + by_differences(*log))


@bank.rejected("mended_beta", "one term")
def along_the_kl(loss, reconstruction, kl):
    return np.polyfit(kl, loss, 1)[0]


@bank.rejected("mended_beta", "one term")
def two_slopes_one_by_one(loss, reconstruction, kl):
    return np.polyfit(kl, loss, 1)[0] / np.polyfit(reconstruction, loss, 1)[0]


@bank.rejected("mended_beta", "value")
def correlation(loss, reconstruction, kl):
    return np.corrcoef(loss, kl)[0, 1]


@bank.rejected("mended_beta", "both")
def factor_or_constant_but_not_both(loss, reconstruction, kl):
    a, b = fitted(loss, reconstruction, kl)
    rest = loss - a * reconstruction - b * kl
    if np.abs(rest).max() < 1e-6:  # no constant
        return b / a
    return fitted(loss, reconstruction, kl, np.ones(len(kl)))[1]


@bank.rejected("mended_beta", "shape")
def one_for_each_epoch(loss, reconstruction, kl):
    return (loss - reconstruction) / kl


# --- 3.5 undominated ---


@bank.accepted("undominated")
def by_a_staircase(rate, distortion):
    kept, lowest = [False] * len(rate), np.inf
    for k in np.lexsort((distortion, rate)):
        twin = any(kept[j] and rate[j] == rate[k] and distortion[j] == distortion[k] for j in range(len(rate)))
        kept[k] = bool(distortion[k] < lowest or twin)
        lowest = min(lowest, distortion[k])
    return kept


@bank.accepted("undominated")
def by_comparing(rate, distortion):
    no_worse = (rate <= rate[:, None]) & (distortion <= distortion[:, None])
    better = (rate < rate[:, None]) | (distortion < distortion[:, None])
    return 1 - (no_worse & better).any(axis=1).astype(int)


@bank.rejected("undominated", "none kept")
def dominated_by_itself(rate, distortion):
    return ~((rate <= rate[:, None]) & (distortion <= distortion[:, None])).any(axis=1)


@bank.rejected("undominated", "none kept")
def worse_in_one(rate, distortion):
    return ~((rate < rate[:, None]) | (distortion < distortion[:, None])).any(axis=1)


@bank.rejected("undominated", "ties")
def better_in_both(rate, distortion):
    return ~((rate < rate[:, None]) & (distortion < distortion[:, None])).any(axis=1)


@bank.rejected("undominated", "twins")
def twins_dominate(rate, distortion):
    no_worse = (rate <= rate[:, None]) & (distortion <= distortion[:, None])
    return no_worse.sum(axis=1) == 1


@bank.rejected("undominated", "inverted")
def dominated(rate, distortion):
    return ~by_comparing(rate, distortion).astype(bool)


@bank.rejected("undominated", "inverted")
def axes_exchanged_and_inverted(rate, distortion):
    no_worse = (rate <= rate[:, None]) & (distortion <= distortion[:, None])
    return (no_worse & ~no_worse.T).any(axis=1)


@bank.rejected("undominated", "direction")
def all_large(rate, distortion):
    return by_comparing(-rate, -distortion)


@bank.rejected("undominated", "direction")
def large_rate(rate, distortion):
    return by_comparing(-rate, distortion)


@bank.rejected("undominated", "sum")
def lowest_sum(rate, distortion):
    return rate + distortion == (rate + distortion).min()


@bank.rejected("undominated", "line")
def best_for_some_beta(rate, distortion):
    costs = distortion + np.geomspace(1e-4, 1e4, 3000)[:, None] * rate
    return (costs <= costs.min(axis=1, keepdims=True) + 1e-9).any(axis=0)


@bank.rejected("undominated", "kept")
def everything(rate, distortion):
    return np.full(len(rate), True)


@bank.rejected("undominated", "indices")
def positions(rate, distortion):
    return np.flatnonzero(by_comparing(rate, distortion))


@bank.rejected("undominated", "indices")
def runs_themselves(rate, distortion):
    kept = by_comparing(rate, distortion).astype(bool)
    return np.stack([rate[kept], distortion[kept]], axis=1)


@bank.rejected("undominated", "marks")
def how_many_dominate(rate, distortion):
    no_worse = (rate <= rate[:, None]) & (distortion <= distortion[:, None])
    return no_worse.sum(axis=1)


@bank.rejected("undominated", "sum")
def first_of_the_lowest_sum(rate, distortion):
    return np.arange(len(rate)) == np.argmin(rate + distortion)


@bank.rejected("undominated", "dropped")
def lowest_of_each(rate, distortion):
    return (rate == rate.min()) | (distortion == distortion.min())


@bank.rejected("undominated", "dropped")
def without_the_ends(rate, distortion):
    kept = by_comparing(rate, distortion).astype(bool)
    return kept & (rate > rate.min()) & (distortion > distortion.min())
