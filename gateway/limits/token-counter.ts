/**
 * Counts the tokens of a text as OpenAI's models do, in a thread that starts when it is first needed: the vocabulary takes
 * some 70 MB and a second to load, and the loop that serves calls must not wait for it. Who can't be told in time is told
 * nothing, and goes by the bytes.
 */
import { Worker } from 'node:worker_threads'

export interface TokenCounter {
  /** Tokens of the text; null where the model's tokenizer isn't known, or the answer would take too long. */
  count(model: string, text: string): Promise<number | null>
}

export interface CountRequest {
  readonly id: number
  readonly text: string
}

export interface CountAnswer {
  readonly id: number
  readonly tokens: number
}

/** The families whose vocabulary is o200k_base (tiktoken, `model.py`). Newer ones may have another. */
const O200K = /^(gpt-4o|gpt-4\.1|gpt-4\.5|gpt-5|chatgpt-4o|o1|o3|o4-mini)(?![a-z0-9])/

/** A few milliseconds' work for its thread. */
const MAX_CHARACTERS = 128 * 1024
/** Merging takes the square of a word's length: a run this long without a break is none that people write. */
const LONG_RUN = /[\p{L}\p{M}]{1000}|\s{1000}|[^\s\p{L}\p{N}]{1000}/u
const MAX_WAITING = 16
const PATIENCE_MS = 250

export function createTokenCounter(
  startThread: () => Worker = startThreadOfBuild,
  patienceMs = PATIENCE_MS,
): TokenCounter {
  const waiting = new Map<number, (tokens: number | null) => void>()
  let thread: Worker | null = null
  /** It could not be started, or died: it will not be tried again. */
  let broken = false
  let lastId = 0

  function giveUp(): void {
    broken = true
    thread = null
    for (const tell of waiting.values()) tell(null)
    waiting.clear()
  }

  function start(): Worker {
    const started = startThread()
    started.unref()
    started.on('message', ({ id, tokens }: CountAnswer) => {
      waiting.get(id)?.(tokens)
      waiting.delete(id)
    })
    started.on('error', giveUp)
    started.on('exit', giveUp)
    return started
  }

  return {
    count(model, text) {
      if (broken || waiting.size >= MAX_WAITING || !O200K.test(model)) return Promise.resolve(null)
      if (text.length > MAX_CHARACTERS || LONG_RUN.test(text)) return Promise.resolve(null)
      thread ??= start()
      lastId += 1
      const id = lastId
      return new Promise((resolve) => {
        // It stays in the map until the thread has answered: that is what bounds the thread's work.
        const timer = setTimeout(() => resolve(null), patienceMs)
        waiting.set(id, (tokens) => {
          clearTimeout(timer)
          resolve(tokens)
        })
        thread?.postMessage({ id, text } satisfies CountRequest)
      })
    },
  }
}

/** Beside this file in the sources, beside the bundle in what is built. */
function startThreadOfBuild(): Worker {
  const kind = import.meta.url.endsWith('.ts') ? 'ts' : 'mjs'
  return new Worker(new URL(`./token-counter-thread.${kind}`, import.meta.url))
}
