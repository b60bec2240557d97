// The laws of an artifact store. Each adapter's test hands in a way to open a fresh one.
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ArtifactStore } from './port.ts'
import { streamingLaws } from './streams.contract.ts'

const BAD_PATHS = [
  ['absolute', '/a'],
  ['an empty path', ''],
  ['an empty part', 'a//b'],
  ['a trailing slash', 'a/'],
  ['a leading ./', './a'],
  ['a dot inside', 'a/./b'],
  ['leading dots', '../a'],
  ['dots inside', 'a/../../b'],
  ['dots alone', '..'],
  ['a backslash', 'a\\b'],
  ['backslashed dots', '..\\..\\etc'],
  ['a drive', 'C:\\x'],
  ['NUL', 'a\0b'],
  ['half a character', 'a/\ud83d'],
  ['a part of 256 bytes', `a/${'é'.repeat(128)}`],
  ['1025 bytes', `${'a'.repeat(200)}/`.repeat(5) + 'a'.repeat(20)],
  ['the folder of half-written files', '.partial/a'],
] as const

const GOOD_PATHS = [
  'a',
  'a/b/c.txt',
  '..a/b..',
  '.hidden',
  'a b/ c',
  'a#b?c%2e%2e',
  'Ünïcødé/日本語/🚕.onnx',
  'e\u0301/\u00e9',
  'a:b',
  'a;b',
]

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
async function* nothing(): AsyncGenerator<Uint8Array> {}
const part = fc.constantFrom('a', 'b', 'model', 'é', '..c', '日本')
const anyPath = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))

/** Runs every law against stores that `open` makes, each of them empty. */
export function artifactsContract(name: string, open: () => Promise<ArtifactStore>): void {
  describe(`${name} keeps the laws of an artifact store`, () => {
    readingLaws(open)
    absenceLaws(open)
    concurrencyLaws(open)
    pathLaws(open)
    listingLaws(open)
    folderLaws(open)
    streamingLaws(open)
  })
}

function readingLaws(open: () => Promise<ArtifactStore>): void {
  test('get returns the bytes that put was given, and put their SHA-256', async () => {
    const store = await open()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (bytes) => {
        const answer = await store.put('a/b', bytes)
        expect(await store.get('a/b')).toEqual(bytes)
        expect(answer).toEqual({ sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length })
      }),
      { seed: 20_260_822, numRuns: 30 },
    )
  })

  test('what is done to an array before or after does not reach the store', async () => {
    const store = await open()
    const given = bytesOf('one')
    await store.put('a', given)
    given[0] = 0
    const got = await store.get('a')
    got[1] = 0
    expect(await store.get('a')).toEqual(bytesOf('one'))
  })

  test('a view into a larger buffer is stored alone', async () => {
    const store = await open()
    await store.put('a', bytesOf('0123456789').subarray(3, 6))
    expect(await store.get('a')).toEqual(bytesOf('345'))
  })

  test('a second put replaces the whole, also by less', async () => {
    const store = await open()
    await store.put('a', bytesOf('a long first text'))
    await store.put('a', bytesOf('short'))
    expect(await store.get('a')).toEqual(bytesOf('short'))
    await store.put('a', new Uint8Array(0))
    expect(await store.get('a')).toEqual(new Uint8Array(0))
  })
}

function absenceLaws(open: () => Promise<ArtifactStore>): void {
  test('an absent path, a folder and a path below a file are NOT_FOUND to get and delete', async () => {
    const store = await open()
    await store.put('a/b', bytesOf('x'))
    for (const path of ['z', 'a', 'a/c', 'a/b/c']) {
      await expect(store.get(path), path).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: expect.stringContaining(path),
      })
      await expect(store.delete(path), path).rejects.toMatchObject({ code: 'NOT_FOUND' })
    }
    expect(await store.get('a/b')).toEqual(bytesOf('x'))
  })

  test('a path cannot be a file and a folder', async () => {
    const store = await open()
    await store.put('a/b', bytesOf('x'))
    await expect(store.put('a', bytesOf('y'))).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(store.put('a/b/c', bytesOf('y'))).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(await store.list('')).toEqual([{ path: 'a/b', bytes: 1 }])
  })

  test('a folder is gone with its last file, so that a file may take its name', async () => {
    const store = await open()
    await store.put('a/b/c', bytesOf('x'))
    await store.delete('a/b/c')
    await store.put('a', bytesOf('y'))
    expect(await store.list('')).toEqual([{ path: 'a', bytes: 1 }])
  })
}

