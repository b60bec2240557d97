"""Training steps as Keras takes them: the numbers `src/learning/mlp.golden.test.ts` is held to.

Regenerate:  python tests/golden/keras_step.py tests/golden/keras-step.json   (Keras 3 on TensorFlow; made with 3.15.1 and 2.21.0)

Three cases, all with the recipe's network in small or full size, l1 and l2 given explicitly:
  steps   7-5-1 units on 12 inputs, dropout 0, batches of 16, 16 and 7: weights after one step and after all three
  masked  one step of the same with given dropout masks (dropout as a product with them)
  full    65-100-50-1, one step of 256 rows; weights and rows come from formulas, and a digest is kept
"""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
import keras
import numpy as np
from keras import layers

L1, L2, MOMENTUM, RATE = 0.01, 0.005, 0.9, 0.0005
# Columns in the specification's order: number, category of 3, number, number, category of 5, number.
SMALL_LAYOUT = [1, 3, 1, 1, 5, 1]
FULL_LAYOUT = [1, 7, 12, 1, 1, 1, 1, 1, 20, 20]
NAMES = ["kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance"]


def network(width, hidden, masked=False):
    inputs = keras.Input((width,))
    masks = [keras.Input((units,)) for units in hidden] if masked else []
    x = inputs
    for i, units in enumerate(hidden):
        penalty = keras.regularizers.L1L2(l1=L1, l2=L2) if i == 0 else None
        x = layers.Dense(units, activation="relu", kernel_regularizer=penalty)(x)
        x = layers.BatchNormalization(momentum=MOMENTUM)(x)
        x = layers.Multiply()([x, masks[i]]) if masked else layers.Dropout(0.0)(x)
    model = keras.Model([inputs, *masks] if masked else inputs, layers.Dense(1)(x))
    model.compile(optimizer=keras.optimizers.Adam(learning_rate=RATE), loss="mse", metrics=["mae"])
    return model


def one_hot(numbers, codes, layout):
    """(n, numbers), (n, categories) -> (n, width), in the layout's order; code -1 is all zero."""
    columns, number, category = [], 0, 0
    for size in layout:
        if size == 1:
            columns.append(numbers[:, number : number + 1])
            number += 1
        else:
            columns.append((codes[:, category : category + 1] == np.arange(size)).astype(np.float32))
            category += 1
    return np.hstack(columns).astype(np.float32)


def tensors(model):
    """Weights by our names, in the order of get_weights (kernel, bias, gamma, beta, mean, variance for each hidden layer)."""
    weights = model.get_weights()
    found = []
    for i in range((len(weights) - 2) // 6):
        found += [(f"hidden_{i + 1}/{name}", weights[6 * i + j]) for j, name in enumerate(NAMES)]
    found += [("output/kernel", weights[-2]), ("output/bias", weights[-1])]
    return found


def as_json(model):
    return [{"name": n, "shape": list(w.shape), "values": [float(v) for v in w.ravel()]} for n, w in tensors(model)]


def small_case():
    random = np.random.default_rng(3)
    numbers = random.normal(0, 1, (39, 4)).astype(np.float32)
    codes = np.stack([random.integers(-1, 3, 39), random.integers(-1, 5, 39)], axis=1)
    target = (5 + 2 * numbers[:, 0] + codes[:, 1] + random.normal(0, 1, 39)).astype(np.float32)
    start = network(12, [7, 5])
    for variable in start.weights:  # biases, gamma and statistics away from their cold values, so that each one counts
        spread = 0.3 if "kernel" in variable.path else 0.1
        around = 1.0 if variable.name in ("gamma", "moving_variance") else 0.0
        variable.assign(around + random.uniform(-spread, spread, variable.shape))
    return numbers, codes, target, start


def fit(model, x, target, batch):
    history = model.fit(x, target, batch_size=batch, shuffle=False, epochs=1, verbose=0).history
    return {"loss": history["loss"][0], "mae": history["mae"][0]}


def steps_case():
    numbers, codes, target, start = small_case()
    x = one_hot(numbers, codes, SMALL_LAYOUT)
    one = network(12, [7, 5])
    one.set_weights(start.get_weights())
    first = fit(one, x[:16], target[:16], 16)
    three = network(12, [7, 5])
    three.set_weights(start.get_weights())
    whole = fit(three, x, target, 16)
    loss, mae = three.evaluate(x, target, batch_size=16, verbose=0)
    return {
        "numbers": [float(v) for v in numbers.ravel()],
        "codes": [int(v) for v in codes.ravel()],
        "target": [float(v) for v in target],
        "start": as_json(start),
        "first": {**first, "weights": as_json(one)},
        "whole": {**whole, "weights": as_json(three), "valLoss": loss, "valMae": mae},
        "predictions": [float(v) for v in three.predict(x, verbose=0).ravel()],
    }


def masked_case():
    numbers, codes, target, start = small_case()
    x = one_hot(numbers, codes, SMALL_LAYOUT)[:16]
    random = np.random.default_rng(4)
    kept = [(random.uniform(size=(16, units)) >= 0.25) for units in (7, 5)]
    model = network(12, [7, 5], masked=True)
    model.set_weights(start.get_weights())
    result = fit(model, [x, *[mask.astype(np.float32) / 0.75 for mask in kept]], target[:16], 16)
    return {"rate": 0.25, "kept": [[int(v) for v in mask.ravel()] for mask in kept], **result, "weights": as_json(model)}


def spread(count, by, scale):
    """Values in [-scale / 2, scale / 2), the same in both languages: integer arithmetic and one division."""
    return ((((np.arange(count) * 7919 + by) % 1009) / 1009 - 0.5) * scale).astype(np.float32)


def full_case():
    rows = 256
    numbers = spread(rows * 6, 1, 2.0).reshape(rows, 6)
    codes = np.stack([(np.arange(rows) * step) % (size + 1) - 1 for step, size in ((3, 7), (5, 12), (7, 20), (11, 20))], axis=1)
    target = spread(rows, 2, 20.0) + np.float32(11)
    model = network(65, [100, 50])
    new = []
    for i, (name, weight) in enumerate(tensors(model)):
        around = 1.0 if name.endswith(("gamma", "moving_variance")) else 0.0
        new.append(around + spread(weight.size, 10 + i, 0.3).reshape(weight.shape))
    model.set_weights(new)
    result = fit(model, one_hot(numbers, codes, FULL_LAYOUT), target, rows)
    digest = [
        {"name": n, "sum": float(w.sum(dtype=np.float64)), "squares": float((w.astype(np.float64) ** 2).sum()),
         "sample": [float(v) for v in w.ravel()[:: max(1, w.size // 20)]]}
        for n, w in tensors(model)
    ]  # fmt: skip
    return {**result, "digest": digest}


if __name__ == "__main__":
    golden = {"keras": keras.__version__, "steps": steps_case(), "masked": masked_case(), "full": full_case()}
    text = json.dumps(golden, separators=(",", ":"))
    with open(sys.argv[1], "w") as file:
        file.write(text + "\n")
    print(f"{sys.argv[1]}: {len(text)} bytes, loss {golden['steps']['first']['loss']}")
