/**
 * What a hostile or broken client may send, each with its one expected answer. An entry ends the connection by itself:
 * by its malformation, by `Connection: close`, or by the bound that it runs into.
 */
import type { RawOptions } from './raw-socket.ts'

export interface HardCase {
  readonly name: string
  readonly send: string | Buffer
  /** The statuses that come back, in order. Empty: the connection is closed without a word. */
  readonly answers: readonly number[]
  /** Beside that: words that the answer holds. */
  readonly words?: RegExp
  /**
   * The answer may be lost in a reset, as the client is still sending when the gateway gives up on it. What arrives, if
   * anything does, is still the expected one.
   */
  readonly mayReset?: boolean
  /** Refused, but after a request before it on the connection was well formed. */
  readonly reachesVendor?: boolean
  readonly options?: RawOptions
}

export const HARD_SECRET = 'gh_test_secret_of_the_key'
const CALL = 'POST /v1/chat/completions HTTP/1.1\r\n'
const HEAD = `Host: gateway\r\nAuthorization: Bearer ${HARD_SECRET}\r\n`
export const JSON_TYPE = 'Content-Type: application/json\r\n'
const CLOSE = 'Connection: close\r\n'
export const GOOD = '{"model":"chat","messages":[{"role":"user","content":"Say hello"}]}'

const get = (headers: string, path = '/healthz') => `GET ${path} HTTP/1.1\r\nHost: gateway\r\n${headers}\r\n`
const chunked = (body: string, more = '') =>
  `${CALL}${HEAD}${JSON_TYPE}${CLOSE}Transfer-Encoding: chunked\r\n${more}\r\n${body}`

/** A call whose body is these bytes, with the length that they have. */
export function hardCall(body: string | Buffer, headers = JSON_TYPE): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  return Buffer.concat([
    Buffer.from(`${CALL}${HEAD}${headers}${CLOSE}Content-Length: ${bytes.length}\r\n\r\n`, 'latin1'),
    bytes,
  ])
}

