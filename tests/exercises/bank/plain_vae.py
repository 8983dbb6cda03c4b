"""Answers to exercise 02."""

from statistics import NormalDist

import keras
import numpy as np
from keras import layers, ops

from cvae_utils.layers import first_decoder_layer
from tests.exercises.bank import Bank

bank = Bank()


# --- 2.1 kl_between ---


def terms(z_mean, z_log_var, prior_mean, prior_log_var):
    ratio = np.exp(z_log_var - prior_log_var)
    squares = (z_mean - prior_mean) ** 2
    return ratio + squares / np.exp(prior_log_var) - 1 + prior_log_var - z_log_var


def closed(*gaussians):
    return 0.5 * terms(*gaussians).sum(axis=-1)


@bank.accepted("kl_between")
def by_whitening(z_mean, z_log_var, prior_mean, prior_log_var):
    scale = ops.exp(-0.5 * prior_log_var)
    mean, log_var = scale * (z_mean - prior_mean), z_log_var - prior_log_var
    return ops.sum(ops.exp(log_var) + mean**2 - 1 - log_var, axis=-1) / 2


@bank.accepted("kl_between")
def by_matrices(z_mean, z_log_var, prior_mean, prior_log_var):
    values = []
    for m, v, prior_m, prior_v in zip(z_mean, np.exp(z_log_var), prior_mean, np.exp(prior_log_var), strict=True):
        q, p = np.diag(v).astype("float64"), np.diag(prior_v).astype("float64")
        trace = np.trace(np.linalg.solve(p, q))
        distance = (prior_m - m) @ np.linalg.solve(p, prior_m - m)
        determinants = np.linalg.slogdet(p)[1] - np.linalg.slogdet(q)[1]
        values.append(np.float64(0.5 * (trace + distance - len(m) + determinants)))
    return values


@bank.rejected("kl_between", "prior ignored")
def to_the_standard_normal(z_mean, z_log_var, prior_mean, prior_log_var):
    return closed(z_mean, z_log_var, 0, 0)


@bank.rejected("kl_between", "swapped")
def the_other_way_round(z_mean, z_log_var, prior_mean, prior_log_var):
    return closed(prior_mean, prior_log_var, z_mean, z_log_var)


@bank.rejected("kl_between", "half")
def without_the_half(*gaussians):
    return terms(*gaussians).sum(axis=-1)


@bank.rejected("kl_between", "sign")
def negative(*gaussians):
    return -closed(*gaussians)


@bank.rejected("kl_between", "mean")
def mean_over_dimensions(*gaussians):
    return 0.5 * terms(*gaussians).mean(axis=-1)


@bank.rejected("kl_between", "batch")
def mean_over_the_batch(*gaussians):
    return closed(*gaussians).mean()


@bank.rejected("kl_between", "batch")
def sum_over_everything(*gaussians):
    return 0.5 * np.sum(terms(*gaussians))


@bank.rejected("kl_between", "prior mean")
def always_centred(z_mean, z_log_var, prior_mean, prior_log_var):
    return closed(z_mean, z_log_var, 0, prior_log_var)


@bank.rejected("kl_between", "prior width")
def only_moved(z_mean, z_log_var, prior_mean, prior_log_var):
    return closed(z_mean, z_log_var, prior_mean, 0)


@bank.rejected("kl_between", "normalisation")
def prior_not_normalised(z_mean, z_log_var, prior_mean, prior_log_var):
    return closed(z_mean, z_log_var, prior_mean, prior_log_var) - 0.5 * prior_log_var.sum(axis=-1)


@bank.rejected("kl_between", "distance")
def squares_not_divided(z_mean, z_log_var, prior_mean, prior_log_var):
    each = np.exp(z_log_var - prior_log_var) + (z_mean - prior_mean) ** 2 - 1 + prior_log_var - z_log_var
    return 0.5 * each.sum(axis=-1)


@bank.rejected("kl_between", "distance")
def nothing_divided(z_mean, z_log_var, prior_mean, prior_log_var):
    each = np.exp(z_log_var) + (z_mean - prior_mean) ** 2 - 1 + prior_log_var - z_log_var
    return 0.5 * each.sum(axis=-1)


