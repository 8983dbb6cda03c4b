"""The way of PyTorch's VAE example: a DataLoader, a loop over its batches, Adam at 0.001, batches of 128.

Adam is the fused one, which the example does without and which takes less time.

After https://github.com/pytorch/examples/tree/main/vae (784-400-20). The images are floats in memory here; the example
decodes each from an image object, which costs more.
"""

import torch
from torch import nn, optim
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset
from turns import BATCH_SIZE, SEED, Turns, arguments

N_CLASSES = 10


class DenseVAE(nn.Module):
    """The example's network, with another width and number of latent dimensions where told so, and a label if any."""

    def __init__(self, hidden_units=400, latent_dim=20, label_dim=0):
        super().__init__()
        self.hidden = nn.Linear(784 + label_dim, hidden_units)
        self.z_mean, self.z_log_var = nn.Linear(hidden_units, latent_dim), nn.Linear(hidden_units, latent_dim)
        self.decoder_hidden = nn.Linear(latent_dim + label_dim, hidden_units)
        self.pixels = nn.Linear(hidden_units, 784)

    def forward(self, images, *label):
        x = functional.relu(self.hidden(torch.cat([images, *label], dim=1) if label else images))
        z_mean, z_log_var = self.z_mean(x), self.z_log_var(x)
        z = z_mean + torch.randn_like(z_mean) * torch.exp(0.5 * z_log_var)
        x = functional.relu(self.decoder_hidden(torch.cat([z, *label], dim=1) if label else z))
        return torch.sigmoid(self.pixels(x)), z_mean, z_log_var


class ConvVAE(nn.Module):
    """The convolutional network of the keras.io example, layer by layer."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            *(nn.Conv2d(1, 32, 3, 2, 1), nn.ReLU(), nn.Conv2d(32, 64, 3, 2, 1), nn.ReLU()),
            *(nn.Flatten(), nn.Linear(7 * 7 * 64, 16), nn.ReLU()),
        )
        self.z_mean, self.z_log_var = nn.Linear(16, 2), nn.Linear(16, 2)
        self.decoder = nn.Sequential(
            *(nn.Linear(2, 7 * 7 * 64), nn.ReLU(), nn.Unflatten(1, (64, 7, 7))),
            *(nn.ConvTranspose2d(64, 64, 3, 2, 1, 1), nn.ReLU(), nn.ConvTranspose2d(64, 32, 3, 2, 1, 1), nn.ReLU()),
            *(nn.ConvTranspose2d(32, 1, 3, 1, 1), nn.Sigmoid(), nn.Flatten()),
        )

    def forward(self, images):
        x = self.encoder(images.view(-1, 1, 28, 28))
        z_mean, z_log_var = self.z_mean(x), self.z_log_var(x)
        z = z_mean + torch.randn_like(z_mean) * torch.exp(0.5 * z_log_var)
        return self.decoder(z), z_mean, z_log_var


class FiLM(nn.Module):
    """Scale and shift each feature by amounts that depend on the label; at first by one and by zero."""

    def __init__(self, features):
        super().__init__()
        self.scale, self.shift = nn.Linear(N_CLASSES, features), nn.Linear(N_CLASSES, features)
        for value in (self.scale.weight, self.shift.weight, self.shift.bias):
            nn.init.zeros_(value)
        nn.init.ones_(self.scale.bias)

    def forward(self, x, label):
        everywhere = (*label.shape[:1], -1, *(1 for _ in x.shape[2:]))
        return x * self.scale(label).view(everywhere) + self.shift(label).view(everywhere)


class Scaled(nn.Module):
    """A layer, silu, and the label's scaling."""

    def __init__(self, layer, features, shape=()):
        super().__init__()
        self.layer, self.film = nn.Sequential(layer, nn.SiLU(), *shape), FiLM(features)

    def forward(self, x, label):
        return self.film(self.layer(x), label)


class ConditionalConvVAE(nn.Module):
    """The course's convolutional CVAE, layer by layer."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.ModuleList(
            [
                Scaled(nn.Conv2d(1, 16, 5, 2, 2), 16),
                Scaled(nn.Conv2d(16, 32, 3, 2, 1), 32),
                Scaled(nn.Conv2d(32, 64, 3, 2, 1), 64),
                Scaled(nn.Sequential(nn.Flatten(), nn.Linear(4 * 4 * 64, 128)), 128),
            ]
        )
        self.z_mean, self.z_log_var = nn.Linear(128, 2), nn.Linear(128, 2)
        self.decoder = nn.ModuleList(
            [
                Scaled(nn.Linear(2, 64), 64),
                Scaled(nn.Linear(64, 128), 128),
                Scaled(nn.Linear(128, 7 * 7 * 16), 16, [nn.Unflatten(1, (16, 7, 7))]),
                Scaled(nn.ConvTranspose2d(16, 32, 3, 2, 1, 1), 32),
                Scaled(nn.ConvTranspose2d(32, 16, 3, 2, 1, 1), 16),
            ]
        )
        self.pixels = nn.Sequential(nn.ConvTranspose2d(16, 1, 3, 1, 1), nn.Sigmoid(), nn.Flatten())

    def forward(self, images, label):
        x = images.view(-1, 1, 28, 28)
        for part in self.encoder:
            x = part(x, label)
        z_mean, z_log_var = self.z_mean(x), self.z_log_var(x)
        z = z_mean + torch.randn_like(z_mean) * torch.exp(0.5 * z_log_var)
        for part in self.decoder:
            z = part(z, label)
        return self.pixels(z), z_mean, z_log_var


NETWORKS = {
    "dense": lambda: DenseVAE(512, 2),
    "dense 400-20": DenseVAE,
    "dense conditional": lambda: DenseVAE(512, 2, N_CLASSES),
    "convolutional": ConvVAE,
    "convolutional conditional": ConditionalConvVAE,
}


def loss_of(model, images, *label):
    """Return the negative ELBO, summed over a batch."""
    means, z_mean, z_log_var = model(images, *label)
    crossentropy = functional.binary_cross_entropy(means, images, reduction="sum")
    return crossentropy - 0.5 * torch.sum(1 + z_log_var - z_mean.pow(2) - z_log_var.exp())


def main():
    network, _, arrays = arguments()
    turns = Turns()
    torch.manual_seed(SEED)
    model = NETWORKS[network]()
    optimizer = optim.Adam(model.parameters(), lr=1e-3, fused=True)

    def loader(split, batch_size, shuffle):
        parts = [torch.from_numpy(arrays[f"{split}_images"]).reshape(-1, 784).float() / 255]
        if network.endswith("conditional"):
            parts.append(functional.one_hot(torch.from_numpy(arrays[f"{split}_labels"]).long(), N_CLASSES).float())
        return DataLoader(TensorDataset(*parts), batch_size=batch_size, shuffle=shuffle)

    train, test = loader("train", BATCH_SIZE, shuffle=True), loader("test", 1000, shuffle=False)

    def train_epoch():
        model.train()
        train_loss = 0
        for batch in train:
            optimizer.zero_grad()
            loss = loss_of(model, *batch)
            loss.backward()
            train_loss += loss.item()
            optimizer.step()

    def test_loss():
        model.eval()
        with torch.no_grad():
            return sum(loss_of(model, *batch).item() for batch in test) / len(test.dataset)

    turns.ready(sum(weight.numel() for weight in model.parameters()), f"PyTorch {torch.__version__}")
    while True:
        turns.begin()
        train_epoch()
        turns.end(test_loss)


main()