function concurrencyLaws(open: () => Promise<ArtifactStore>): void {
  test('of many puts at once to one path one wins whole, and every read on the way sees one of them whole', async () => {
    const store = await open()
    const versions = Array.from({ length: 8 }, (_, i) => new Uint8Array(200_000).fill(i + 1))
    await store.put('m/model', versions[0]!)
    const isWhole = (bytes: Uint8Array): boolean => bytes.length === 200_000 && bytes.every((byte) => byte === bytes[0])
    const puts = versions.map((bytes) => store.put('m/model', bytes))
    const reads = Array.from({ length: 20 }, async () => isWhole(await store.get('m/model')))
    expect((await Promise.all(reads)).every(Boolean)).toBe(true)
    await Promise.all(puts)
    expect(isWhole(await store.get('m/model'))).toBe(true)
    expect(await store.list('')).toEqual([{ path: 'm/model', bytes: 200_000 }])
  })

  test('puts and deletes side by side in one folder do not disturb each other', async () => {
    const store = await open()
    const one = async (path: string): Promise<void> => {
      for (let i = 0; i < 15; i++) {
        await store.put(path, bytesOf(path))
        await store.delete(path)
      }
      await store.put(path, bytesOf(path))
    }
    await Promise.all(['a/b/1', 'a/b/2', 'a/c'].map(one))
    expect((await store.list('')).map((file) => file.path)).toEqual(['a/b/1', 'a/b/2', 'a/c'])
  })
}

function pathLaws(open: () => Promise<ArtifactStore>): void {
  test.each(BAD_PATHS)('refuses %s', async (_, path) => {
    const store = await open()
    const refusal = { code: 'BAD_INPUT' }
    await expect(store.put(path, bytesOf('x'))).rejects.toMatchObject(refusal)
    await expect(store.get(path)).rejects.toMatchObject(refusal)
    await expect(store.delete(path)).rejects.toMatchObject(refusal)
    await expect(store.deleteAll(path)).rejects.toMatchObject(refusal)
    await expect(store.read(path)).rejects.toMatchObject(refusal)
    await expect(store.write(path, nothing())).rejects.toMatchObject(refusal)
    if (path !== '') {
      await expect(store.list(path)).rejects.toMatchObject(refusal)
      await expect(store.folder(path)).rejects.toMatchObject(refusal)
      expect(() => store.uri(path)).toThrow(expect.objectContaining(refusal))
    }
    expect(await store.list('')).toEqual([])
  })

  test.each(GOOD_PATHS)('keeps a file named %j, and its address leads back to it', async (path) => {
    const store = await open()
    await store.put(path, bytesOf(path))
    expect(await store.get(path)).toEqual(bytesOf(path))
    expect(await store.list('')).toEqual([{ path, bytes: bytesOf(path).length }])
    expect(store.pathOf(store.uri(path))).toBe(path)
    expect(store.uri(path)).toMatch(/^[a-z]+:\/\/\/[\x21-\x7e]*$/)
    expect(store.uri(path)).not.toContain('#')
  })

  test('two spellings of one letter are two files', async () => {
    const store = await open()
    await store.put('\u00e9', bytesOf('one character'))
    await store.put('e\u0301', bytesOf('two characters'))
    expect(await store.get('\u00e9')).toEqual(bytesOf('one character'))
  })

  test("the store's own address stands for '', and one elsewhere for nothing", async () => {
    const store = await open()
    expect(store.pathOf(store.uri(''))).toBe('')
    for (const uri of [
      's3://bucket/a',
      'http://host/a',
      'file:///etc/passwd',
      '/etc/passwd',
      'models:/m-1',
      'a/b',
      '',
    ]) {
      expect(store.pathOf(uri), uri).toBeNull()
    }
  })

  test('an address that climbs out of the store stands for nothing', async () => {
    const store = await open()
    for (const climb of ['/../x', '/a/../../x', '/%2e%2e/x', '/..%2fx', '/%']) {
      expect(store.pathOf(store.uri('') + climb), climb).toBeNull()
    }
  })
}