@bank.rejected("kl_between", "distance")
def variance_not_divided(z_mean, z_log_var, prior_mean, prior_log_var):
    each = np.exp(z_log_var) + (z_mean - prior_mean) ** 2 / np.exp(prior_log_var) - 1 + prior_log_var - z_log_var
    return 0.5 * each.sum(axis=-1)


@bank.rejected("kl_between", "log sigma")
def log_var_difference_not_halved(z_mean, z_log_var, prior_mean, prior_log_var):
    squares = np.exp(z_log_var) + (z_mean - prior_mean) ** 2
    return (prior_log_var - z_log_var + 0.5 * (squares / np.exp(prior_log_var) - 1)).sum(axis=-1)


@bank.rejected("kl_between", "log sigma")
def log_sigma_for_log_var(z_mean, z_log_var, prior_mean, prior_log_var):
    return closed(z_mean, 2 * z_log_var, prior_mean, 2 * prior_log_var)


@bank.rejected("kl_between", "constant")
def without_the_one(*gaussians):
    return 0.5 * (terms(*gaussians) + 1).sum(axis=-1)


@bank.rejected("kl_between", "constant")
def one_outside_the_sum(*gaussians):
    return 0.5 * ((terms(*gaussians) + 1).sum(axis=-1) - 1)


@bank.rejected("kl_between", "difference")
def two_standard_kls(z_mean, z_log_var, prior_mean, prior_log_var):
    return closed(z_mean, z_log_var, 0, 0) - closed(prior_mean, prior_log_var, 0, 0)


@bank.rejected("kl_between", "value")
def squares_subtracted(z_mean, z_log_var, prior_mean, prior_log_var):
    squares = (z_mean**2 - prior_mean**2) / np.exp(prior_log_var)
    each = np.exp(z_log_var - prior_log_var) + squares - 1 + prior_log_var - z_log_var
    return 0.5 * each.sum(axis=-1)


@bank.rejected("kl_between", "value")
def divided_by_sigma(z_mean, z_log_var, prior_mean, prior_log_var):
    scaled = (np.exp(z_log_var) + (z_mean - prior_mean) ** 2) / np.exp(prior_log_var / 2)
    return 0.5 * (scaled - 1 + prior_log_var - z_log_var).sum(axis=-1)


@bank.rejected("kl_between", "shape")
def summed_over_the_wrong_axis(*gaussians):
    return 0.5 * terms(*gaussians).sum(axis=0)


# --- 2.2 mended_sample ---


def noise(seed, shape):
    return np.random.default_rng(seed).standard_normal(shape)


@bank.accepted("mended_sample")
def by_location_and_scale(z_mean, z_log_var, seed):
    return np.random.default_rng(seed).normal(z_mean, np.sqrt(np.exp(z_log_var)))


@bank.accepted("mended_sample")
def by_keras(z_mean, z_log_var, seed):
    return z_mean + ops.exp(0.5 * z_log_var) * keras.random.normal(ops.shape(z_mean), seed=seed)


@bank.accepted("mended_sample")
def image_by_image(z_mean, z_log_var, seed):
    rng = np.random.default_rng(seed)
    return [m + np.exp(v / 2) * rng.standard_normal(len(m)) for m, v in zip(z_mean, z_log_var, strict=True)]


@bank.rejected("mended_sample", "batch size")
def as_found_for_mended_sample(z_mean, z_log_var, seed):
    return z_mean + np.exp(z_log_var) * noise(seed, (100, 2))


@bank.rejected("mended_sample", "batch size")
def batch_size_left(z_mean, z_log_var, seed):
    return z_mean + np.exp(0.5 * z_log_var) * noise(seed, (100, z_mean.shape[1]))


@bank.rejected("mended_sample", "width")
def width_left(z_mean, z_log_var, seed):
    return z_mean + np.exp(z_log_var) * noise(seed, z_mean.shape)


