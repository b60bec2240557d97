import { expect, test } from 'vitest'
import {
  EXPERIMENTS,
  type Language,
  LOGGED_MODELS,
  MODEL_VERSIONS,
  REGISTERED_MODELS,
  RUNS,
} from './filter-entities.ts'
import { readOrder } from './order-by.ts'
import { readFilter } from './read-filter.ts'

const RUN_KEYS =
  "{'run_id', 'run_name', 'run name', 'Run name', 'Run Name', 'status', 'user_id', 'artifact_uri', 'start_time', 'created', 'Created', 'end_time'}"
const SIGNS = "{'=', '!=', '<', '<=', '>', '>='}"
const INVALID = 'Invalid clause(s) in filter string:'

// MLflow 3.17.2's own words, which it was asked for; but for the order within a set, which Python leaves open.
test.each([
  ['metrics.m = foo', 'Expected numeric value type for metric. Found foo'],
  ["metrics.m = 'a'", "Expected numeric value type for metric. Found 'a'"],
  ['metrics.m IN (1,2)', 'Expected numeric value type for metric. Found (1,2)'],
  ['metrics.m ~ 1', `Invalid comparator '~' not one of '${SIGNS}`],
  ['metrics.m > 1 OR metrics.m < 2', `${INVALID} 'OR'`],
  ['metrics.m >', `${INVALID} 'metrics.m', '>'`],
  [
    'metrics.m > 1; metrics.m > 2',
    "Search filter contained multiple expression 'metrics.m > 1; metrics.m > 2'. Provide AND-ed expression list.",
  ],
  ['metrics.m BETWEEN 1 AND 2', `${INVALID} 'metrics.m', 'BETWEEN', '1', '2'`],
  ['NOT metrics.m > 1', `${INVALID} 'NOT'`],
  ['(metrics.m > 1)', `${INVALID} '(metrics.m > 1)'`],
  ["run_id IN 'a'", `${INVALID} 'run_id', 'IN', ''a''`],
  ['1 > metrics.m', "Invalid comparison clause. Expected 'Identifier' found '1'"],
  ['params.p = 1', "Expected a quoted string value for parameter (e.g. 'my-value'). Got value 1"],
  ["tags.x IN ('a')", "Expected a quoted string value for tag (e.g. 'my-value'). Got value ('a')"],
  [
    "params.p NOT LIKE 'x'",
    "Invalid comparator 'NOT LIKE' not one of '{'=', '!=', 'LIKE', 'ILIKE', 'IS NULL', 'IS NOT NULL'}'",
  ],
  ['foo.bar = 1', "Invalid entity type 'foo'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']"],
  ["attributes.foo = 'x'", `Invalid attribute key 'foo' specified. Valid keys are '${RUN_KEYS}'`],
  ["constructor = 'x'", `Invalid attribute key 'constructor' specified. Valid keys are '${RUN_KEYS}'`],
  ["dataset.foo = 'x'", "Invalid dataset key 'foo' specified. Valid keys are '{'name', 'digest', 'context'}'"],
  ['dataset.name = 5', 'Expected a quoted string value for dataset attributes. Got value 5'],
  [
    'status = FINISHED',
    'Parameter value is either not quoted or unidentified quote types used for string value FINISHED. Use either single or double quotes.',
  ],
  ['status = 5', 'Expected a quoted string value for attributes. Got value 5'],
  ["status IN ('FINISHED')", "Only ['run_id'] attributes support comparison with a list of quoted string values."],
  ["start_time > 'a'", "Expected numeric value type for numeric attribute: start_time. Found 'a'"],
  ['metrics.m IS NULL', "IS NULL / IS NOT NULL is only supported for tags and params, not for 'metric' 'm'"],
  ['status IS NULL', "IS NULL / IS NOT NULL is only supported for tags and params, not for 'attribute' 'status'"],
  ['run_id IN ()', 'While parsing a list in the query, expected a non-empty list of string values, but got empty list'],
  [
    'run_id IN (1)',
    'While parsing a list in the query, expected string value, punctuation, or whitespace, but got different type in list: (1,)',
  ],
  [
    'run_id IN (a)',
    'While parsing a list in the query, expected a non-empty list of string values, but got ill-formed list.',
  ],
  ['   ', "Invalid filter '   '. Could not be parsed."],
])('of runs, %s is refused as MLflow does', (filter, message) => refused(RUNS, filter, message))

