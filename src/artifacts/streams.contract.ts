// The laws of reading and writing piece by piece, part of those of an artifact store.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ArtifactStore } from './port.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

async function* pieces(...parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield part
}

async function* broken(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(3_000_000)
  throw new Error('the sender is gone')
}

async function textOf(content: ReadableStream<Uint8Array>): Promise<string> {
  return new TextDecoder().decode(await new Response(content).bytes())
}

/** Runs the laws against stores that `open` makes, each of them empty. */
export function streamingLaws(open: () => Promise<ArtifactStore>): void {
  test('what is written in pieces is read whole, whatever the pieces', async () => {
    const store = await open()
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 2000 }), { maxLength: 8 }), async (parts) => {
        const whole = Buffer.concat(parts)
        expect(await store.write('a/b', pieces(...parts), { expectedBytes: whole.length })).toEqual({
          bytes: whole.length,
        })
        expect(Buffer.from(await store.get('a/b')).equals(whole)).toBe(true)
        const { bytes, content } = await store.read('a/b')
        expect(bytes).toBe(whole.length)
        expect(Buffer.from(await new Response(content).bytes()).equals(whole)).toBe(true)
      }),
      { seed: 20_261_122, numRuns: 25 },
    )
  })

  test('a file of several megabytes comes back as it went', async () => {
    const store = await open()
    const parts = Array.from({ length: 70 }, (_, i) => new Uint8Array(65_536 + i).fill(i))
    await store.write('a', pieces(...parts))
    const read = Buffer.from(await new Response((await store.read('a')).content).bytes())
    expect(read.equals(Buffer.concat(parts))).toBe(true)
  })

  test('pieces that are given away are stored like others, and those that are not stay as they are', async () => {
    const store = await open()
    const parts = Array.from({ length: 40 }, (_, i) => new Uint8Array(65_536).fill(i + 1))
    const whole = Buffer.concat(parts)
    await store.write('kept', pieces(...parts))
    expect(Buffer.concat(parts).equals(whole)).toBe(true)
    await store.write('given', pieces(...parts), { takesPieces: true })
    for (const path of ['kept', 'given']) expect(Buffer.from(await store.get(path)).equals(whole), path).toBe(true)
  })

  test('a part of a file is read as slice would have it', async () => {
    const store = await open()
    await store.put('a', bytesOf('0123456789'))
    const place = fc.option(fc.integer({ min: -12, max: 12 }), { nil: undefined })
    await fc.assert(
      fc.asyncProperty(place, place, async (from, to) => {
        const range = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
        const { bytes, content } = await store.read('a', range)
        expect(await textOf(content)).toBe('0123456789'.slice(from, to))
        expect(bytes).toBe(10)
      }),
      { seed: 20_261_122, numRuns: 100 },
    )
  })

  test('a sender that breaks off leaves what was there before, and nothing where nothing was', async () => {
    const store = await open()
    await store.put('a', bytesOf('before'))
    for (const path of ['a', 'b/c']) {
      await expect(store.write(path, broken())).rejects.toThrow('the sender is gone')
    }
    const short = { expectedBytes: 5 }
    await expect(store.write('a', pieces(bytesOf('four')), short)).rejects.toMatchObject({ code: 'BAD_INPUT' })
    await expect(store.write('b/c', pieces(bytesOf('sixsix')), short)).rejects.toMatchObject({ code: 'BAD_INPUT' })
    expect(await store.list('')).toEqual([{ path: 'a', bytes: 6 }])
    expect(await store.folder('')).toEqual([{ name: 'a', bytes: 6 }])
  })

  test('writing and reading in pieces keep the laws of files and folders', async () => {
    const store = await open()
    await store.put('a/b', bytesOf('x'))
    await expect(store.write('a', pieces(bytesOf('y')))).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(store.write('a/b/c', pieces(bytesOf('y')))).rejects.toMatchObject({ code: 'CONFLICT' })
    for (const path of ['z', 'a', 'a/c', 'a/b/c']) {
      await expect(store.read(path), path).rejects.toMatchObject({ code: 'NOT_FOUND' })
    }
    expect(await store.list('')).toEqual([{ path: 'a/b', bytes: 1 }])
  })

  test('half of a file is not seen before the other half came', async () => {
    const store = await open()
    const half = Promise.withResolvers<void>()
    const isHalfWay = Promise.withResolvers<void>()
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(2_000_000)
      isHalfWay.resolve()
      await half.promise
      yield bytesOf('the rest')
    }
    const writing = store.write('a', slow())
    await isHalfWay.promise
    expect(await store.list('')).toEqual([])
    expect(await store.folder('')).toEqual([])
    half.resolve()
    await writing
    expect(await store.list('')).toEqual([{ path: 'a', bytes: 2_000_008 }])
  })

  test('a file that is refused at the last moment is not seen, and what was there stays', async () => {
    const store = await open()
    await store.put('a', bytesOf('before'))
    const shown: string[] = []
    const beforeVisible = async (): Promise<void> => {
      shown.push(new TextDecoder().decode(await store.get('a')))
      throw new Error('it came too late')
    }
    async function* late(): AsyncGenerator<Uint8Array> {
      yield bytesOf('after')
      shown.push('all was sent')
    }
    for (const path of ['a', 'b/c']) {
      await expect(store.write(path, late(), { beforeVisible })).rejects.toThrow('it came too late')
    }
    expect(shown).toEqual(['all was sent', 'before', 'all was sent', 'before'])
    expect(await store.list('')).toEqual([{ path: 'a', bytes: 6 }])
    expect(await store.folder('')).toEqual([{ name: 'a', bytes: 6 }])
    await store.write('a', late(), { beforeVisible: async () => undefined })
    expect(await store.get('a')).toEqual(bytesOf('after'))
  })

  test('whoever reads while a file is replaced or deleted reads the old one to its end', async () => {
    const store = await open()
    await store.put('a', new Uint8Array(5_000_000).fill(1))
    const first = await store.read('a')
    const second = await store.read('a')
    await store.write('a', pieces(new Uint8Array(6_000_000).fill(2)))
    const third = await store.read('a')
    await store.delete('a')
    const [one, two, three] = await Promise.all(
      [first, second, third].map(async ({ content }) => new Response(content).bytes()),
    )
    expect([one!.length, two!.length, three!.length]).toEqual([5_000_000, 5_000_000, 6_000_000])
    expect([one, two, three].map((bytes) => new Set(bytes).size)).toEqual([1, 1, 1])
    expect([first.version === second.version, first.version === third.version]).toEqual([true, false])
  })

  test('content that nobody wants is cancelled, before and after its first piece', async () => {
    const store = await open()
    await store.put('a', new Uint8Array(3_000_000))
    await (await store.read('a')).content.cancel()
    for await (const piece of (await store.read('a')).content) {
      expect(piece.length).toBeGreaterThan(0)
      break
    }
    expect(await store.get('a')).toHaveLength(3_000_000)
  })
}