@bank.rejected("mended_sample", "width")
def log_var_itself(z_mean, z_log_var, seed):
    return z_mean + z_log_var * noise(seed, z_mean.shape)


@bank.rejected("mended_sample", "width")
def doubled_for_halved(z_mean, z_log_var, seed):
    return z_mean + np.exp(2 * z_log_var) * noise(seed, z_mean.shape)


@bank.rejected("mended_sample", "width")
def sigma_of_one(z_mean, z_log_var, seed):
    return z_mean + noise(seed, z_mean.shape)


@bank.rejected("mended_sample", "shared by images")
def one_vector_for_all(z_mean, z_log_var, seed):
    return z_mean + np.exp(0.5 * z_log_var) * noise(seed, z_mean.shape[1])


@bank.rejected("mended_sample", "shared by images")
def one_vector_and_width_left(z_mean, z_log_var, seed):
    return z_mean + np.exp(z_log_var) * noise(seed, z_mean.shape[1])


@bank.rejected("mended_sample", "shared by images")
def a_hundred_vectors_repeated(z_mean, z_log_var, seed):
    return z_mean + np.exp(0.5 * z_log_var) * np.resize(noise(seed, (100, z_mean.shape[1])), z_mean.shape)


@bank.rejected("mended_sample", "shared by images")
def one_number_for_all(z_mean, z_log_var, seed):
    return z_mean + np.exp(0.5 * z_log_var) * noise(seed, ())


@bank.rejected("mended_sample", "shared by images")
def generator_for_each_image(z_mean, z_log_var, seed):
    return [m + np.exp(v / 2) * noise(seed, m.shape) for m, v in zip(z_mean, z_log_var, strict=True)]


@bank.rejected("mended_sample", "shared by dimensions")
def one_number_for_each_image(z_mean, z_log_var, seed):
    return z_mean + np.exp(0.5 * z_log_var) * noise(seed, (len(z_mean), 1))


@bank.rejected("mended_sample", "no mean")
def around_zero(z_mean, z_log_var, seed):
    return np.exp(0.5 * z_log_var) * noise(seed, z_mean.shape)


@bank.rejected("mended_sample", "off centre")
def numbers_between_zero_and_one(z_mean, z_log_var, seed):
    return z_mean + np.exp(0.5 * z_log_var) * np.random.default_rng(seed).random(z_mean.shape)


@bank.rejected("mended_sample", "noise")
def uniform_noise(z_mean, z_log_var, seed):
    return z_mean + np.exp(0.5 * z_log_var) * np.random.default_rng(seed).uniform(-1, 1, z_mean.shape)


@bank.rejected("mended_sample", "not normal")
def uniform_noise_of_variance_one(z_mean, z_log_var, seed):
    bound = np.sqrt(3)
    return z_mean + np.exp(0.5 * z_log_var) * np.random.default_rng(seed).uniform(-bound, bound, z_mean.shape)


@bank.rejected("mended_sample", "seed")
def no_seed(z_mean, z_log_var, seed):
    return by_location_and_scale(z_mean, z_log_var, None)


@bank.rejected("mended_sample", "ignored")
def one_seed_for_all(z_mean, z_log_var, seed):
    return by_location_and_scale(z_mean, z_log_var, 0)


@bank.rejected("mended_sample", "global")
def global_seed(z_mean, z_log_var, seed):
    np.random.seed(seed)
    return z_mean + np.exp(0.5 * z_log_var) * np.random.standard_normal(z_mean.shape)


# --- 2.3 sampled_elbo ---


def log_density(z, mean, log_var):
    return -0.5 * ((z - mean) ** 2 / np.exp(log_var) + log_var + np.log(2 * np.pi)).sum(axis=-1)


def parts(log_likelihood, z_mean, z_log_var, epsilon):
    """Return the three log densities at the samples."""
    z = z_mean + np.exp(0.5 * z_log_var) * epsilon
    return log_likelihood(z), log_density(z, 0, 0 * z_mean), log_density(z, z_mean, z_log_var)


def standard_kl(z_mean, z_log_var):
    return 0.5 * np.sum(np.exp(z_log_var) + z_mean**2 - 1 - z_log_var)


