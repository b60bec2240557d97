"""What autologging of scikit-learn and LightGBM leaves behind, by name."""

import lightgbm
import mlflow
import numpy
from facts import tell
from mlflow import MlflowClient
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV

client = MlflowClient()
random = numpy.random.default_rng(7)
x = random.normal(size=(200, 3))
y = x @ numpy.array([1.0, -2.0, 0.5]) + 0.1


def left_behind(run_id):
    run = client.get_run(run_id)
    files = sorted(file.path for file in client.list_artifacts(run_id) if "." in file.path)
    return {
        "status": run.info.status,
        "params": sorted(run.data.params),
        "metrics": sorted(run.data.metrics),
        "inputs": [[entry.dataset.name, entry.tags[0].value] for entry in run.inputs.dataset_inputs],
        "files": files,
        "answers": round(float(mlflow.pyfunc.load_model(f"runs:/{run_id}/model").predict(x[:1])[0]), 1),
    }


def linear():
    with mlflow.start_run() as run:
        LinearRegression().fit(x, y)
    return left_behind(run.info.run_id)


def search():
    """A search over settings makes a run of each."""
    mlflow.sklearn.autolog(log_models=False)
    with mlflow.start_run() as run:
        GridSearchCV(Ridge(), {"alpha": [0.1, 1.0, 10.0]}, cv=2).fit(x, y)
    children = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{run.info.run_id}'")
    return {"children": sorted(children["params.alpha"]), "best alpha": client.get_run(run.info.run_id).data.params["best_alpha"]}


def boosted():
    with mlflow.start_run() as run:
        data = lightgbm.Dataset(x, y)
        settings = {"objective": "regression", "verbose": -1, "num_leaves": 4, "seed": 1, "num_threads": 1}
        lightgbm.train(settings, data, num_boost_round=20, valid_sets=[data], valid_names=["training"])
    history = client.get_metric_history(run.info.run_id, "training-l2")
    steps = sorted({point.step for point in history})
    falls = history[-1].value < history[0].value
    return {**left_behind(run.info.run_id), "steps": [steps[0], steps[-1], len(steps)], "falls": falls}


def main():
    mlflow.set_experiment("autologging")
    mlflow.sklearn.autolog(log_input_examples=False)
    mlflow.lightgbm.autolog()
    tell({"linear": linear(), "search": search(), "boosted": boosted()})


main()
