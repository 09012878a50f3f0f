/**
 * The most that a call can cost: its input at the highest price that can apply to it, and the largest output (design,
 * promise 1). What has no bound is named.
 */
import { parseDecimal } from '../../lib/contract/money.ts'
import type { Pricing, Rates } from '../../lib/contract/price.ts'
import { costOfTokens, costOfUnits, possibleRates } from '../../lib/contract/pricing.ts'
import { isRecord, readServiceTier } from '../dialects/openai-usage.ts'

/** What of a request decides how large its answer may be. */
export interface OutputShape {
  /** Answers asked for: each may be as long as the cap. */
  readonly choices: number
  /** Output that the cap does not cover: a rejected prediction is charged as output. */
  readonly uncappedOutputTokens: number
}

/** What of a request decides its bound. */
export interface CostShape extends OutputShape {
  /** Bytes of the request that are text to the model: no byte-level tokenizer makes more tokens of them. */
  readonly textBytes: number
  /** Tokens that pictures and sound can make, by the vendor's rule, at most. */
  readonly mediaTokens: number
  /** The service tier asked for; null: the account decides. */
  readonly serviceTier: string | null
  /** Why the cost has no bound; null: it has one. */
  readonly unbounded: string | null
}

/**
 * OpenAI, "Images and vision": at most 8 tiles of 170 and 85 for GPT-4o; mini models count the same picture 33 times;
 * patch models take at most 1,536 patches, times 2.46. The largest of them stands for every model that isn't known.
 */
const TOKENS_PER_IMAGE = 48_169
const TOKENS_PER_LOW_IMAGE = 2_833
/** Ten tokens a second; a second of the thinnest speech codec is a kilobyte. */
const SOUND_BYTES_PER_TOKEN = 64

/** OpenAI's, Mistral's and vLLM's parts that name what is elsewhere, as long as it may be. */
const UNBOUNDED_PARTS: ReadonlyMap<string, string> = new Map([
  ['file', 'a file'],
  ['document_url', 'a document'],
  ['audio_url', 'sound by its address'],
  ['video_url', 'a video'],
])

/** @param bodyBytes of the whole request */
export function costShape(fields: Readonly<Record<string, unknown>>, bodyBytes: number): CostShape {
  let mediaBytes = 0
  let mediaTokens = 0
  let unbounded: string | null = null
  const messages = Array.isArray(fields.messages) ? fields.messages : []
  for (const message of messages) {
    if (!isRecord(message)) continue
    if (isRecord(message.audio) && typeof message.audio.id === 'string')
      unbounded = 'an earlier answer in sound'
    if (!Array.isArray(message.content)) continue
    for (const part of message.content) {
      if (!isRecord(part)) continue
      if (part.type === 'image_url') {
        // Mistral takes the address itself, too.
        const { url, detail } = isRecord(part.image_url) ? part.image_url : { url: part.image_url }
        if (typeof url === 'string' && url.startsWith('data:')) mediaBytes += url.length
        mediaTokens += detail === 'low' ? TOKENS_PER_LOW_IMAGE : TOKENS_PER_IMAGE
      } else if (part.type === 'input_audio' && isRecord(part.input_audio)) {
        const { data } = part.input_audio
        if (typeof data !== 'string') continue
        mediaBytes += data.length
        mediaTokens += Math.ceil(data.length / SOUND_BYTES_PER_TOKEN)
      } else if (typeof part.type === 'string') unbounded = UNBOUNDED_PARTS.get(part.type) ?? unbounded
    }
  }
  if (isRecord(fields.web_search_options)) unbounded = 'a search of the web'
  return {
    ...outputShape(fields),
    textBytes: Math.max(0, bodyBytes - mediaBytes),
    mediaTokens,
    serviceTier: readServiceTier(fields.service_tier),
    unbounded,
  }
}

export function outputShape({ n, best_of, prediction }: Readonly<Record<string, unknown>>): OutputShape {
  return {
    choices: Math.max(1, countOf(n), countOf(best_of)),
    uncappedOutputTokens: isRecord(prediction) ? Buffer.byteLength(JSON.stringify(prediction)) : 0,
  }
}

/** Some vendors read a number from a string too. */
function countOf(value: unknown): number {
  const count = typeof value === 'number' || typeof value === 'string' ? Number(value) : 0
  return Number.isFinite(count) ? Math.ceil(count) : 0
}

/** The largest output, with every choice at its cap. */
export function outputBound({ choices, uncappedOutputTokens }: OutputShape, maxOutputTokens: number): number {
  return maxOutputTokens * choices + uncappedOutputTokens
}