@bank.accepted("sampled_elbo")
def with_what_cancels_left_out(log_likelihood, z_mean, z_log_var, epsilon):
    z = z_mean + np.exp(0.5 * z_log_var) * epsilon
    kl = 0.5 * (z**2 - epsilon**2 - z_log_var).sum(axis=1)
    return np.mean(log_likelihood(z) - kl)


@bank.accepted("sampled_elbo")
def sample_by_sample(log_likelihood, z_mean, z_log_var, epsilon):
    guess = [NormalDist(m, s) for m, s in zip(z_mean, np.exp(z_log_var / 2), strict=True)]
    total = 0
    for each in epsilon:
        z = np.array([q.mean + q.stdev * e for q, e in zip(guess, each, strict=True)])
        total += log_likelihood(z)
        total += sum(np.log(NormalDist().pdf(one)) - np.log(q.pdf(one)) for q, one in zip(guess, z, strict=True))
    return float(total / len(epsilon))


@bank.accepted("sampled_elbo")
def by_keras_tensors(log_likelihood, z_mean, z_log_var, epsilon):
    z = ops.convert_to_tensor(z_mean + np.exp(0.5 * z_log_var) * epsilon)
    log_ratio = ops.sum(-(z**2) + (z - z_mean) ** 2 / ops.exp(z_log_var) + z_log_var, axis=-1) / 2
    return ops.mean(log_likelihood(z) + log_ratio)


@bank.rejected("sampled_elbo", "sign")
def as_a_loss(*arguments):
    likelihood, prior, q = parts(*arguments)
    return -np.mean(likelihood + prior - q)


@bank.rejected("sampled_elbo", "sum")
def sum_over_samples(*arguments):
    likelihood, prior, q = parts(*arguments)
    return np.sum(likelihood + prior - q)


@bank.rejected("sampled_elbo", "samples")
def one_for_each_sample(log_likelihood, z_mean, z_log_var, epsilon):
    likelihood, prior, q = parts(log_likelihood, z_mean, z_log_var, epsilon)
    return likelihood + prior - q


@bank.rejected("sampled_elbo", "log of the mean")
def importance_weighted(*arguments):
    likelihood, prior, q = parts(*arguments)
    return np.logaddexp.reduce(likelihood + prior - q) - np.log(len(q))


@bank.rejected("sampled_elbo", "no prior")
def prior_forgotten(*arguments):
    likelihood, _, q = parts(*arguments)
    return np.mean(likelihood - q)


@bank.rejected("sampled_elbo", "no q")
def q_forgotten(*arguments):
    likelihood, prior, _ = parts(*arguments)
    return np.mean(likelihood + prior)


@bank.rejected("sampled_elbo", "q added")
def all_three_added(*arguments):
    return np.mean(sum(parts(*arguments)))


@bank.rejected("sampled_elbo", "both signs")
def kl_added(*arguments):
    likelihood, prior, q = parts(*arguments)
    return np.mean(likelihood + q - prior)


@bank.rejected("sampled_elbo", "reconstruction")
def likelihood_alone(*arguments):
    return np.mean(parts(*arguments)[0])


@bank.rejected("sampled_elbo", "prior samples")
def noise_for_samples(log_likelihood, z_mean, z_log_var, epsilon):
    prior, q = log_density(epsilon, 0, 0 * z_mean), log_density(epsilon, z_mean, z_log_var)
    return np.mean(log_likelihood(epsilon) + prior - q)


@bank.rejected("sampled_elbo", "no noise")
def at_the_mean(log_likelihood, z_mean, z_log_var, epsilon):
    likelihood, prior, q = parts(log_likelihood, z_mean, z_log_var, 0 * epsilon)
    return np.mean(likelihood + prior - q)


@bank.rejected("sampled_elbo", "no noise")
def at_the_mean_with_a_formula(log_likelihood, z_mean, z_log_var, epsilon):
    return log_likelihood(z_mean) - standard_kl(z_mean, z_log_var)