function listingLaws(open: () => Promise<ArtifactStore>): void {
  test('an empty store and an absent folder list nothing', async () => {
    const store = await open()
    expect(await store.list('')).toEqual([])
    expect(await store.list('a/b')).toEqual([])
  })

  test('a list holds what lies below a folder, not what merely begins like it', async () => {
    const store = await open()
    for (const path of ['a/z', 'a/b/c', 'ab', 'a-b/c', 'b']) await store.put(path, bytesOf(path))
    expect(await store.list('a')).toEqual([
      { path: 'a/b/c', bytes: 5 },
      { path: 'a/z', bytes: 3 },
    ])
    expect(await store.list('ab')).toEqual([{ path: 'ab', bytes: 2 }])
    expect(await store.list('a/z/x')).toEqual([])
  })

  test('a list is complete and sorted whatever was put and deleted before', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(anyPath, fc.boolean()), { maxLength: 12 }), async (steps) => {
        const store = await open()
        const expected = new Map<string, number>()
        for (const [path, isPut] of steps) {
          const done = await (isPut ? store.put(path, bytesOf(path)) : store.delete(path)).then(
            () => true,
            () => false,
          )
          if (done && isPut) expected.set(path, bytesOf(path).length)
          if (done && !isPut) expected.delete(path)
        }
        const listed = await store.list('')
        expect(listed.map((file) => [file.path, file.bytes])).toEqual(
          [...expected].sort(([a], [b]) => (a < b ? -1 : 1)),
        )
      }),
      { seed: 20_260_822, numRuns: 25 },
    )
  })
}

function folderLaws(open: () => Promise<ArtifactStore>): void {
  test('a folder shows its own files and folders, sorted, and nothing that lies deeper', async () => {
    const store = await open()
    for (const path of ['a/z', 'a/b/c', 'a/b/d', 'a/b-', 'ab', 'b']) await store.put(path, bytesOf(path))
    expect(await store.folder('')).toEqual([
      { name: 'a', bytes: null },
      { name: 'ab', bytes: 2 },
      { name: 'b', bytes: 1 },
    ])
    expect(await store.folder('a')).toEqual([
      { name: 'b', bytes: null },
      { name: 'b-', bytes: 4 },
      { name: 'z', bytes: 3 },
    ])
    for (const path of ['ab', 'ab/c', 'c', 'c/d']) expect(await store.folder(path), path).toEqual([])
  })

  test('deleting all of a folder leaves its neighbours, and frees its name', async () => {
    const store = await open()
    for (const path of ['a/b/c', 'a/b/d/e', 'a/bc', 'b']) await store.put(path, bytesOf(path))
    expect(await store.deleteAll('a/b')).toBe(true)
    expect((await store.list('')).map((file) => file.path)).toEqual(['a/bc', 'b'])
    expect(await store.deleteAll('a/b')).toBe(false)
    expect(await store.deleteAll('b/c')).toBe(false)
    expect(await store.deleteAll('a/bc')).toBe(true)
    await store.put('a', bytesOf('x'))
    expect(await store.folder('')).toEqual([
      { name: 'a', bytes: 1 },
      { name: 'b', bytes: 1 },
    ])
  })
}
