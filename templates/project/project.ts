// The model "my-model": what is predicted, and what "good enough" means. As it stands it predicts how many hours a bicycle repair takes,
// on rows that simulator.ts makes up. Change the lines marked CHANGE, then features.ts; delete simulator.ts once you import rows of your own.
import { defineProject } from '../../src/lifecycle/project.ts'
import { specification } from './features.ts'
import { SIZES, simulateRepairs } from './simulator.ts'

export const project = defineProject({
  name: 'my-model', // also the name of the registered model, and what its tables and its settings begin with
  row: { one: 'repair', many: 'repairs' }, // CHANGE: what one row is called
  metric: { name: 'mae', unit: 'h' }, // CHANGE: the unit of what is predicted; the error is the mean absolute one
  defaultThreshold: 0.5, // CHANGE: the largest error that is good enough, in that unit
  sizes: SIZES, // raw tables there are, smallest first: here my_model_raw_small and my_model_raw_large
  defaultSize: 'small',
  historyFrom: '2024-01-01', // CHANGE: the first day that has rows
  defaultEvaluationStart: '2025-01-01', // CHANGE: the first month that is fresh; everything before it is history
  replayMonths: { from: '2025-01', to: '2025-04' }, // CHANGE: the months that `replay` plays, both included
  specification,
  simulate: simulateRepairs, // CHANGE: null, once your own rows come from `./understudy data import`
  request: [
    // CHANGE: what a prediction is asked with, each a column of features.ts; a time is written in UTC
    { name: 'brought_at', kind: 'time', label: 'Brought in at', example: '2025-02-03 09:30:00' },
    { name: 'kind', kind: 'integer', label: 'Kind of bicycle (1 city, 2 racing, 3 electric)', example: '3' },
    { name: 'age_years', kind: 'number', label: 'Age in years', example: '4.5' },
    { name: 'parts', kind: 'integer', label: 'Parts to replace', example: '2' },
  ],
  replyKey: 'hours', // CHANGE: what the predicted value is called in a reply
})
