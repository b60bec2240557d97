"""Experiments and runs through the fluent interface of MLflow and its client: what was written, as it is read back."""

import math
import pathlib
import tempfile

import mlflow
import numpy
import pandas
from facts import refusal, tell
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType

client = MlflowClient()


def logged_run():
    """A run with everything a script logs, and one nested in it."""
    with mlflow.start_run(run_name="parent", tags={"team": "a"}, description="what it is for") as parent:
        mlflow.log_param("alpha", 0.5)
        mlflow.log_params({"layers": [64, 1], "é space": "ü"})
        mlflow.log_metric("loss", 2.0, step=0)
        mlflow.log_metric("loss", 1.0, step=1)
        mlflow.log_metrics({"mae": 3.25, "rmse": 4.5}, step=1)
        for key, value in {"nan": math.nan, "up": math.inf, "down": -math.inf, "tiny": 5e-324}.items():
            mlflow.log_metric(key, value)
        mlflow.set_tags({"kind": "test", "empty": ""})
        mlflow.set_tag("gone", "soon")
        mlflow.delete_tag("gone")
        rows = pandas.DataFrame({"x": [1.0, 2.0], "y": [0, 1]})
        mlflow.log_input(mlflow.data.from_pandas(rows, name="rows", targets="y"), context="training")
        with mlflow.start_run(run_name="child", nested=True) as child:
            mlflow.log_metric("depth", 2)
    return parent.info.run_id, child.info.run_id


def shown(run_id, parent_id=None):
    """What a run holds, without what differs from run to run."""
    run = client.get_run(run_id)
    tags = {key: value for key, value in run.data.tags.items() if not key.startswith("mlflow.")}
    return {
        "name": run.info.run_name,
        "status": run.info.status,
        "ended": run.info.end_time >= run.info.start_time,
        "params": run.data.params,
        "metrics": run.data.metrics,
        "tags": tags,
        "note": run.data.tags.get("mlflow.note.content"),
        "is child": run.data.tags.get("mlflow.parentRunId") == parent_id and parent_id is not None,
        "inputs": [
            [entry.dataset.name, len(entry.dataset.digest), [[tag.key, tag.value] for tag in entry.tags]]
            for entry in run.inputs.dataset_inputs
        ],
    }


def artifacts(run_id):
    """Files of every kind, listed and read back."""
    with mlflow.start_run(run_id=run_id):
        mlflow.log_text("héllo", "notes/ä b.txt")
        mlflow.log_dict({"a": [1, 2]}, "notes/facts.json")
        mlflow.log_table({"q": ["one"], "a": [1]}, "table.json")
        mlflow.log_table({"q": ["two"], "a": [2]}, "table.json")
        mlflow.log_image(numpy.zeros((4, 4, 3), dtype=numpy.uint8), "black.png")
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "deep" / "er").mkdir(parents=True)
            (root / "deep" / "er" / "bytes.bin").write_bytes(bytes(range(256)))
            (root / "empty").write_bytes(b"")
            mlflow.log_artifacts(folder, "folder")
            mlflow.log_artifact(str(root / "empty"))
    listed = [[file.path, file.is_dir, file.file_size] for file in client.list_artifacts(run_id, "notes")]
    with tempfile.TemporaryDirectory() as folder:
        whole = pathlib.Path(mlflow.artifacts.download_artifacts(run_id=run_id, dst_path=folder))
        files = {str(path.relative_to(whole)): path.stat().st_size for path in sorted(whole.rglob("*")) if path.is_file()}
        same = (whole / "folder/deep/er/bytes.bin").read_bytes() == bytes(range(256))
    return {
        "notes": sorted(listed),
        "text": mlflow.artifacts.load_text(f"runs:/{run_id}/notes/ä b.txt"),
        "table": mlflow.load_table("table.json", run_ids=[run_id]).to_dict(orient="list"),
        "names": sorted(files),
        "bytes are the same": same,
        "nothing": client.list_artifacts(run_id, "nowhere"),
    }


def batches(experiment_id):
    """The client's own calls: batches, updates, deletion and back."""
    run = client.create_run(experiment_id, start_time=5, run_name="by hand", tags={"a": "b"})
    run_id = run.info.run_id
    metrics = [Metric("m", index / 2, 10 + index, index) for index in range(1000)]
    client.log_batch(run_id, metrics=metrics)
    client.log_batch(run_id, params=[Param(f"p{index}", str(index)) for index in range(100)])
    client.log_batch(run_id, tags=[RunTag(f"t{index}", str(index)) for index in range(100)])
    client.log_batch(run_id, metrics=metrics[:10])
    client.update_run(run_id, status="RUNNING", name="renamed")
    client.set_terminated(run_id, "FAILED", end_time=77)
    history = client.get_metric_history(run_id, "m")
    found = client.get_run(run_id)
    client.delete_run(run_id)
    deleted = [run.info.run_id for run in client.search_runs([experiment_id], run_view_type=ViewType.DELETED_ONLY)]
    refused = refusal(lambda: client.set_tag(run_id, "a", "c"))
    client.restore_run(run_id)
    client.set_tag(run_id, "a", "c")
    return {
        "name": found.info.run_name,
        "status": found.info.status,
        "times": [found.info.start_time, found.info.end_time],
        "latest": found.data.metrics,
        "params": len(found.data.params),
        "points": len(history),
        "steps in order": [point.step for point in history] == list(range(1000)),
        "deleted": deleted == [run_id],
        "refused": refused,
        "after": client.get_run(run_id).data.tags["a"],
    }


def experiments():
    """Experiments made, renamed, tagged, deleted and restored."""
    made = client.create_experiment("first", tags={"a": "1"})
    client.set_experiment_tag(made, "b", "é")
    client.rename_experiment(made, "second")
    client.delete_experiment(made)
    gone = [found.name for found in client.search_experiments(view_type=ViewType.DELETED_ONLY)]
    client.restore_experiment(made)
    back = client.get_experiment(made)
    return {
        "name": back.name,
        "tags": back.tags,
        "stage": back.lifecycle_stage,
        "gone": gone,
        "absent": client.get_experiment_by_name("first"),
        "twice": refusal(lambda: client.create_experiment("second")),
        "default": client.get_experiment("0").name,
    }


def main():
    experiment = mlflow.set_experiment("tracking")
    parent, child = logged_run()
    frame = mlflow.search_runs(order_by=["attributes.start_time ASC"])
    tell(
        {
            "parent": shown(parent),
            "child": shown(child, parent),
            "loss": [[point.step, point.value] for point in client.get_metric_history(parent, "loss")],
            "frame": sorted(frame["tags.mlflow.runName"]),
            "artifacts": artifacts(parent),
            "batches": batches(experiment.experiment_id),
            "experiments": experiments(),
            "changed param": refusal(lambda: client.log_param(parent, "alpha", 1)),
            "no such run": refusal(lambda: client.get_run("0" * 32)),
        }
    )


main()
