"""A database as one MLflow leaves it, for tests/conformance/databases.test.ts.

Run:  python tests/golden/mlflow_database.py TARGET.db

A TARGET that is there is brought to the schema of the MLflow at hand, one that is not is made; into both go a run, a model and its version in
Production. tests/fixtures/mlflow-databases holds what came of it, gzipped: one each made by MLflow 3.11.1 and 3.16.0, and one that Understudy's
server had made and MLflow 3.18.0 brought to its schema.
"""

import pathlib
import sqlite3
import sys
import tempfile

import mlflow


def fill(client):
    experiment = client.create_experiment("kept", artifact_location="mlflow-artifacts:/1", tags={"team": "é"})
    run = client.create_run(experiment, start_time=1_700_000_000_000, run_name="old")
    for step in range(5):
        client.log_metric(run.info.run_id, "loss", 1 / (step + 1), timestamp=1_700_000_000_000 + step, step=step)
    client.log_metric(run.info.run_id, "nothing", float("nan"), timestamp=1_700_000_000_000, step=0)
    client.log_param(run.info.run_id, "alpha", "0.5")
    client.set_terminated(run.info.run_id, "FINISHED", end_time=1_700_000_001_000)
    client.create_registered_model("line", description="of old")
    version = client.create_model_version("line", "s3://bucket/model", run.info.run_id)
    client.transition_model_version_stage("line", version.version, "Production")
    client.set_registered_model_alias("line", "best", version.version)


def main():
    target = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "mlflow.db"
        if target.exists():
            path.write_bytes(target.read_bytes())
        client = mlflow.MlflowClient(f"sqlite:///{path}", f"sqlite:///{path}")
        client.search_experiments()
        client.search_registered_models()
        fill(client)
        database = sqlite3.connect(path)
        database.execute("update experiments set artifact_location = 'mlflow-artifacts:/0' where experiment_id = 0")
        database.commit()
        print(mlflow.__version__, *database.execute("select version_num from alembic_version").fetchone())
        target.unlink(missing_ok=True)
        database.execute("vacuum into ?", [str(target)])


main()