@bank.rejected("sampled_elbo", "log sigma")
def samples_too_near(log_likelihood, z_mean, z_log_var, epsilon):
    z = z_mean + np.exp(z_log_var) * epsilon
    return np.mean(log_likelihood(z) + log_density(z, 0, 0 * z_mean) - log_density(z, z_mean, z_log_var))


@bank.rejected("sampled_elbo", "log sigma")
def log_sigma_throughout(log_likelihood, z_mean, z_log_var, epsilon):
    z = z_mean + np.exp(z_log_var) * epsilon
    return np.mean(log_likelihood(z) + log_density(z, 0, 0 * z_mean) - log_density(z, z_mean, 2 * z_log_var))


@bank.rejected("sampled_elbo", "log sigma")
def log_sigma_in_the_density(log_likelihood, z_mean, z_log_var, epsilon):
    z = z_mean + np.exp(0.5 * z_log_var) * epsilon
    return np.mean(log_likelihood(z) + log_density(z, 0, 0 * z_mean) - log_density(z, z_mean, 2 * z_log_var))


@bank.rejected("sampled_elbo", "log sigma")
def log_var_not_halved_in_the_density(log_likelihood, z_mean, z_log_var, epsilon):
    likelihood, prior, q = parts(log_likelihood, z_mean, z_log_var, epsilon)
    return np.mean(likelihood + prior - (q - 0.5 * z_log_var.sum()))


@bank.rejected("sampled_elbo", "width forgotten")
def q_not_normalised(log_likelihood, z_mean, z_log_var, epsilon):
    likelihood, prior, q = parts(log_likelihood, z_mean, z_log_var, epsilon)
    return np.mean(likelihood + prior - (q + 0.5 * z_log_var.sum()))


@bank.rejected("sampled_elbo", "constant")
def two_pi_in_the_prior_only(log_likelihood, z_mean, z_log_var, epsilon):
    z = z_mean + np.exp(0.5 * z_log_var) * epsilon
    q = -0.5 * (epsilon**2 + z_log_var).sum(axis=-1)
    return np.mean(log_likelihood(z) + log_density(z, 0, 0 * z_mean) - q)


@bank.rejected("sampled_elbo", "mean")
def densities_averaged_over_dimensions(log_likelihood, z_mean, z_log_var, epsilon):
    likelihood, prior, q = parts(log_likelihood, z_mean, z_log_var, epsilon)
    return np.mean(likelihood + (prior - q) / len(z_mean))


@bank.rejected("sampled_elbo", "closed form")
def kl_by_the_formula(log_likelihood, z_mean, z_log_var, epsilon):
    return np.mean(parts(log_likelihood, z_mean, z_log_var, epsilon)[0]) - standard_kl(z_mean, z_log_var)


@bank.rejected("sampled_elbo", "value")
def prior_at_the_noise(log_likelihood, z_mean, z_log_var, epsilon):
    likelihood, _, q = parts(log_likelihood, z_mean, z_log_var, epsilon)
    return np.mean(likelihood + log_density(epsilon, 0, 0 * z_mean) - q)


@bank.rejected("sampled_elbo", "other noise")
def noise_of_ones_own(log_likelihood, z_mean, z_log_var, epsilon):
    likelihood, prior, q = parts(log_likelihood, z_mean, z_log_var, noise(0, epsilon.shape))
    return np.mean(likelihood + prior - q)


@bank.rejected("sampled_elbo", "other noise")
def first_sample_only(log_likelihood, z_mean, z_log_var, epsilon):
    likelihood, prior, q = parts(log_likelihood, z_mean, z_log_var, epsilon[:1])
    return np.mean(likelihood + prior - q)


@bank.rejected("sampled_elbo", "none")
def forgot_to_return(*arguments):
    parts(*arguments)


# --- 2.4 mirrored_networks ---


def dense_layers(x, widths, activation="relu"):
    for width in widths:
        x = layers.Dense(width, activation=activation)(x)
    return x


