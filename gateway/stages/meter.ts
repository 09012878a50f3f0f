/**
 * What an attempt used and cost. The vendor's own count is believed where it told one that can be true; else the call is
 * estimated from what was sent and received, and says so. A price that isn't known makes it unpriced, never free.
 */

import { readPico } from '../../lib/contract/money.ts'
import type { Pricing } from '../../lib/contract/price.ts'
import { pricingOfAttempt } from '../../lib/contract/price-selection.ts'
import { priceAttempt, ratesFor } from '../../lib/contract/pricing.ts'
import { NO_USAGE, type Usage, type UsageSource } from '../../lib/contract/usage.ts'
import type { Attempt as AttemptRecord, LedgerLine, LeftReason } from '../../lib/contract/usage-event.ts'
import { estimateTextTokens } from '../dialects/openai-chat-request.ts'
import type { ChatStreamReader } from '../dialects/openai-chat-stream.ts'
import { isRecord, type ReadUsage, readServiceTier } from '../dialects/openai-usage.ts'
import type { MostTokens } from '../limits/cost-bound.ts'
import type { VendorFailure } from '../providers/vendor-failure.ts'
import type { CompiledTarget, Configuration } from '../snapshot/configuration.ts'
import type { Attempt } from './attempt.ts'

export interface Metered {
  readonly record: AttemptRecord
  readonly lines: LedgerLine[]
  readonly unpriced: boolean
}

export interface MeterInput {
  readonly configuration: Configuration
  readonly target: CompiledTarget
  readonly attempt: Attempt
  readonly index: number
  /** Epoch milliseconds: when the call arrived (its price's moment), and when this attempt began. */
  readonly at: number
  readonly startedAt: number
  readonly estimatedInputTokens: number
  readonly requestedServiceTier: string | null
  /** What was held for this attempt: the books don't guess beyond it. */
  readonly most: MostTokens
}

export function meterAttempt(input: MeterInput): Metered {
  const { attempt, target } = input
  const servedModel = servedModelOf(attempt)
  const pricing = pricingFor(input, servedModel)
  const { usage, source, vendorCostUsd } = usageOfAttempt(input, pricing)
  const endedAt = attempt.endedAt ?? attempt.startedAt
  const priced = {
    usage,
    usageSource: source,
    serviceTier: serviceTierOf(attempt),
    latencyMs: Math.max(0, Math.round(endedAt - attempt.startedAt)),
    vendorCostUsd,
  }
  const cost = priceAttempt(pricing, priced, input.index)
  const { failure } = attempt
  return {
    lines: cost.lines,
    unpriced: cost.costPicoUsd === null,
    record: {
      providerId: target.provider.id,
      providerKind: target.provider.kind,
      model: target.model,
      servedModel,
      status: attempt.status,
      // One that another outran has not failed.
      code: failure === null || failure.reason === 'hedge' ? null : failure.error.code,
      outcome: outcomeOf(attempt),
      reason: failure ? reasonOf(attempt, failure) : undefined,
      startedAt: input.startedAt,
      firstTokenMs:
        attempt.firstTokenAt === null
          ? null
          : Math.max(0, Math.round(attempt.firstTokenAt - attempt.startedAt)),
      requestedServiceTier: input.requestedServiceTier,
      ...priced,
      costPicoUsd: cost.costPicoUsd?.toString() ?? null,
    },
  }
}

function outcomeOf({ failure, firstTokenAt, aborted }: Attempt): AttemptRecord['outcome'] {
  if (failure === null) return 'ok'
  // A refusal that was left was whole.
  return (firstTokenAt !== null && failure.reason !== 'contentRefused') || aborted ? 'cut' : 'error'
}

function reasonOf({ aborted }: Attempt, { reason }: VendorFailure): LeftReason {
  return reason ?? (aborted ? 'callerGone' : 'badRequest')
}

type Priced = Pick<MeterInput, 'configuration' | 'target' | 'at' | 'index'>

/**
 * What a usage that the vendor told costs, in the midst of its stream; null when unpriced, when it can't be true, and
 * where time costs money that is not up yet.
 */
export function priceTold(
  input: Priced,
  { servedModel, serviceTier }: Pick<ChatStreamReader, 'servedModel' | 'serviceTier'>,
  { usage, vendorCostUsd }: ReadUsage,
): bigint | null {
  const pricing = pricingFor(input, servedModel)
  if (pricing && ratesFor(pricing, usage.inputTokens, serviceTier).second !== undefined) return null
  if (!canBeTrue(usage, pricing)) return null
  const told = { usage, usageSource: 'provider', serviceTier, latencyMs: 0, vendorCostUsd } as const
  return priceAttempt(pricing, told, input.index).costPicoUsd
}

function pricingFor({ configuration, target, at }: Priced, servedModel: string | null): Pricing | null {
  const { provider, model } = target
  return pricingOfAttempt((name) => configuration.pricing(provider, name, at), { servedModel, model })
}

