import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'
import { createTokenCounter } from './token-counter.ts'

/** A thread that answers what the code says, in place of the real one. */
const threadOf = (code: string) => () =>
  new Worker(`const { parentPort } = require('node:worker_threads')\n${code}`, { eval: true })
const LENGTH = threadOf(
  "parentPort.on('message', ({ id, text }) => parentPort.postMessage({ id, tokens: text.length }))",
)

/** Longer than a busy machine takes for a thread. */
const PATIENT_MS = 15_000

it('counts as the model does, once its thread is up', async () => {
  const counter = createTokenCounter(undefined, PATIENT_MS)
  // tiktoken's o200k_base.
  const known = [
    ['hello world', 2],
    ['The quick brown fox jumps over the lazy dog.', 10],
    ['<|endoftext|>', 7],
    ['', 0],
  ] as const
  for (const [text, tokens] of known)
    expect(await counter.count('gpt-5-mini-2025-08-07', text), text).toBe(tokens)
})

it.each(['gpt-4', 'gpt-3.5-turbo', 'gpt-6-sol', 'claude-sonnet-4-5', 'o10', 'gpt-4oo'])(
  'says nothing of a model whose tokenizer is not known: %s',
  async (model) => {
    expect(await createTokenCounter(LENGTH, PATIENT_MS).count(model, 'hello')).toBeNull()
  },
)

it.each([
  ['too long', 'ab '.repeat(50_000)],
  ['a word without end', 'a'.repeat(1_000)],
  ['white space without end', ' '.repeat(1_000)],
  ['signs without end', '!'.repeat(1_000)],
])('says nothing of what would take too long: %s', async (_name, text) => {
  const counter = createTokenCounter(LENGTH, PATIENT_MS)
  expect(await counter.count('gpt-4o', text)).toBeNull()
  expect(await counter.count('gpt-4o', 'hello')).toBe(5)
})

it('says nothing when its thread is slow, and takes no more work than that can bear', async () => {
  const counter = createTokenCounter(threadOf("parentPort.on('message', () => {})"), 1)
  const all = await Promise.all(Array.from({ length: 20 }, () => counter.count('gpt-4o', 'hello')))
  expect(all.every((tokens) => tokens === null)).toBe(true)
  expect(await counter.count('gpt-4o', 'hello')).toBeNull()
})

it('says nothing when its thread dies, then and later', async () => {
  const counter = createTokenCounter(
    threadOf("parentPort.on('message', () => { throw new Error('out of memory') })"),
    PATIENT_MS,
  )
  expect(await counter.count('gpt-4o', 'hello')).toBeNull()
  expect(await counter.count('gpt-4o', 'hello')).toBeNull()
})
