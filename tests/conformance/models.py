"""Models logged, registered, staged, aliased and loaded by every address that MLflow has for them.

With the argument `2` only what MLflow 2 knows is asked for.
"""

import sys

import mlflow
import numpy
from facts import refusal, tell
from mlflow import MlflowClient
from skl2onnx import to_onnx
from sklearn.linear_model import LinearRegression

IS_MLFLOW_2 = sys.argv[1:] == ["2"]
NAME = "straight line"
client = MlflowClient()
x = numpy.arange(10, dtype=numpy.float32).reshape(-1, 1)


def logged(slope):
    """A run with a model y = slope * x as ONNX, registered as the next version."""
    model = to_onnx(LinearRegression().fit(x, slope * x[:, 0]), x[:1], target_opset=17)
    place = {"artifact_path": "model"} if IS_MLFLOW_2 else {"name": "model"}
    with mlflow.start_run() as run:
        info = mlflow.onnx.log_model(model, **place, registered_model_name=NAME, pip_requirements=["onnx"])
    return run.info.run_id, info


def answer(uri):
    """What the model at an address makes of 2, rounded."""
    predicted = mlflow.pyfunc.load_model(uri).predict(x[2:3])
    return round(float(numpy.ravel(next(iter(predicted.values())))[0]), 3)


def stages():
    return {version.version: version.current_stage for version in client.search_model_versions(f"name = '{NAME}'")}


def staged():
    client.transition_model_version_stage(NAME, 1, "Production")
    client.transition_model_version_stage(NAME, 2, "staging")
    before = stages()
    client.transition_model_version_stage(NAME, 3, "Production", archive_existing_versions=True)
    latest = sorted([version.current_stage, int(version.version)] for version in client.get_latest_versions(NAME))
    production = [int(version.version) for version in client.get_latest_versions(NAME, ["Production"])]
    return {"before": before, "after": stages(), "latest": latest, "production": production}


def loaded(run_id, info):
    client.set_registered_model_alias(NAME, "champion", 1)
    uris = {
        "stage": f"models:/{NAME}/Production",
        "other stage": f"models:/{NAME}/Staging",
        "version": f"models:/{NAME}/2",
        "alias": f"models:/{NAME}@champion",
        "latest": f"models:/{NAME}/latest",
        "run": f"runs:/{run_id}/model",
    }
    if not IS_MLFLOW_2:
        uris["id"] = f"models:/{info.model_id}"
    return {kind: answer(uri) for kind, uri in uris.items()}


def registry():
    """Tags, descriptions, aliases, another name, the end."""
    client.set_registered_model_tag(NAME, "team", "é")
    client.set_model_version_tag(NAME, "1", "checked", "yes")
    client.set_model_version_tag(NAME, "1", "gone", "soon")
    client.delete_model_version_tag(NAME, "1", "gone")
    client.update_registered_model(NAME, description="lines")
    client.update_model_version(NAME, "1", description="the first")
    client.set_registered_model_alias(NAME, "champion", 2)
    client.set_registered_model_alias(NAME, "other", 2)
    model = client.get_registered_model(NAME)
    version = client.get_model_version(NAME, "1")
    by_alias = client.get_model_version_by_alias(NAME, "champion")
    told = {
        "tags": model.tags,
        "description": model.description,
        "aliases": {alias: str(number) for alias, number in model.aliases.items()},
        "version": [version.description, version.tags, version.status, version.current_stage],
        "by alias": [str(by_alias.version), sorted(by_alias.aliases)],
        "names": [found.name for found in client.search_registered_models("name ILIKE 'STRAIGHT%'")],
    }
    client.delete_registered_model_alias(NAME, "other")
    client.rename_registered_model(NAME, "curve")
    told["renamed"] = [sorted(client.get_registered_model("curve").aliases), answer("models:/curve@champion")]
    told["old name"] = refusal(lambda: client.get_registered_model(NAME))
    client.delete_model_version("curve", "2")
    told["deleted version"] = refusal(lambda: client.get_model_version("curve", "2"))
    told["alias of it"] = sorted(client.get_registered_model("curve").aliases)
    told["twice"] = refusal(lambda: client.create_registered_model("curve"))
    told["bad name"] = refusal(lambda: client.create_registered_model("a/b"))
    told["bad stage"] = refusal(lambda: client.transition_model_version_stage("curve", 1, "Prod"))
    told["bad alias"] = refusal(lambda: client.set_registered_model_alias("curve", "v1", 1))
    client.delete_registered_model("curve")
    told["deleted"] = refusal(lambda: client.get_registered_model("curve"))
    return told


def logged_models(run_id, info):
    """The models of MLflow 3 that stand beside runs."""
    client.set_logged_model_tags(info.model_id, {"a": "b"})
    client.delete_logged_model_tag(info.model_id, "a")
    client.set_logged_model_tags(info.model_id, {"c": "d"})
    model = client.get_logged_model(info.model_id)
    found = mlflow.search_logged_models(filter_string="name = 'model' AND tags.c = 'd'", output_format="list")
    run = client.get_run(run_id)
    finished = {"name": model.name, "status": str(model.status), "tag": model.tags["c"], "of its run": model.source_run_id == run_id}
    open_model = mlflow.create_external_model(name="elsewhere", params={"p": "1"}, model_type="agent")
    with mlflow.start_run():
        mlflow.log_metric("score", 0.5, model_id=open_model.model_id, step=3)
    outside = client.get_logged_model(open_model.model_id)
    with mlflow.start_run() as scoring:
        mlflow.log_metrics({"score": 0.75}, model_id=open_model.model_id, step=4)
    best = mlflow.search_logged_models(order_by=[{"field_name": "metrics.score", "ascending": False}], output_format="list")
    client.delete_logged_model(open_model.model_id)
    return {
        "finished": finished,
        "found": [one.model_id for one in found] == [info.model_id],
        "output of its run": [entry.model_id for entry in run.outputs.model_outputs] == [info.model_id],
        "outside": [outside.name, outside.model_type, outside.params, str(outside.status)],
        "metric": client.get_run(scoring.info.run_id).data.metrics,
        "best": best[0].name,
        "deleted": refusal(lambda: client.get_logged_model(open_model.model_id)),
    }


def main():
    mlflow.set_experiment("models")
    logged(1)
    logged(2)
    run_id, info = logged(3)
    told = {"stages": staged(), "loaded": loaded(run_id, info)}
    if not IS_MLFLOW_2:
        told["logged models"] = logged_models(run_id, info)
    told["registry"] = registry()
    tell(told)


main()
