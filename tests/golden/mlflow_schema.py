"""The database that the real MLflow creates, table by table, for src/tracking/open-store.test.ts.

Run:  python tests/golden/mlflow_schema.py   (made with mlflow 3.17.2; writes mlflow-schema.json beside itself)
"""

import json
import pathlib
import re
import sqlite3
import tempfile

import mlflow


def words(sql):
    """One spelling of a statement: single spaces, none beside brackets, no quotes around plain names."""
    text = re.sub(r'"(\w+)"', r"\1", re.sub(r"\s+", " ", sql.strip()))
    return re.sub(r" ?([(),]) ?", r"\1", text)


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "mlflow.db"
        mlflow.MlflowClient(f"sqlite:///{path}").search_experiments()
        database = sqlite3.connect(path)
        named = database.execute("select type, name, sql from sqlite_master where sql is not null order by name").fetchall()
        rows = {name: words(sql) for kind, name, sql in named if kind in ("index", "trigger")}
        tables = {}
        for kind, name, sql in named:
            if kind != "table":
                continue
            columns = database.execute("select name, type, \"notnull\", dflt_value, pk from pragma_table_xinfo(?)", [name])
            foreign = database.execute("select \"table\", \"from\", \"to\", on_update, on_delete from pragma_foreign_key_list(?)", [name])
            tables[name] = {
                "columns": [" | ".join("" if fact is None else str(fact) for fact in column) for column in columns],
                "foreignKeys": sorted(" | ".join(str(fact) for fact in key) for key in foreign),
                "checks": sorted(words(check) for check in re.findall(r"CHECK ?\(.*\)", sql)),
            }
        (revision,) = database.execute("select version_num from alembic_version").fetchone()
        workspaces = [list(row) for row in database.execute("select * from workspaces")]
        experiments = [list(row) for row in database.execute("select experiment_id, name, lifecycle_stage, workspace from experiments")]
    golden = {
        "mlflow": mlflow.__version__,
        "revision": revision,
        "workspaces": workspaces,
        "experiments": experiments,
        "tables": tables,
        "indexesAndTriggers": rows,
    }
    target = pathlib.Path(__file__).with_name("mlflow-schema.json")
    target.write_text(json.dumps(golden, indent=1) + "\n")


main()