def encoder_with(
    side, widths, latent_dim, *, scale=1 / 255, dtype="uint8", activation="relu", heads=(None, None), merge=False
):
    images = keras.Input((side, side, 1), dtype=dtype)
    x = dense_layers(layers.Flatten()(layers.Rescaling(scale)(images)), widths, activation)
    outputs = [layers.Dense(latent_dim, activation=head)(x) for head in heads]
    return keras.Model(images, layers.Concatenate()(outputs) if merge else outputs)


def decoder_with(side, widths, latent_dim, *, activation="relu", last=None):
    z = keras.Input((latent_dim,))
    x = layers.Dense(side * side, activation=last)(dense_layers(z, widths[::-1], activation))
    return keras.Model(z, layers.Reshape((side, side, 1))(x))


@bank.accepted("mirrored_networks")
def as_sequences(side, widths, latent_dim):
    images = keras.Input((side, side, 1), dtype="uint8")
    trunk = keras.Sequential([layers.Flatten(), layers.Rescaling(1 / 255)])
    decoder = keras.Sequential([keras.Input((latent_dim,))])
    for width in widths:
        trunk.add(layers.Dense(width))
        trunk.add(layers.ReLU())
    for width in reversed(widths):
        decoder.add(first_decoder_layer(width))
    both = layers.Dense(2 * latent_dim)(trunk(images))
    decoder.add(layers.Dense(side**2))
    decoder.add(layers.Reshape((side, side, 1)))
    return keras.Model(images, [both[:, :latent_dim], both[:, latent_dim:]]), decoder


@bank.accepted("mirrored_networks")
def by_parts(side, widths, latent_dim):
    return encoder_with(side, widths, latent_dim), decoder_with(side, widths, latent_dim)


@bank.rejected("mirrored_networks", "mirror")
def decoder_in_the_encoders_order(side, widths, latent_dim):
    return encoder_with(side, widths, latent_dim), decoder_with(side, widths[::-1], latent_dim)


@bank.rejected("mirrored_networks", "mirror")
def both_reversed(side, widths, latent_dim):
    return by_parts(side, widths[::-1], latent_dim)


@bank.rejected("mirrored_networks", "weights")
def first_width_only(side, widths, latent_dim):
    return by_parts(side, widths[:1], latent_dim)


@bank.rejected("mirrored_networks", "weights")
def two_latent_dimensions_into_the_decoder_layers(side, widths, latent_dim):
    return encoder_with(side, [*widths, latent_dim], latent_dim), decoder_with(side, widths, latent_dim)


@bank.rejected("mirrored_networks", "range")
def relu_on_the_mean(side, widths, latent_dim):
    return encoder_with(side, widths, latent_dim, heads=("relu", None)), decoder_with(side, widths, latent_dim)


@bank.rejected("mirrored_networks", "range")
def tanh_on_the_mean(side, widths, latent_dim):
    return encoder_with(side, widths, latent_dim, heads=("tanh", None)), decoder_with(side, widths, latent_dim)


@bank.rejected("mirrored_networks", "range")
def softplus_on_the_log_variance(side, widths, latent_dim):
    return encoder_with(side, widths, latent_dim, heads=(None, "softplus")), decoder_with(side, widths, latent_dim)


@bank.rejected("mirrored_networks", "range")
def pixel_means_for_logits(side, widths, latent_dim):
    return encoder_with(side, widths, latent_dim), decoder_with(side, widths, latent_dim, last="sigmoid")


@bank.rejected("mirrored_networks", "range")
def relu_on_the_logits(side, widths, latent_dim):
    return encoder_with(side, widths, latent_dim), decoder_with(side, widths, latent_dim, last="relu")


@bank.rejected("mirrored_networks", "one head")
def one_layer_for_both(side, widths, latent_dim):
    encoder = encoder_with(side, widths, latent_dim, heads=(None,))
    output = encoder.outputs[0]
    return keras.Model(encoder.input, [output, output]), decoder_with(side, widths, latent_dim)


@bank.rejected("mirrored_networks", "outputs")
def one_output(side, widths, latent_dim):
    return encoder_with(side, widths, latent_dim, merge=True), decoder_with(side, widths, latent_dim)


