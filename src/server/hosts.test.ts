import { expect, test } from 'vitest'
import { hostRule, isLoopback, parseHost } from './hosts.ts'

const answers = (allowed: readonly string[] | null, own: readonly string[] = []) => {
  const rule = hostRule({ own, allowed })
  return (text: string): boolean => {
    const host = parseHost(text)
    return host !== null && rule(host)
  }
}

test.each([
  ['localhost', { kind: 'name', host: 'localhost', port: null }],
  ['LocalHost:5000', { kind: 'name', host: 'localhost', port: 5000 }],
  ['localhost.:80', { kind: 'name', host: 'localhost', port: 80 }],
  ['127.0.0.1:5000', { kind: 'ipv4', host: '127.0.0.1', port: 5000 }],
  ['[::1]:5000', { kind: 'ipv6', host: '::1', port: 5000 }],
  ['[FD00::7]', { kind: 'ipv6', host: 'fd00::7', port: null }],
  ['my_host.example.com', { kind: 'name', host: 'my_host.example.com', port: null }],
])('%s is read as a host', (text, host) => {
  expect(parseHost(text)).toEqual(host)
})

test.each([
  ...[
    '',
    ' ',
    'localhost:',
    'localhost:evil',
    'localhost:5000:5000',
    'localhost:65536',
    ':5000',
    '.',
    'a..b',
    '-a.example',
    'a.example..',
  ],
  ...[
    'user@localhost',
    'localhost@evil.example',
    'localhost/evil',
    'localhost\\evil',
    'localhost?x',
    'localhost#x',
    'local host',
    'a\tb',
  ],
  ...['::1', '[::1', '::1]', '[]', '[::1]evil', '[fe80::1%25eth0]', '[127.0.0.1]', '[::ffff:999.0.0.1]'],
  ...['2130706433', '0x7f000001', '127.1', '0177.0.0.1', '127.0.0.1.', '127.0.0.256', '1.2.3', '0x7f.1', 'evil.0x7f'],
  ...['évil.example', 'localhost,evil.example', `${'a'.repeat(64)}.example`, `${'a.'.repeat(130)}example`],
])('%j names no host', (text) => {
  expect(parseHost(text)).toBeNull()
})

test('only addresses of this machine are loopback', () => {
  const isOwn = (text: string): boolean => {
    const host = parseHost(text)
    return host !== null && isLoopback(host)
  }
  expect(
    ['localhost', '127.0.0.1', '127.255.0.9', '[::1]', '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]'].filter(
      (one) => !isOwn(one),
    ),
  ).toEqual([])
  expect(['0.0.0.0', '128.0.0.1', '[::]', '[::2]', 'localhost.evil.example', 'evil-localhost'].filter(isOwn)).toEqual(
    [],
  )
})

test('unless told otherwise a server answers to this machine and to private addresses, and to no name', () => {
  const isAnswered = answers(null)
  const good = [
    'localhost',
    'localhost:9',
    '127.0.0.1',
    '[::1]:5000',
    '0.0.0.0:5000',
    '10.0.0.1',
    '10.255.255.255:1',
    '172.16.0.1',
    '172.31.255.255',
  ]
  expect(
    [...good, '192.168.1.1:8080', '[fc00::1]', '[fdff::1]:5000', '[::ffff:10.0.0.1]'].filter(
      (host) => !isAnswered(host),
    ),
  ).toEqual([])
  const bad = [
    'evil.example',
    '10.evil.example',
    '192.168.evil.example',
    '192.168.1.1.evil.example',
    'localhost.evil.example',
    '172.15.0.1',
    '172.32.0.1',
  ]
  expect(
    [
      ...bad,
      '11.0.0.1',
      '192.169.0.1',
      '8.8.8.8',
      '169.254.169.254',
      '[fe80::1]',
      '[2001:db8::1]',
      'fc00.example',
    ].filter(isAnswered),
  ).toEqual([])
})

test('hosts that are allowed take the place of private addresses, never of this machine', () => {
  const isAnswered = answers(['mlflow.example.com', '10.0.0.100:5000', 'FD00::7'])
  const good = [
    'mlflow.example.com',
    'MLFLOW.example.com:443',
    'mlflow.example.com.',
    '10.0.0.100:5000',
    '[fd00:0::7]:5000',
    'localhost:5000',
  ]
  expect(good.filter((host) => !isAnswered(host))).toEqual([])
  const bad = [
    'example.com',
    'x.mlflow.example.com',
    'mlflow.example.com.evil.example',
    '10.0.0.100',
    '10.0.0.100:5001',
    '192.168.0.1',
    '[fd00::8]',
  ]
  expect(bad.filter(isAnswered)).toEqual([])
})

test('a star stands for labels of a name, for the end of an IPv4 address, or for everything', () => {
  const below = answers(['*.example.com', 'app-*.internal', '192.168.*'])
  const good = ['a.example.com', 'b.a.example.com:5000', 'app-7.internal', 'app-x.internal.', '192.168.3.4:1']
  expect(good.filter((host) => !below(host))).toEqual([])
  const bad = [
    'example.com',
    'evilexample.com',
    'a.example.com.evil',
    'app-7.x.internal',
    'xapp-7.internal',
    '192.168.evil.example',
    '192.169.0.1',
  ]
  expect(bad.filter(below)).toEqual([])
  expect(answers(['*'])('anything.at.all:99')).toBe(true)
  expect(answers(['*'])('user@anything')).toBe(false)
})

test('what it listens on it answers to', () => {
  const isAnswered = answers([], ['100.64.0.7', 'box', '2001:db8::7'])
  expect(
    ['100.64.0.7:5000', 'box:5000', '[2001:db8::7]:5000', '100.64.0.8', 'box.evil.example'].map(isAnswered),
  ).toEqual([true, true, true, false, false])
})

test.each(['', 'http://example.com', 'a b', '*example', 'exa*', '10.*.1.2', '999.1.*.3', 'a..b', 'a:b', '*.', '[::1'])(
  '%j cannot be allowed, and says how hosts are named',
  (entry) => {
    expect(() => hostRule({ own: [], allowed: [entry] })).toThrow(
      `"${entry}" names no host; name hosts like mlflow.example.com`,
    )
  },
)
