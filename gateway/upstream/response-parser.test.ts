import { describe, expect, it } from 'vitest'
import { seeded, testSeed } from '../testing/seed.ts'
import { ProtocolError, ResponseParser } from './response-parser.ts'

interface Heard {
  status: number | null
  headers: Record<string, unknown>
  body: string
  /** Null: not whole. */
  reusable: boolean | null
  /** Bytes that were not read. */
  left: number
}

/** What is heard of these pieces, and then of the connection's end. */
function read(pieces: readonly Buffer[], ends = false): Heard {
  const heard: Heard = { status: null, headers: {}, body: '', reusable: null, left: 0 }
  const parser = new ResponseParser({
    onHead: (status, headers) => {
      expect(heard.status).toBeNull()
      heard.status = status
      heard.headers = { ...headers }
    },
    onBody: (chunk) => {
      expect(chunk.length).toBeGreaterThan(0)
      heard.body += chunk.toString('latin1')
    },
    onComplete: (reusable) => {
      expect(heard.reusable).toBeNull()
      heard.reusable = reusable
    },
  })
  for (const piece of pieces) heard.left += piece.length - parser.push(piece)
  if (ends) expect(parser.end()).toBe(heard.reusable !== null)
  return heard
}

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')
const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'

const GOOD: [string, string, Partial<Heard>][] = [
  ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', { body: 'hello', reusable: true }],
  ['no body', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', { body: '', reusable: true }],
  ['204', 'HTTP/1.1 204 No Content\r\n\r\n', { status: 204, reusable: true }],
  ['304 that tells a length', 'HTTP/1.1 304 Same\r\ncontent-length: 9\r\n\r\n', { body: '', reusable: true }],
  ['no reason', 'HTTP/1.1 503\r\ncontent-length: 1\r\n\r\nx', { status: 503, body: 'x' }],
  [
    'chunks, extensions and a trailer',
    `${CHUNKED}5\r\nhello\r\n6;a="b"\r\n world\r\n00\r\nx: y\r\nz: 1\r\n\r\n`,
    { body: 'hello world', reusable: true },
  ],
  ['chunks in upper case', `${CHUNKED}A\r\n0123456789\r\n0\r\n\r\n`, { body: '0123456789' }],
  ['to the end', 'HTTP/1.1 200 OK\r\n\r\nall of it', { body: 'all of it', reusable: false }],
  [
    'HTTP/1.0 that stays open',
    'HTTP/1.0 200 OK\r\nconnection: Keep-Alive\r\ncontent-length: 2\r\n\r\nok',
    { body: 'ok', reusable: true },
  ],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok', { body: 'ok', reusable: false }],
  [
    'close',
    'HTTP/1.1 200 OK\r\nconnection: x, Close\r\ncontent-length: 2\r\n\r\nok',
    { body: 'ok', reusable: false },
  ],
  [
    'announcements before it',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n!',
    { status: 200, body: '!' },
  ],
  [
    'fields that stand twice, empty and of high bytes',
    'HTTP/1.1 200 OK\r\na: 1\r\nA:\t2 \r\na: 3\r\nempty:\r\n__proto__: x\r\nhigh: \xff\r\ncontent-length: 1\r\n\r\n.',
    { body: '.', headers: expect.objectContaining({ a: ['1', '2', '3'], empty: '', high: '\xff' }) },
  ],
]

describe('an answer', () => {
  it.each(GOOD)('%s: whole, byte by byte and in any pieces', (name, text, expected) => {
    const whole = bytes(text)
    const heard = read([whole], true)
    expect(heard).toMatchObject({ left: 0, ...expected })
    expect(read([...whole].map((byte) => Buffer.from([byte])))).toEqual({
      ...heard,
      reusable: text.includes('all of it') ? null : heard.reusable,
    })
    const random = seeded(testSeed(name))
    for (let round = 0; round < 50; round += 1) {
      const pieces: Buffer[] = []
      for (let at = 0; at < whole.length; ) {
        const size = 1 + Math.floor(random() * random() * whole.length)
        pieces.push(whole.subarray(at, at + size))
        at += size
      }
      expect(read(pieces, true)).toEqual(heard)
    }
  })

  it('leaves what stands behind its end', () => {
    const text = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
    expect(read([bytes(`${text}HTTP/1.1 200 OK\r\n\r\n`)])).toMatchObject({ body: 'ok', left: 19 })
    expect(read([bytes(`${CHUNKED}0\r\n\r\nx`)])).toMatchObject({ reusable: true, left: 1 })
  })

  it.each([
    ['a head', 'HTTP/1.1 200 OK\r\ncontent-le'],
    ['a length', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell'],
    ['a chunk', `${CHUNKED}5\r\nhell`],
    ['the last chunk', `${CHUNKED}5\r\nhello\r\n0\r\n`],
  ])('that ends in the middle of %s is not whole', (_where, text) => {
    expect(read([bytes(text)], true).reusable).toBeNull()
  })

  it('hears nothing more once it is stopped', () => {
    const parser = new ResponseParser({
      onHead: () => parser.stop(),
      onBody: () => expect.unreachable('a body'),
      onComplete: () => expect.unreachable('an end'),
    })
    parser.push(bytes('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'))
    parser.push(bytes('more'))
  })
})

describe('refused', () => {
  const ok = (fields: string, body = 'hello') => `HTTP/1.1 200 OK\r\n${fields}\r\n\r\n${body}`
  it.each([
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['HTTP/2', 'HTTP/2 200\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['another protocol', 'HTTP/1.1 101 Switching\r\nupgrade: h2c\r\n\r\n'],
    ['both framings', ok('content-length: 5\r\ntransfer-encoding: chunked')],
    ['two lengths', ok('content-length: 5\r\ncontent-length: 5')],
    ['a list of lengths', ok('content-length: 5, 5')],
    ['a negative length', ok('content-length: -5')],
    ['a length with a sign', ok('content-length: +5')],
    ['a length beyond all numbers', ok('content-length: 99999999999999999999')],
    ['an empty length', ok('content-length:')],
    ['chunks within gzip', ok('transfer-encoding: gzip, chunked')],
    ['chunks twice', ok('transfer-encoding: chunked\r\ntransfer-encoding: chunked')],
    ['an unknown framing', ok('transfer-encoding: identity')],
    ['chunks of HTTP/1.0', 'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a space before the colon', ok('content-length : 5')],
    ['a folded field', ok('a: 1\r\n content-length: 5')],
    ['a field without a colon', ok('content-length 5')],
    ['a field without a name', ok(': 5')],
    ['a lone CR in a field', ok('a: 1\rcontent-length: 5')],
    ['a lone LF between fields', ok('a: 1\ncontent-length: 5')],
    ['a NUL in a field', ok('a: \0')],
    ['a chunk of no size', `${CHUNKED}\r\nhello`],
    ['a chunk of a negative size', `${CHUNKED}-5\r\nhello`],
    ['a chunk with 0x', `${CHUNKED}0x5\r\nhello`],
    ['a chunk with a space before its size', `${CHUNKED} 5\r\nhello`],
    ['a chunk beyond all numbers', `${CHUNKED}fffffffffffffffff\r\nhello`],
    ['a chunk longer than it said', `${CHUNKED}4\r\nhello\r\n`],
    ['a size that ends in LF', `${CHUNKED}5\nhello\r\n`],
    ['a chunk that ends in LF', `${CHUNKED}5\r\nhello\n0\r\n\r\n`],
    ['a lone CR in a size', `${CHUNKED}5\r\r\nhello`],
    ['a head without end', `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(20_000)}`],
    ['one line without end', `HTTP/1.1 200 ${'x'.repeat(100_000)}`],
    ['a size without end', `${CHUNKED}5;${'x'.repeat(10_000)}`],
    ['a trailer without end', `${CHUNKED}0\r\n${'a: b\r\n'.repeat(20_000)}`],
  ])('%s, in one piece or many', (_name, text) => {
    expect(() => read([bytes(text)])).toThrow(ProtocolError)
    expect(() => read([...bytes(text)].map((byte) => Buffer.from([byte])))).toThrow(ProtocolError)
  })
})