@bank.rejected("mirrored_networks", "outputs")
def sample_as_third_output(side, widths, latent_dim):
    return encoder_with(side, widths, latent_dim, heads=(None,) * 3), decoder_with(side, widths, latent_dim)


@bank.rejected("mirrored_networks", "scale")
def unscaled_pixels(side, widths, latent_dim):
    return encoder_with(side, widths, latent_dim, scale=1), decoder_with(side, widths, latent_dim)


@bank.rejected("mirrored_networks", "scale")
def scaled_twice(side, widths, latent_dim):
    return encoder_with(side, widths, latent_dim, scale=1 / 255**2), decoder_with(side, widths, latent_dim)


@bank.rejected("mirrored_networks", "input")
def float_images(side, widths, latent_dim):
    return encoder_with(side, widths, latent_dim, dtype="float32"), decoder_with(side, widths, latent_dim)


@bank.rejected("mirrored_networks", "input")
def decoder_first(side, widths, latent_dim):
    return by_parts(side, widths, latent_dim)[::-1]


@bank.rejected("mirrored_networks", "not relu")
def sigmoid_units(side, widths, latent_dim):
    options = {"activation": "sigmoid"}
    return encoder_with(side, widths, latent_dim, **options), decoder_with(side, widths, latent_dim, **options)


@bank.rejected("mirrored_networks", "not relu")
def tanh_units_in_the_decoder(side, widths, latent_dim):
    return encoder_with(side, widths, latent_dim), decoder_with(side, widths, latent_dim, activation="tanh")


@bank.rejected("mirrored_networks", "shape")
def always_two_latent_dimensions(side, widths, latent_dim):
    return encoder_with(side, widths, 2), decoder_with(side, widths, latent_dim)


@bank.rejected("mirrored_networks", "linear")
def encoder_without_relu(side, widths, latent_dim):
    return encoder_with(side, widths, latent_dim, activation=None), decoder_with(side, widths, latent_dim)


@bank.rejected("mirrored_networks", "linear")
def decoder_without_relu(side, widths, latent_dim):
    return encoder_with(side, widths, latent_dim), decoder_with(side, widths, latent_dim, activation=None)


@bank.rejected("mirrored_networks", "shape")
def flat_logits(side, widths, latent_dim):
    z = keras.Input((latent_dim,))
    logits = layers.Dense(side * side)(dense_layers(z, widths[::-1]))
    return encoder_with(side, widths, latent_dim), keras.Model(z, logits)


# --- 2.5 mended_grid ---


def quantiles(shares, mean=0.0, log_var=0.0):
    return np.array([NormalDist(mean, np.exp(log_var / 2)).inv_cdf(share) for share in shares])


def middles(n):
    return (np.arange(n) + 0.5) / n


def laid_out(z_1, z_2):
    """Return points from the axes, z₂ as given from the top."""
    return np.stack(np.meshgrid(z_1, z_2), axis=-1).reshape(-1, 2)


def axes(rows, columns, prior_mean, prior_log_var, shares=middles):
    z_1 = quantiles(shares(columns), prior_mean[0], prior_log_var[0])
    return z_1, quantiles(shares(rows), prior_mean[1], prior_log_var[1])[::-1]


@bank.accepted("mended_grid")
def by_two_loops(rows, columns, prior_mean, prior_log_var):
    z_1, z_2 = axes(rows, columns, prior_mean, prior_log_var)
    return [[float(across), float(up)] for up in z_2 for across in z_1]


@bank.accepted("mended_grid")
def by_repeating(rows, columns, prior_mean, prior_log_var):
    from scipy.stats import norm

    shares = np.stack([np.tile(middles(columns), rows), np.repeat(1 - middles(rows), columns)], axis=1)
    return norm(prior_mean, np.exp(0.5 * prior_log_var)).ppf(shares).astype("float32")


@bank.accepted("mended_grid")
def by_scaling_a_tensor(rows, columns, prior_mean, prior_log_var):
    standard = laid_out(quantiles(middles(columns)), quantiles(middles(rows))[::-1])
    return ops.convert_to_tensor(standard * np.exp(prior_log_var / 2) + prior_mean)


