// Which addresses of files can be reached from here, and what is said of those that cannot.
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { diskArtifacts } from '../artifacts/disk.ts'
import { filesAt } from './remote-artifacts.ts'
import { openRest } from './rest.ts'

const at = (uri: string) => ({
  rest: openRest({ uri, username: null, password: null, token: null }),
  folder: diskArtifacts,
})
const HERE = at('http://127.0.0.1:5000')
const ELSEWHERE = at('https://mlflow.example.org/team')

test.each([
  [ELSEWHERE, 'mlflow-artifacts:/1/abc/artifacts'],
  [ELSEWHERE, 'mlflow-artifacts://mlflow.example.org/1/abc/artifacts'],
  [ELSEWHERE, 'https://mlflow.example.org/team/api/2.0/mlflow-artifacts/artifacts/1/abc/artifacts'],
])('case %#: what the server passes on can be reached', (context, uri) => {
  expect(() => filesAt(context, uri, 'the run')).not.toThrow()
})

test.each([
  ['s3://bucket/1/abc/artifacts', /the run lies at s3:.*cloud’s store come with a later version; let the server pass/],
  ['gs://bucket/x', /come with a later version/],
  ['ftp://host/x', /ftp: is no address that is known here/],
  [
    'mlflow-artifacts://other.example.org/1/abc/artifacts',
    /on another server than https:\/\/mlflow\.example\.org\/team/,
  ],
  ['https://other.example.org/api/2.0/mlflow-artifacts/artifacts/1/abc', /on another server/],
  [
    'file:///nowhere/mlruns/1/abc/artifacts',
    /no folder of this machine: .*passes none on; start it with --artifacts-dest/,
  ],
  ['/nowhere/mlruns/1/abc/artifacts', /no folder of this machine/],
  ['file://host/share/1/abc/artifacts', /no folder of this machine/],
  ['./mlruns/1/abc/artifacts', /no folder of this machine/],
])('%s cannot, and what can be done about it is told', (uri, words) => {
  expect(() => filesAt(ELSEWHERE, uri, 'the run')).toThrow(
    expect.objectContaining({ code: 'BAD_INPUT', message: expect.stringMatching(words) }),
  )
})

test('a folder that this machine and the server share is read and written where it lies, and nothing of the run is in the way', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'understudy-files-'))
  const run = filesAt(HERE, join(folder.path, 'not made yet/1/abc/artifacts'), 'the run')
  await run.put('model/model.onnx', Uint8Array.of(1, 2))
  expect(await run.list('')).toEqual([{ path: 'model/model.onnx', bytes: 2 }])
  expect(await run.get('model/model.onnx')).toEqual(Uint8Array.of(1, 2))
  expect(await run.list('mode')).toEqual([])
  const model = filesAt(HERE, join(folder.path, 'not made yet/1/abc/artifacts/model'), 'the model')
  expect(await model.list('')).toEqual([{ path: 'model.onnx', bytes: 2 }])
  expect(await model.get('model.onnx')).toEqual(Uint8Array.of(1, 2))
  await expect(model.get('../model/model.onnx')).rejects.toMatchObject({ code: 'BAD_INPUT' })
})