test.each<[string, Language, string, string]>([
  [
    'experiments',
    EXPERIMENTS,
    "attributes.name = 'x'",
    "Invalid entity type 'attributes'. Valid entity types are ('attribute', 'tag', 'tags')",
  ],
  ['experiments', EXPERIMENTS, "name = 'x' OR name = 'y'", `${INVALID} OR`],
  ['experiments', EXPERIMENTS, "experiment_id > '1'", 'Invalid comparator for experiment_id: >'],
  [
    'experiments',
    EXPERIMENTS,
    "experiment_id = 'x'",
    "Invalid experiment ID 'x'. Experiment ID must be a valid integer.",
  ],
  ['experiments', EXPERIMENTS, 'creation_time > 1.5', "Invalid value for numeric attribute 'creation_time': '1.5'"],
  [
    'experiments',
    EXPERIMENTS,
    "creation_time > '1'",
    "Expected numeric value type for numeric attribute: creation_time. Found '1'",
  ],
  [
    'experiments',
    EXPERIMENTS,
    'name IS NULL',
    "IS NULL / IS NOT NULL is only supported for tags, not for attribute 'name'",
  ],
  ['models', REGISTERED_MODELS, "foo = 'x'", "Invalid attribute key 'foo' specified. Valid keys are '{'name'}'"],
  [
    'models',
    REGISTERED_MODELS,
    'name = 5',
    'Expected a quoted string value or a list of quoted string values for attributes. Got value 5',
  ],
  ['models', REGISTERED_MODELS, "name > 'x'", 'Invalid comparator for attribute: >'],
  ['models', REGISTERED_MODELS, "tags.t > 'x'", 'Invalid comparator for tag: >'],
  ['versions', MODEL_VERSIONS, 'version_number > 1.5', "Invalid value for numeric attribute 'version_number': 1.5"],
  ['versions', MODEL_VERSIONS, "version_number = 'x'", "Invalid value for numeric attribute 'version_number': 'x'"],
  ['versions', MODEL_VERSIONS, 'version_number LIKE 1', 'Invalid comparator for attribute version_number: LIKE'],
  [
    'versions',
    MODEL_VERSIONS,
    "source_path IN ('a')",
    "Only ['name', 'run_id'] attributes support comparison with a list of quoted string values.",
  ],
  [
    'logged models',
    LOGGED_MODELS,
    'metric.x > 1',
    "Invalid entity type: 'metric'. Expected one of ['attributes', 'metrics', 'params', 'tags'].",
  ],
  [
    'logged models',
    LOGGED_MODELS,
    "name > 'x'",
    "Invalid comparison operator for attributes.name: '>'. Expected one of ('=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN').",
  ],
  [
    'logged models',
    LOGGED_MODELS,
    "a = 'b' OR c = 'd'",
    `Invalid filter string: "a = 'b' OR c = 'd'". Expected a list of comparisons separated by 'AND' (e.g. 'metrics.loss > 0.1 AND params.lr = 0.01').`,
  ],
])('of %s, too', (_, language, filter, message) => refused(language, filter, message))

test.each<[Language, string[], string]>([
  [
    RUNS,
    ['foo'],
    "Invalid attribute key 'foo' specified. Valid keys are '{'run_id', 'run_name', 'status', 'user_id', 'artifact_uri', 'start_time', 'created', 'Created', 'end_time'}'",
  ],
  [RUNS, ['metrics.m UP'], "Invalid ordering key in order_by clause 'metrics.m UP'."],
  [RUNS, ['params.p ASC, metrics.m'], "Invalid order_by clause 'params.p ASC, metrics.m'. Could not be parsed."],
  [RUNS, ['metrics.m DESC NULLS LAST'], "Invalid order_by clause 'metrics.m DESC NULLS LAST'. Could not be parsed."],
  [RUNS, ['start_time ASC', 'created'], "`order_by` contains duplicate fields: ['start_time ASC', 'created']"],
  [RUNS, ['metrics.m', 'metrics.`m` DESC'], "`order_by` contains duplicate fields: ['metrics.m', 'metrics.`m` DESC']"],
  [RUNS, Array(41).fill('metrics.m'), 'The order_by list has 41 fields; at most 40 are read.'],
  [EXPERIMENTS, ['tags.x'], 'Invalid order_by entity: tag'],
  [
    REGISTERED_MODELS,
    ['creation_timestamp'],
    "Invalid order by key 'creation_timestamp' specified. Valid keys are '{'name', 'timestamp'}'",
  ],
  [
    MODEL_VERSIONS,
    ['run_id'],
    "Invalid attribute key 'run_id' specified. Valid keys are '{'name', 'version_number', 'creation_timestamp', 'last_updated_timestamp'}'",
  ],
])('an order is refused in words', (language, order, message) => {
  expect(() => readOrder<string>(language, order)).toThrow(
    expect.objectContaining({ message, code: 'INVALID_PARAMETER_VALUE' }),
  )
})

test('whole numbers are exact as far as 64 bits go, and doubles beyond', () => {
  const testOf = (number: string): unknown => readFilter(RUNS, `start_time > ${number}`)[0]?.test
  expect(testOf('9007199254740993')).toEqual({ comparator: '>', value: 9007199254740993n })
  expect(testOf('-9223372036854775808')).toEqual({ comparator: '>', value: -9223372036854775808n })
  expect(testOf('9223372036854775808')).toEqual({ comparator: '>', value: 2 ** 63 })
  expect(testOf('9'.repeat(400))).toEqual({ comparator: '>', value: Number.POSITIVE_INFINITY })
  expect(testOf('1.5')).toEqual({ comparator: '>', value: 1.5 })
})

test('texts of a list are read as Python reads them', () => {
  const filter = `run_id IN ('a', "b", 'it\\'s', 'C:\\\\x', 'd''e',)`
  expect(readFilter(RUNS, filter)[0]?.test).toEqual({ comparator: 'IN', values: ['a', 'b', "it's", 'C:\\x', 'de'] })
})

test("a logged model's values may do without quotes, and its keys without backticks", () => {
  expect(readFilter(LOGGED_MODELS, 'params.lr = 0.01 AND metrics.val/loss-2 > 1 AND name = model')).toEqual([
    { entity: 'parameter', key: 'lr', test: { comparator: '=', value: '0.01' } },
    { entity: 'metric', key: 'val/loss-2', test: { comparator: '>', value: 1 } },
    { entity: 'attribute', column: 'name', test: { comparator: '=', value: 'model' } },
  ])
})

function refused(language: Language, filter: string, message: string): void {
  expect(() => readFilter<string>(language, filter)).toThrow(
    expect.objectContaining({ message, code: 'INVALID_PARAMETER_VALUE' }),
  )
}