@bank.rejected("mended_grid", "infinite")
def ends_left(rows, columns, prior_mean, prior_log_var):
    from scipy.stats import norm

    sigma = np.exp(prior_log_var / 2)
    z_1, z_2 = (norm.ppf(np.linspace(0, 1, n)) for n in (columns, rows))
    return laid_out(prior_mean[0] + sigma[0] * z_1, prior_mean[1] + sigma[1] * z_2[::-1])


@bank.rejected("mended_grid", "one array")
def a_list_of_rows(*arguments):
    return by_scaling_a_tensor(*arguments).numpy().reshape(arguments[0], arguments[1], 2)


@bank.rejected("mended_grid", "one array")
def one_call_for_each(*arguments):
    return [[point] for point in by_two_loops(*arguments)]


@bank.rejected("mended_grid", "one array")
def coordinates_as_rows(*arguments):
    return np.array(by_two_loops(*arguments)).T


@bank.rejected("mended_grid", "ends")
def almost_zero_and_one(*arguments):
    return laid_out(*axes(*arguments, shares=lambda n: np.linspace(0.01, 0.99, n)))


@bank.rejected("mended_grid", "ends")
def between_more_cells(*arguments):
    return laid_out(*axes(*arguments, shares=lambda n: np.arange(1, n + 1) / (n + 1)))


@bank.rejected("mended_grid", "ends")
def inner_points_of_more(*arguments):
    return laid_out(*axes(*arguments, shares=lambda n: np.linspace(0, 1, n + 3)[1:-2]))


@bank.rejected("mended_grid", "equal steps")
def equal_steps(rows, columns, prior_mean, prior_log_var):
    sigma = np.exp(prior_log_var / 2)
    z_1, z_2 = np.linspace(-2, 2, columns), np.linspace(2, -2, rows)
    return laid_out(prior_mean[0] + sigma[0] * z_1, prior_mean[1] + sigma[1] * z_2)


@bank.rejected("mended_grid", "transposed")
def column_by_column(*arguments):
    z_1, z_2 = axes(*arguments)
    return [[across, up] for across in z_1 for up in z_2]


@bank.rejected("mended_grid", "order")
def column_by_column_from_below(*arguments):
    z_1, z_2 = axes(*arguments)
    return [[across, up] for across in z_1 for up in z_2[::-1]]


@bank.rejected("mended_grid", "upside down")
def from_below(*arguments):
    z_1, z_2 = axes(*arguments)
    return laid_out(z_1, z_2[::-1])


@bank.rejected("mended_grid", "mirrored")
def to_the_left(*arguments):
    z_1, z_2 = axes(*arguments)
    return laid_out(z_1[::-1], z_2)


@bank.rejected("mended_grid", "coordinates")
def coordinates_exchanged(*arguments):
    return laid_out(*axes(*arguments))[:, ::-1]


@bank.rejected("mended_grid", "exchanged")
def rows_for_columns(rows, columns, prior_mean, prior_log_var):
    return laid_out(*axes(columns, rows, prior_mean, prior_log_var))


@bank.rejected("mended_grid", "prior ignored")
def standard_grid(rows, columns, prior_mean, prior_log_var):
    return laid_out(*axes(rows, columns, (0, 0), (0, 0)))


@bank.rejected("mended_grid", "width")
def log_var_for_sigma(rows, columns, prior_mean, prior_log_var):
    return laid_out(*axes(rows, columns, prior_mean, 2 * prior_log_var))


@bank.rejected("mended_grid", "width")
def only_moved_grid(rows, columns, prior_mean, prior_log_var):
    return laid_out(*axes(rows, columns, prior_mean, (0, 0)))


@bank.rejected("mended_grid", "centre")
def only_stretched(rows, columns, prior_mean, prior_log_var):
    return laid_out(*axes(rows, columns, (0, 0), prior_log_var))


@bank.rejected("mended_grid", "value")
def first_coordinate_for_both(rows, columns, prior_mean, prior_log_var):
    return laid_out(*axes(rows, columns, prior_mean[[0, 0]], prior_log_var[[0, 0]]))