/** A window may have grown since its entry was written; tenfold it has not. */
const MAX_WINDOWS = 10

function canBeTrue({ inputTokens, outputTokens }: Usage, pricing: Pricing | null): boolean {
  const window = pricing?.contextTokens ?? null
  return window === null || inputTokens + outputTokens <= MAX_WINDOWS * window
}

export function servedModelOf(attempt: Attempt): string | null {
  const model = attempt.json?.fields.model
  if (typeof model === 'string' && model !== '') return model.slice(0, 200)
  return attempt.reader?.servedModel ?? null
}

/** What it said it served: what was asked for never sets the price. */
function serviceTierOf({ json, reader }: Attempt): string | null {
  return json ? readServiceTier(json.fields.service_tier) : (reader?.serviceTier ?? null)
}

function usageOfAttempt(
  { attempt, estimatedInputTokens, most }: MeterInput,
  pricing: Pricing | null,
): { usage: Usage; source: UsageSource; vendorCostUsd: string | null } {
  const told: ReadUsage | null = attempt.usage(most.outputTokens)
  if (told && canBeTrue(told.usage, pricing))
    return { ...told, source: told.exact ? 'provider' : 'estimated' }
  if (!mayHaveBeenCharged(attempt)) return { usage: NO_USAGE, source: 'none', vendorCostUsd: null }
  const inputTokens = Math.min(estimatedInputTokens, most.inputTokens)
  const outputTokens = Math.min(estimateOutputTokens(attempt), most.outputTokens)
  const usage = { ...NO_USAGE, inputTokens, outputTokens }
  return { usage, source: 'estimated', vendorCostUsd: null }
}

/**
 * Whether the vendor may have worked for this attempt although it never said how much: it began an answer, or was still
 * at it when the time was up or the caller went. A refusal, or a connection that was never made, costs nothing.
 */
function mayHaveBeenCharged(attempt: Attempt): boolean {
  const { failure, status } = attempt
  if (!attempt.sent && status === null) return false
  if (failure === null || attempt.firstTokenAt !== null || attempt.aborted) return true
  if (failure.reason === 'timeout') return status === null || status < 300
  return failure.reason === 'connection' && status !== null && status < 300
}

function estimateOutputTokens(attempt: Attempt): number {
  const { reader, json } = attempt
  if (reader) return reader.estimatedTokens
  if (json) return estimateTextTokens(textBytesOf(json.fields))
  // An answer that was cut: the vendor wrote all of it, and what arrived is what is known of its length.
  return attempt.status === null ? 0 : estimateTextTokens(attempt.bodyBytes)
}

function textBytesOf(fields: Record<string, unknown>): number {
  if (!Array.isArray(fields.choices)) return 0
  let bytes = 0
  for (const choice of fields.choices) {
    const message = isRecord(choice) && isRecord(choice.message) ? choice.message : {}
    for (const key of ['content', 'refusal', 'reasoning_content', 'reasoning']) {
      bytes += textBytesIn(message[key])
    }
    if (Array.isArray(message.tool_calls)) for (const call of message.tool_calls) bytes += argumentBytes(call)
  }
  return bytes
}

/** Of a text, or of content in several parts; Mistral's reasoning is such a list inside one of them. */
function textBytesIn(content: unknown): number {
  if (typeof content === 'string') return Buffer.byteLength(content)
  if (!Array.isArray(content)) return 0
  let bytes = 0
  for (const part of content) {
    if (!isRecord(part)) continue
    for (const text of [part.text, ...(Array.isArray(part.thinking) ? part.thinking.map(textOfPart) : [])])
      if (typeof text === 'string') bytes += Buffer.byteLength(text)
  }
  return bytes
}

function textOfPart(part: unknown): unknown {
  return isRecord(part) ? part.text : null
}

/** Never by `JSON.stringify`: a vendor may nest deeper than the stack. */
function argumentBytes(call: unknown): number {
  const called = isRecord(call) && isRecord(call.function) ? call.function : {}
  let bytes = 0
  for (const text of [called.name, called.arguments])
    if (typeof text === 'string') bytes += Buffer.byteLength(text)
  return bytes
}

/** Sums over attempts, for the call. */
export function sumUsage(records: readonly AttemptRecord[]): { usage: Usage; source: UsageSource } {
  const sum: Usage = { ...NO_USAGE }
  let source: UsageSource = 'none'
  for (const { usage, usageSource } of records) {
    for (const key of Object.keys(sum) as (keyof Usage)[]) sum[key] += usage[key]
    if (usageSource === 'estimated' || (usageSource === 'provider' && source === 'none')) source = usageSource
  }
  return { usage: sum, source }
}

/** Null as soon as one attempt's cost isn't known. */
export function sumCost(records: readonly AttemptRecord[]): bigint | null {
  let sum = 0n
  for (const { costPicoUsd } of records) {
    if (costPicoUsd === null) return null
    sum += readPico(costPicoUsd)
  }
  return sum
}
