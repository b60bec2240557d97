// What training costs beside what a Python user would take for it: the network beside Keras, the trees beside LightGBM, in one run.
//
//   node launcher.mjs --node benchmarks/training.ts [--runs 3] [--size 200k] [--rides RIDES.parquet --month 2015-01]
//        [--rows 1000000] [--trees 500] [--only network|trees]
//
// The Python environment is made on first use (some 3 GB); KERAS_PYTHON and LIGHTGBM_PYTHON name others.
import { parseArgs } from 'node:util'
import { trainingPython } from './python-environment.ts'
import { networkBesideKeras } from './training-network.ts'
import { treesBesideOthers } from './training-trees.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    size: { type: 'string', default: '200k' },
    rides: { type: 'string' },
    month: { type: 'string', default: '2015-01' },
    rows: { type: 'string', default: '1000000' },
    trees: { type: 'string', default: '500' },
    only: { type: 'string' },
  },
})
const runs = Number(values.runs)
if (values.only !== 'trees') await networkBesideKeras({ ...values, runs })
if (values.only !== 'network') {
  await treesBesideOthers({
    rows: Number(values.rows),
    trees: Number(values.trees),
    threads: 2,
    runs,
    cases: ['l2:11', 'l2:20', 'l1:11', 'l1:20'],
    python: trainingPython(process.env.LIGHTGBM_PYTHON),
  })
}
