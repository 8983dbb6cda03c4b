"""Plain JAX: functions of a dictionary of weights, one jitted step with optax's Adam at 0.001, batches of 128."""

from importlib.metadata import version

import jax
import numpy as np
import optax
from jax import numpy as jnp
from turns import BATCH_SIZE, SEED, Turns, arguments

N_CLASSES = 10
SIZES = {"dense": (512, 2, 0), "dense 400-20": (400, 20, 0), "dense conditional": (512, 2, N_CLASSES)}


def initial_weights(key, hidden_units, latent_dim, label_dim):
    """Return the weights and biases of encoder and decoder."""
    shapes = {
        "hidden": (784 + label_dim, hidden_units),
        "z_mean": (hidden_units, latent_dim),
        "z_log_var": (hidden_units, latent_dim),
        "decoder_hidden": (latent_dim + label_dim, hidden_units),
        "pixels": (hidden_units, 784),
    }
    glorot = jax.nn.initializers.glorot_uniform()
    keys = dict(zip(shapes, jax.random.split(key, len(shapes)), strict=True))
    return {name: (glorot(keys[name], shape), jnp.zeros(shape[1])) for name, shape in shapes.items()}


def dense(weights, x):
    """Return the outputs of a dense layer before its activation."""
    kernel, bias = weights
    return x @ kernel + bias


def loss_of(weights, key, images, *label):
    """Return the negative ELBO, the mean over a batch."""
    x = jax.nn.relu(dense(weights["hidden"], jnp.concatenate([images, *label], axis=1)))
    z_mean, z_log_var = dense(weights["z_mean"], x), dense(weights["z_log_var"], x)
    z = z_mean + jnp.exp(0.5 * z_log_var) * jax.random.normal(key, z_mean.shape)
    x = jax.nn.relu(dense(weights["decoder_hidden"], jnp.concatenate([z, *label], axis=1)))
    logits = dense(weights["pixels"], x)
    crossentropy = optax.sigmoid_binary_cross_entropy(logits, images).sum(axis=1)
    kl = 0.5 * (jnp.exp(z_log_var) + z_mean**2 - 1 - z_log_var).sum(axis=1)
    return jnp.mean(crossentropy + kl)


def main():
    network, _, arrays = arguments()
    turns = Turns()
    shuffling = np.random.default_rng(SEED)
    key, weights_key = jax.random.split(jax.random.key(SEED))
    weights = initial_weights(weights_key, *SIZES[network])
    optimizer = optax.adam(1e-3)
    state = optimizer.init(weights)

    def inputs(split):
        images = arrays[f"{split}_images"].reshape(-1, 784).astype("float32") / 255
        labels = np.eye(N_CLASSES, dtype="float32")[arrays[f"{split}_labels"]]
        return (images, labels) if network == "dense conditional" else (images,)

    train, test = inputs("train"), inputs("test")

    @jax.jit
    def step(weights, state, key, *batch):
        key, noise_key = jax.random.split(key)
        loss, gradients = jax.value_and_grad(loss_of)(weights, noise_key, *batch)
        updates, state = optimizer.update(gradients, state)
        return optax.apply_updates(weights, updates), state, key, loss

    test_loss_of = jax.jit(loss_of)

    def test_loss():
        parts = zip(*(np.split(part, len(part) // 1000) for part in test), strict=True)
        return np.mean([test_loss_of(weights, jax.random.fold_in(key, n), *part) for n, part in enumerate(parts)])

    turns.ready(sum(leaf.size for leaf in jax.tree.leaves(weights)), f"JAX {jax.__version__}, optax {version('optax')}")
    while True:
        turns.begin()
        order, losses = shuffling.permutation(len(train[0])), []
        for start in range(0, len(order), BATCH_SIZE):
            batch = (part[order[start : start + BATCH_SIZE]] for part in train)
            weights, state, key, loss = step(weights, state, key, *batch)
            losses.append(loss)
        jax.block_until_ready(weights)
        turns.end(test_loss)


main()
