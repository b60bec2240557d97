"""An artifact as large as the first argument says, in MB: up through the server and down again, unchanged."""

import hashlib
import os
import pathlib
import sys
import tempfile
import time

import mlflow
from facts import tell


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main():
    megabytes = int(sys.argv[1])
    mlflow.set_experiment("big artifacts")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "big.bin"
        with open(path, "wb") as file:
            for _ in range(megabytes):
                file.write(os.urandom(1_000_000))
        with mlflow.start_run() as run:
            began = time.monotonic()
            mlflow.log_artifact(str(path))
            up = time.monotonic() - began
        began = time.monotonic()
        back = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="big.bin", dst_path=f"{folder}/back")
        down = time.monotonic() - began
        (listed,) = mlflow.MlflowClient().list_artifacts(run.info.run_id)
        tell({"bytes": listed.file_size, "unchanged": digest(path) == digest(back), "seconds": [up, down]})


main()
