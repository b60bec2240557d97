"""Quantiles of Student's t from SciPy, for src/evaluation/student-t.test.ts.

Run:  python tests/golden/student_t.py > tests/golden/student_t.json   (made with scipy 1.17.1)
"""

import json

import scipy
from scipy.stats import t

PROBABILITIES = [0.0001, 0.025, 0.2, 0.45, 0.55, 0.8, 0.95, 0.975, 0.9875, 1 - 0.05 / 6, 0.995, 0.9999]
DEGREES = [1, 2, 3, 4, 5, 6, 7, 8, 11, 19, 27, 30, 60, 119, 364, 1000]

rows = [[p, df, float(t.ppf(p, df))] for df in DEGREES for p in PROBABILITIES]
body = ",\n    ".join(json.dumps(row) for row in rows)
print(f'{{\n  "scipy": "{scipy.__version__}",\n  "quantiles": [\n    {body}\n  ]\n}}')
