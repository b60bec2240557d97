import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { memoryArtifacts } from '../artifacts/memory.ts'
import { openArtifactRoots } from './artifact-roots.ts'

function opened(destination: string, defaultRoot?: string) {
  const folders: string[] = []
  const roots = openArtifactRoots({ destination, defaultRoot }, (folder) => {
    folders.push(folder)
    return memoryArtifacts()
  })
  return { defaultRoot: roots.defaultRoot, hasRootArtifacts: roots.rootArtifacts !== null, folders }
}

test('a path becomes absolute, and an address stays as it was written', () => {
  expect(opened('art')).toEqual({ defaultRoot: null, hasRootArtifacts: false, folders: [resolve('art')] })
  expect(opened('file:///a%20b', 'runs')).toEqual({
    defaultRoot: resolve('runs'),
    hasRootArtifacts: true,
    folders: ['/a b', resolve('runs')],
  })
  expect(opened('/a', 'file:///r%20s')).toEqual({
    defaultRoot: 'file:///r%20s',
    hasRootArtifacts: true,
    folders: ['/a', '/r s'],
  })
})

test.each([
  's3://bucket/runs',
  'gs://bucket',
  'mlflow-artifacts:/team',
  'http://host/api/2.0/mlflow-artifacts/artifacts',
])('a root at %s is reached by clients, or through the served store', (root) => {
  expect(opened('/a', root)).toEqual({ defaultRoot: root, hasRootArtifacts: false, folders: ['/a'] })
})

test('a destination that is no folder is refused with what to do instead', () => {
  const refusal = { code: 'BAD_INPUT', message: expect.stringContaining('--default-artifact-root') }
  expect(() => opened('s3://bucket')).toThrow(expect.objectContaining(refusal))
  expect(() => opened('file://host/a')).toThrow(
    expect.objectContaining({ code: 'BAD_INPUT', message: expect.stringContaining('file:///absolute/path') }),
  )
})
