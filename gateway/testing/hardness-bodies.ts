/** The corpus of bodies, each under honest framing: what is inside is the trouble. */
import { gzipSync } from 'node:zlib'
import { GOOD, type HardCase, hardCall, JSON_TYPE } from './hardness-corpus.ts'

const good = (members: string) =>
  `{"model":"chat","messages":[{"role":"user","content":"Say hello"}]${members}}`
const nested = (open: string, close: string, depth: number) => open.repeat(depth) + close.repeat(depth)

export const BODIES: readonly HardCase[] = [
  { name: 'no body', send: hardCall(''), answers: [400] },
  { name: 'an array nested 100,000 deep', send: hardCall(nested('[', ']', 50_000)), answers: [400] },
  {
    name: 'an array nested 50,000 deep that never closes',
    send: hardCall('['.repeat(50_000)),
    answers: [400],
  },
  {
    name: 'a member nested 5,000 deep',
    send: hardCall(good(`,"x":${nested('[', ']', 5_000)}`)),
    answers: [400],
    words: /nests deeper/,
  },
  {
    name: 'objects nested 5,000 deep',
    send: hardCall(good(`,"x":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`)),
    answers: [400],
  },
  { name: 'nesting within the bound', send: hardCall(good(`,"x":${nested('[', ']', 100)}`)), answers: [200] },
  { name: 'brackets inside a string', send: hardCall(good(`,"x":"${'['.repeat(5_000)}"`)), answers: [200] },
  {
    name: 'the model twice',
    send: hardCall(good(',"model":"other"')),
    answers: [400],
    words: /stands twice/,
  },
  {
    name: 'the model twice, once escaped',
    send: hardCall(good(',"mod\\u0065l":"other"')),
    answers: [400],
    words: /stands twice/,
  },
  { name: 'the messages twice', send: hardCall(good(',"messages":[]')), answers: [400] },
  {
    name: 'a member __proto__',
    send: hardCall(good(',"__proto__":{"model":"absent","polluted":true}')),
    answers: [200],
  },
  {
    name: 'constructor and prototype',
    send: hardCall(good(',"constructor":{"prototype":{"polluted":true}}')),
    answers: [200],
  },
  {
    name: 'the model only in __proto__',
    send: hardCall('{"__proto__":{"model":"chat"},"messages":[{}]}'),
    answers: [400],
  },
  {
    name: 'a model named __proto__',
    send: hardCall('{"model":"__proto__","messages":[{}]}'),
    answers: [404],
  },
  {
    name: 'a model named constructor',
    send: hardCall('{"model":"constructor","messages":[{}]}'),
    answers: [404],
  },
  {
    name: 'a model that would split a header',
    send: hardCall('{"model":"a\\r\\nX: y","messages":[{}]}'),
    answers: [404],
  },
  {
    name: 'a lone surrogate for a model',
    send: hardCall('{"model":"\\ud800","messages":[{}]}'),
    answers: [404],
  },
  { name: 'a null', send: hardCall('null'), answers: [400] },
  { name: 'a number', send: hardCall('1e999'), answers: [400] },
  { name: 'a string', send: hardCall('"chat"'), answers: [400] },
  { name: 'an array', send: hardCall(`[${GOOD}]`), answers: [400] },
  { name: 'two objects', send: hardCall(GOOD + GOOD), answers: [400] },
  { name: 'a comment', send: hardCall(`/* */${GOOD}`), answers: [400] },
  { name: 'a trailing comma', send: hardCall('{"model":"chat","messages":[{}],}'), answers: [400] },
  { name: 'single quotes', send: hardCall("{'model':'chat'}"), answers: [400] },
  { name: 'NaN', send: hardCall(good(',"temperature":NaN')), answers: [400] },
  {
    name: 'an infinite cap',
    send: hardCall(good(',"max_tokens":1e999')),
    answers: [400],
    words: /max_tokens/,
  },
  { name: 'a cap below one', send: hardCall(good(',"max_tokens":-5')), answers: [400], words: /max_tokens/ },
  { name: 'a mark before the text', send: hardCall(`\ufeff${GOOD}`), answers: [400] },
  {
    name: 'bytes that are no UTF-8',
    send: hardCall(Buffer.from(GOOD.replace('hello', '\xff\xfe'), 'latin1')),
    answers: [400],
    words: /UTF-8/,
  },
  {
    name: 'an overlong null',
    send: hardCall(Buffer.from(GOOD.replace('hello', '\xc0\x80'), 'latin1')),
    answers: [400],
    words: /UTF-8/,
  },
  { name: 'UTF-16', send: hardCall(Buffer.from(GOOD, 'utf16le')), answers: [400] },
  { name: 'an escaped null in the text', send: hardCall(GOOD.replace('hello', '\\u0000')), answers: [200] },
  { name: 'a raw null in the text', send: hardCall(GOOD.replace('hello', '\0')), answers: [400] },
  { name: 'zeros alone', send: hardCall(Buffer.alloc(1_000)), answers: [400] },
  {
    name: 'messages that are no list',
    send: hardCall('{"model":"chat","messages":{"length":1}}'),
    answers: [400],
  },
  {
    name: '100,000 messages',
    send: hardCall(`{"model":"chat","messages":[${'{},'.repeat(99_999)}{}]}`),
    answers: [413],
  },
  {
    name: 'a bomb of gzip',
    send: hardCall(gzipSync(Buffer.alloc(20_000_000)), `${JSON_TYPE}Content-Encoding: gzip\r\n`),
    answers: [415],
  },
  { name: 'gzip that does not say so', send: hardCall(gzipSync(GOOD)), answers: [400] },
  {
    name: 'gzip under deflate',
    send: hardCall(gzipSync(GOOD), `${JSON_TYPE}Content-Encoding: deflate, gzip\r\n`),
    answers: [415],
  },
  { name: 'brotli', send: hardCall(GOOD, `${JSON_TYPE}Content-Encoding: br\r\n`), answers: [415] },
  { name: 'identity', send: hardCall(GOOD, `${JSON_TYPE}Content-Encoding: identity\r\n`), answers: [200] },
  { name: 'text/plain', send: hardCall(GOOD, 'Content-Type: text/plain\r\n'), answers: [415] },
  {
    name: 'a form',
    send: hardCall('model=chat', 'Content-Type: application/x-www-form-urlencoded\r\n'),
    answers: [415],
  },
  {
    name: 'a type of JSON by its ending',
    send: hardCall(GOOD, 'Content-Type: application/vnd.x+json\r\n'),
    answers: [200],
  },
  {
    name: 'a type that only begins like JSON',
    send: hardCall(GOOD, 'Content-Type: application/jsonx\r\n'),
    answers: [415],
  },
  {
    name: 'JSON in another charset’s name',
    send: hardCall(GOOD, 'Content-Type: application/json; charset=utf-16\r\n'),
    answers: [200],
  },
  { name: 'no type', send: hardCall(GOOD, ''), answers: [200] },
]