/** Each kind of token may be the dearest: which ones a call will have, nobody knows before it is answered. */
interface HighestRates {
  readonly input: string
  readonly output: string
  readonly request: string | undefined
  readonly second: string | undefined
}

function highestRates(rates: Rates): HighestRates {
  const { input, cacheRead, cacheWrite5m, cacheWrite1h, inputAudio, output, reasoning, outputAudio } = rates
  return {
    input: dearest([input, cacheRead, cacheWrite5m, cacheWrite1h, inputAudio]),
    output: dearest([output, reasoning, outputAudio]),
    request: rates.request,
    second: rates.second,
  }
}

function dearest(texts: readonly (string | undefined)[]): string {
  let best = '0'
  for (const text of texts) if (text !== undefined && isMore(text, best)) best = text
  return best
}

function isMore(a: string, b: string): boolean {
  const [x, y] = [parseDecimal(a), parseDecimal(b)]
  return x.coefficient * 10n ** BigInt(y.scale) > y.coefficient * 10n ** BigInt(x.scale)
}

/** Each line of a receipt is rounded once: together they may be this much over the sum. */
const ROUNDING_PICO = 10n

/** What an attempt takes at most. */
export interface Most {
  readonly inputTokens: number
  readonly outputTokens: number
  /** From dispatch to end, milliseconds. */
  readonly timeMs: number
}

export type MostTokens = Pick<Most, 'inputTokens' | 'outputTokens'>

/** Pico-dollars that no attempt exceeds which takes at most so much, whichever service tier is served. */
export function costBound(pricing: Pricing, requestedTier: string | null, most: Most): bigint {
  let bound = 0n
  for (const { fromInputTokens, rates } of ratesToExpect(pricing, requestedTier)) {
    if (fromInputTokens > most.inputTokens) continue
    const under = boundUnder(rates, most)
    if (under > bound) bound = under
  }
  return bound + ROUNDING_PICO
}

/** By which a call of so much input may be priced. */
interface RatesFrom {
  readonly fromInputTokens: number
  readonly rates: HighestRates
}

const expected = new WeakMap<Pricing, Map<string | null, readonly RatesFrom[]>>()

function ratesToExpect(pricing: Pricing, requested: string | null): readonly RatesFrom[] {
  const { serviceTiers } = pricing
  const isOpen = requested === null || requested === 'auto'
  // A tier without a price of its own costs what the standard one does, and may have any name.
  const named = !isOpen && Object.hasOwn(serviceTiers, requested) ? requested : null
  const asked = isOpen ? 'auto' : named
  let known = expected.get(pricing)
  if (!known) {
    known = new Map()
    expected.set(pricing, known)
  }
  let rates = known.get(asked)
  if (!rates) {
    rates = tiersToExpect(pricing, asked).flatMap((serviceTier) =>
      possibleRates(pricing, serviceTier).map(({ fromInputTokens, rates }) => ({
        fromInputTokens,
        rates: highestRates(rates),
      })),
    )
    known.set(asked, rates)
  }
  return rates
}

/**
 * The service tiers that a vendor may serve, null for its standard one: the one that was asked for or, where there is no
 * room in it, the standard one. `auto` leaves it to what the account is set to.
 */
function tiersToExpect({ serviceTiers }: Pricing, asked: string | null): (string | null)[] {
  if (asked === 'auto') return [null, ...Object.keys(serviceTiers)]
  return asked === null ? [null] : [null, asked]
}

function boundUnder(rates: HighestRates, { inputTokens, outputTokens, timeMs }: Most): bigint {
  const { input, output, request, second } = rates
  return (
    costOfTokens(inputTokens, input) +
    costOfTokens(outputTokens, output) +
    (request === undefined ? 0n : costOfUnits(1, request)) +
    // Whole seconds are a little more than the milliseconds that will be charged.
    (second === undefined ? 0n : costOfUnits(Math.ceil(timeMs / 1_000), second))
  )
}

/** The largest cap on the output, up to that of `most`, whose bound is within an amount; 0: not even one token fits. */
export function outputThatFits(pricing: Pricing, shape: CostShape, most: Most, picoUsd: bigint): number {
  let low = 0
  let high = most.outputTokens
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    const outputTokens = outputBound(shape, middle)
    if (costBound(pricing, shape.serviceTier, { ...most, outputTokens }) <= picoUsd) low = middle
    else high = middle - 1
  }
  return low
}