/** What ends, or begins, where two readers may disagree. */
export const FRAMING: readonly HardCase[] = [
  {
    name: 'Content-Length and Transfer-Encoding',
    send: `${CALL}${HEAD}${JSON_TYPE}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${get('')}`,
    answers: [400],
  },
  {
    name: 'Transfer-Encoding and Content-Length',
    send: `${CALL}${HEAD}${JSON_TYPE}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n${get('')}`,
    answers: [400],
  },
  {
    name: 'two different Content-Lengths',
    send: `${CALL}${HEAD}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`,
    answers: [400],
  },
  {
    name: 'the same Content-Length twice',
    send: `${CALL}${HEAD}Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd`,
    answers: [400],
  },
  { name: 'a list of lengths', send: `${CALL}${HEAD}Content-Length: 4, 4\r\n\r\nabcd`, answers: [400] },
  { name: 'a negative length', send: `${CALL}${HEAD}Content-Length: -1\r\n\r\n`, answers: [400] },
  { name: 'a length with a plus', send: `${CALL}${HEAD}Content-Length: +4\r\n\r\nabcd`, answers: [400] },
  { name: 'a hexadecimal length', send: `${CALL}${HEAD}Content-Length: 0x4\r\n\r\nabcd`, answers: [400] },
  { name: 'a length of nothing', send: `${CALL}${HEAD}Content-Length: \r\n\r\n`, answers: [400] },
  {
    name: 'a length beyond any integer',
    send: `${CALL}${HEAD}Content-Length: 99999999999999999999999\r\n\r\n`,
    answers: [400],
  },
  {
    name: 'a length just below 2^64',
    send: `${CALL}${HEAD}${JSON_TYPE}Content-Length: 18446744073709551615\r\n\r\n`,
    answers: [413],
  },
  {
    name: 'chunked that is not the last coding',
    send: `${CALL}${HEAD}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    answers: [400],
  },
  {
    name: 'an unknown coding',
    send: `${CALL}${HEAD}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    answers: [400],
  },
  {
    name: 'a coding under chunked',
    send: `${CALL}${HEAD}${JSON_TYPE}${CLOSE}Transfer-Encoding: gzip, chunked\r\n\r\n${GOOD.length.toString(16)}\r\n${GOOD}\r\n0\r\n\r\n`,
    answers: [400],
    words: /Transfer-Encoding/,
  },
  {
    name: 'chunked twice',
    send: `${CALL}${HEAD}${JSON_TYPE}${CLOSE}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    answers: [400],
  },
  {
    name: 'a control character before chunked',
    send: `${CALL}${HEAD}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`,
    answers: [400],
  },
  {
    name: 'a bare LF after a header',
    send: 'GET /healthz HTTP/1.1\r\nHost: gateway\nA: b\r\n\r\n',
    answers: [400],
  },
  {
    name: 'a bare LF after the request line',
    send: 'GET /healthz HTTP/1.1\nHost: gateway\r\n\r\n',
    answers: [400],
  },
  {
    name: 'a bare LF for the empty line',
    send: 'GET /healthz HTTP/1.1\r\nHost: gateway\r\n\n',
    answers: [400],
  },
  { name: 'a bare CR in a value', send: get('A: b\rC: d\r\n'), answers: [400] },
  { name: 'a folded header', send: get('A: b\r\n c\r\n'), answers: [400] },
  { name: 'a folded header with a tab', send: get('A: b\r\n\tc\r\n'), answers: [400] },
  { name: 'a space before the colon', send: get('A : b\r\n'), answers: [400] },
  { name: 'a header without a colon', send: get('Authorization\r\n'), answers: [400] },
  { name: 'a header without a name', send: get(': b\r\n'), answers: [400] },
  { name: 'a line of space first', send: 'GET /healthz HTTP/1.1\r\n Host: gateway\r\n\r\n', answers: [400] },
  { name: 'a null byte in a value', send: get('A: b\0c\r\n'), answers: [400] },
  { name: 'a null byte in a name', send: get('A\0b: c\r\n'), answers: [400] },
  { name: 'a null byte in the target', send: 'GET /health\0z HTTP/1.1\r\nHost: g\r\n\r\n', answers: [400] },
  { name: 'a space in the target', send: 'GET /health z HTTP/1.1\r\nHost: g\r\n\r\n', answers: [400] },
  {
    name: 'high bytes in the target',
    send: `GET /healthz\xff${''} HTTP/1.1\r\nHost: g\r\n\r\n`,
    answers: [400],
  },
  { name: 'an unknown method', send: 'BREW /healthz HTTP/1.1\r\nHost: g\r\n\r\n', answers: [400] },
  { name: 'a method in small letters', send: 'get /healthz HTTP/1.1\r\nHost: g\r\n\r\n', answers: [400] },
  { name: 'the preface of HTTP/2', send: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', answers: [400] },
  { name: 'HTTP/3.0', send: 'GET /healthz HTTP/3.0\r\nHost: g\r\n\r\n', answers: [400] },
  { name: 'HTTP/0.9', send: 'GET /healthz\r\n\r\n', answers: [400] },
  { name: 'a TLS hello', send: Buffer.from('160301020001000001fc0303', 'hex'), answers: [400] },
  { name: 'a zero byte', send: '\0', answers: [400] },
  { name: 'no Host', send: 'GET /healthz HTTP/1.1\r\n\r\n', answers: [400] },
]

const ONE_CHUNK = `${GOOD.length.toString(16)}\r\n${GOOD}\r\n0\r\n`

export const CHUNKS: readonly HardCase[] = [
  { name: 'well chunked', send: chunked(`${ONE_CHUNK}\r\n`), answers: [200] },
  {
    name: 'a chunk for each byte',
    send: chunked(`${[...GOOD].map((byte) => `1\r\n${byte}\r\n`).join('')}0\r\n\r\n`),
    answers: [200],
    options: { pieceBytes: 5 },
  },
  { name: 'a size that is no number', send: chunked('zz\r\n'), answers: [400] },
  { name: 'a size with a prefix', send: chunked('0x3\r\nabc\r\n0\r\n\r\n'), answers: [400] },
  { name: 'a negative size', send: chunked('-1\r\n'), answers: [400] },
  { name: 'a size beyond any integer', send: chunked('fffffffffffffffffff\r\n'), answers: [400] },
  { name: 'an empty size', send: chunked('\r\n'), answers: [400] },
  { name: 'a size with a space', send: chunked('3 \r\nabc\r\n0\r\n\r\n'), answers: [400] },
  { name: 'a bare LF after a size', send: chunked('3\nabc\r\n0\r\n\r\n'), answers: [400] },
  { name: 'data longer than its size', send: chunked('3\r\nabcdef\r\n0\r\n\r\n'), answers: [400] },
  { name: 'a bare LF after the data', send: chunked('3\r\nabc\n0\r\n\r\n'), answers: [400] },
  {
    name: 'an extension',
    send: chunked(ONE_CHUNK.replace('\r\n', ';name="value"\r\n').concat('\r\n')),
    answers: [200],
  },
  {
    name: 'an extension with a bare LF',
    send: chunked('3;a\nbcd\r\nabc\r\n0\r\n\r\n'),
    answers: [400],
  },
  {
    name: 'an extension without end',
    send: chunked('3;'),
    answers: [400],
    mayReset: true,
    options: { endless: 'abcdefgh' },
  },
  {
    name: 'trailers without end',
    send: chunked(ONE_CHUNK),
    answers: [431],
    mayReset: true,
    options: { endless: 'T: v\r\n' },
  },
  {
    name: 'trailers that would be headers',
    send: chunked(`${ONE_CHUNK}Content-Length: 3\r\nAuthorization: Bearer other\r\n\r\n`),
    answers: [400],
  },
  {
    name: 'a body without end',
    send: chunked(''),
    answers: [413],
    mayReset: true,
    options: { endless: `1000\r\n${' '.repeat(0x1000)}\r\n` },
  },
]

export const BOUNDS: readonly HardCase[] = [
  { name: '99 headers', send: get(`${CLOSE}${'A: b\r\n'.repeat(97)}`), answers: [200] },
  { name: '101 headers', send: get(`${CLOSE}${'A: b\r\n'.repeat(100)}`, '/v1/models'), answers: [431] },
  { name: '3,000 headers', send: get(`${CLOSE}${'A: b\r\n'.repeat(3_000)}`), answers: [431] },
  { name: 'one header of 20,000 bytes', send: get(`A: ${'b'.repeat(20_000)}\r\n`), answers: [431] },
  { name: 'a name of 20,000 bytes', send: get(`${'a'.repeat(20_000)}: b\r\n`), answers: [431] },
  {
    name: 'headers without end',
    send: 'GET /healthz HTTP/1.1\r\nHost: g\r\n',
    answers: [431],
    mayReset: true,
    options: { endless: 'Name: value\r\n' },
  },
  {
    name: 'one header without end',
    send: 'GET /healthz HTTP/1.1\r\nHost: g\r\nA: ',
    answers: [431],
    mayReset: true,
    options: { endless: 'b' },
  },
  {
    name: 'a target without end',
    send: 'GET /',
    answers: [431],
    mayReset: true,
    options: { endless: 'a' },
  },
  { name: 'a target of 9,000 bytes', send: get(CLOSE, `/${'a'.repeat(9_000)}`), answers: [400] },
  {
    name: 'a method without end',
    send: '',
    answers: [400],
    mayReset: true,
    options: { endless: 'G' },
  },
  {
    name: 'a length of 1 GB',
    send: `${CALL}${HEAD}${JSON_TYPE}${CLOSE}Content-Length: 1073741824\r\n\r\n`,
    answers: [413],
    mayReset: true,
    options: { endless: ' ' },
  },
]

const OK = hardCall(GOOD).toString('latin1')
const KEPT = OK.replace(CLOSE, '')

/** Targets, versions, expectations, and what a connection may hold besides one request. */
export const CONNECTIONS: readonly HardCase[] = [
  { name: 'a target with a scheme and a host', send: get(CLOSE, 'http://gateway/healthz'), answers: [200] },
  {
    name: 'a target of another host',
    send: get(CLOSE, 'http://169.254.169.254/latest/meta-data'),
    answers: [404],
  },
  { name: 'a target that is no path', send: get(CLOSE, 'healthz'), answers: [400] },
  { name: 'a target of two slashes', send: get(CLOSE, '//healthz'), answers: [404] },
  { name: 'a path that climbs', send: get(CLOSE, '/v1/../healthz'), answers: [404] },
  { name: 'an encoded path', send: get(CLOSE, '/%68ealthz'), answers: [404] },
  {
    name: 'a broken escape',
    send: get(CLOSE, '/v1/models/%zz').replace('Host', `Authorization: Bearer ${HARD_SECRET}\r\nHost`),
    answers: [400],
  },
  { name: 'an asterisk', send: `OPTIONS * HTTP/1.1\r\nHost: g\r\n${CLOSE}\r\n`, answers: [404] },
  {
    name: 'CONNECT',
    send: 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n',
    answers: [405],
  },
  {
    name: 'TRACE',
    send: `TRACE /v1/models HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer ${HARD_SECRET}\r\n${CLOSE}\r\n`,
    answers: [405],
  },
  {
    name: 'an offer of HTTP/2, which a client makes beside a plain call',
    send: OK.replace(
      CLOSE,
      'Connection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n',
    ),
    answers: [200],
  },
  {
    name: 'a web socket',
    send: get(
      'Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n',
      '/v1/chat/completions',
    ),
    answers: [405],
  },
  { name: 'HTTP/1.0', send: 'GET /healthz HTTP/1.0\r\n\r\n', answers: [200] },
  { name: 'a call by HTTP/1.0', send: OK.replace('HTTP/1.1', 'HTTP/1.0'), answers: [200] },
  {
    name: 'chunks in HTTP/1.0',
    send: chunked(`${ONE_CHUNK}\r\n`).replace('HTTP/1.1', 'HTTP/1.0'),
    answers: [400],
  },
  { name: '100-continue', send: OK.replace(CLOSE, `${CLOSE}Expect: 100-continue\r\n`), answers: [100, 200] },
  {
    name: '100-continue before a body that is too large',
    send: `${CALL}${HEAD}${JSON_TYPE}Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n`,
    answers: [413],
  },
  {
    name: '100-continue without a key',
    send: `${CALL}Host: g\r\n${JSON_TYPE}Expect: 100-continue\r\nContent-Length: 10\r\n\r\n`,
    answers: [401],
  },
  { name: 'another expectation', send: OK.replace(CLOSE, `${CLOSE}Expect: miracles\r\n`), answers: [417] },
  { name: 'Host twice', send: get(`${CLOSE}Host: other\r\n`), answers: [400] },
  {
    name: 'two different keys',
    send: OK.replace(CLOSE, `${CLOSE}Authorization: Bearer other\r\n`),
    answers: [401],
  },
  {
    name: 'two different keys in two headers',
    send: OK.replace(CLOSE, `${CLOSE}X-Api-Key: other\r\n`),
    answers: [401],
  },
  {
    name: 'a key of 10,000 bytes',
    send: get(`${CLOSE}Authorization: Bearer ${'k'.repeat(10_000)}\r\n`, '/v1/models'),
    answers: [401],
  },
  { name: 'three calls in one write', send: KEPT + KEPT + OK, answers: [200, 200, 200] },
  {
    name: 'three calls, byte by byte',
    send: KEPT + KEPT + OK,
    answers: [200, 200, 200],
    options: { pieceBytes: 7 },
  },
  {
    name: 'a call, then nonsense',
    send: `${get('')}nonsense\r\n\r\n`,
    answers: [200],
  },
  {
    name: 'a body that is longer than it says: the rest is a request of its own, and a bad one',
    send: `${KEPT}abc\r\n\r\n`,
    answers: [400],
    reachesVendor: true,
  },
  {
    name: 'half closed within the body',
    send: `${CALL}${HEAD}${JSON_TYPE}Content-Length: 100\r\n\r\n{"model":`,
    answers: [400],
    options: { halfClose: true },
  },
  {
    name: 'half closed within the headers',
    send: `${CALL}Host: g`,
    answers: [400],
    options: { halfClose: true },
  },
  {
    name: 'a call, its answer, then nonsense',
    send: get(''),
    answers: [200, 400],
    options: { afterAnswer: 'nonsense\r\n\r\n' },
  },
  { name: 'half closed at once', send: '', answers: [], options: { halfClose: true } },
]
