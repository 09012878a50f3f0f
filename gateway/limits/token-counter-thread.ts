/** The thread behind token-counter.ts: counts as o200k_base does, of which it holds the whole vocabulary. */
import { parentPort } from 'node:worker_threads'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import type { CountAnswer, CountRequest } from './token-counter.ts'

/** What stands for the end of a text in the vocabulary is words here, and more tokens. */
const AS_TEXT = { disallowedSpecial: new Set<string>() }

parentPort?.on('message', ({ id, text }: CountRequest) => {
  const answer: CountAnswer = { id, tokens: countTokens(text, AS_TEXT) }
  parentPort?.postMessage(answer)
})
