/** Scripts of failures for fake vendors, and what a caller of one may have been told in the end. */
import type { FakeOpenAi, FakePlan } from './fake-openai.ts'

/** As the fake vendor cuts a text. */
const tokensOf = (text: string): string[] => text.match(/ ?[^ ]+/g) ?? []

const ERROR_EVENT = 'data: {"error":{"message":"Overloaded","type":"server_error","code":null}}\n\n'

/** What may become of one call to a vendor; the good one stands there as often as all others together. */
const FAULTS: readonly FakePlan[] = [
  { status: 500 },
  { status: 503, headers: { 'retry-after': '0' } },
  { status: 400 },
  { status: 401 },
  { status: 429, headers: { 'retry-after': '0' } },
  { status: 429, headers: { 'retry-after': '1000000000' } },
  { status: 500, rawBody: '' },
  { rawBody: '<html>busy</html>' },
  { rawBody: ERROR_EVENT },
  { hang: true },
  { drop: true },
  { delayMs: 60 },
  { failAtByte: 0, failBy: 'reset' },
  { failAtByte: 0, failBy: 'fin' },
  { failAtByte: 30, failBy: 'reset' },
  { failAtByte: 700, failBy: 'fin' },
  { failAtByte: 1_500, failBy: 'reset' },
  { failAtByte: 700, failBy: 'stall' },
  { insert: { at: 0, events: [ERROR_EVENT] } },
  { insert: { at: 3, events: [ERROR_EVENT] } },
  { withoutDone: true },
  { usage: null },
]

/** All the texts that vendors have set out to answer with, each of them once. */
export class AnswersGiven {
  readonly #texts: string[] = []
  readonly #random: () => number

  constructor(random: () => number) {
    this.#random = random
  }

  /** From now on `vendor` fails as often as `share` says. */
  play(vendor: FakeOpenAi, share: number): void {
    vendor.scriptBy(({ max_completion_tokens: cap }) => {
      const fault = this.#random() < share ? FAULTS[Math.floor(this.#random() * FAULTS.length)] : {}
      const text = `Answer ${this.#texts.length} of many, in a few words that follow one another.`
      // The vendor stops at the cap.
      this.#texts.push(tokensOf(text).slice(0, Number(cap)).join(''))
      return { text, ...fault }
    })
  }

  has(text: string): boolean {
    return this.#texts.includes(text)
  }

  /** Whether one of them begins so. */
  hasBeginning(text: string): boolean {
    return this.#texts.some((given) => given.startsWith(text))
  }
}

export interface Seen {
  readonly status: number
  readonly body: string
  /** The call's id. */
  readonly id: string
  readonly stream: boolean
}

/** What a caller was told: `whole` or `error`; else what is wrong with it, in words. */
export function toldBy(seen: Seen, given: AnswersGiven): string {
  return seen.stream && seen.status === 200 ? toldByStream(seen.body, given) : toldAtOnce(seen, given)
}

function toldAtOnce({ status, body }: Seen, given: AnswersGiven): string {
  const answer = JSON.parse(body) as {
    error?: { message?: string }
    choices?: { message: { content: string } }[]
  }
  if (status !== 200) return status >= 400 && answer.error?.message ? 'error' : `${status} that is no error`
  if (answer.error) return 'an error in a 200'
  const text = answer.choices?.[0]?.message.content ?? ''
  return given.has(text) ? 'whole' : `an answer that nobody gave: ${text}`
}

interface Chunk {
  readonly error?: { readonly message?: string }
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string }
    readonly finish_reason?: string
  }[]
}

function toldByStream(body: string, given: AnswersGiven): string {
  if (!body.endsWith('\n\n')) return 'half an event'
  const datas = [...body.matchAll(/^data: (.*)$/gm)].map(([, data]) => data ?? '')
  const ends = datas.filter((data) => data === '[DONE]').length
  const chunks = datas.filter((data) => data !== '[DONE]').map((data) => JSON.parse(data) as Chunk)
  const text = chunks.map(({ choices }) => choices?.[0]?.delta?.content ?? '').join('')
  const finished = chunks.filter(({ choices }) => choices?.[0]?.finish_reason).length
  const errors = chunks.filter(({ error }) => error)
  if (errors.length > 1) return 'two errors'
  if (errors.length === 0) {
    if (finished !== 1 || ends > 1) return `no error, and ${finished} reasons for an end, ${ends} ends`
    return given.has(text) ? 'whole' : `a stream that nobody gave: ${text}`
  }
  if (!errors[0]?.error?.message) return 'an error without words'
  if (chunks.at(-1) !== errors[0]) return 'something behind the error'
  if (finished > 0 || ends > 0) return 'an error, and the end of a good answer'
  return given.hasBeginning(text) ? 'error' : `a beginning that nobody gave: ${text}`
}
