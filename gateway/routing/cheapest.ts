/**
 * To the one at which this very call is estimated to cost least: its estimated input and as much output as it may have.
 * A target without a price comes last: unknown is not cheap.
 */
import { costOfTokens, costOfUnits, ratesFor } from '../../lib/contract/pricing.ts'
import type { CompiledRoute, CompiledTarget } from '../snapshot/configuration.ts'
import type { Asked } from './asked.ts'
import type { Candidate } from './candidate.ts'

/** Where neither the caller nor the route caps the output. */
const USUAL_OUTPUT_TOKENS = 512
/** Of a model that is paid by its time. */
const USUAL_SECONDS = 5

interface Size {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly serviceTier: string | null
}

/** Pico-dollars; null: unpriced. */
export function estimatedCost(target: CompiledTarget, asked: Asked, route: CompiledRoute): bigint | null {
  return costAt(target, asked, sizeOf(asked, route))
}

export function cheapest(
  candidates: readonly Candidate[],
  asked: Asked,
  route: CompiledRoute,
): Candidate | undefined {
  const size = sizeOf(asked, route)
  let best: Candidate | undefined
  let least: bigint | null = null
  for (const candidate of candidates) {
    const cost = costAt(candidate.target, asked, size)
    if (best !== undefined && (cost === null || (least !== null && cost >= least))) continue
    best = candidate
    least = cost
  }
  return best
}

function sizeOf({ chat }: Asked, { route }: CompiledRoute): Size {
  const { service_tier: tier } = chat.fields
  const none = Number.POSITIVE_INFINITY
  const cap = Math.min(chat.maxOutputTokens ?? none, route.maxOutputTokens ?? none)
  return {
    inputTokens: chat.estimatedInputTokens,
    outputTokens: cap === none ? USUAL_OUTPUT_TOKENS : cap,
    serviceTier: typeof tier === 'string' ? tier : null,
  }
}

function costAt(
  { provider, model }: CompiledTarget,
  { configuration, at }: Asked,
  { inputTokens, outputTokens, serviceTier }: Size,
): bigint | null {
  const pricing = configuration.pricing(provider, model, at)
  if (!pricing) return null
  const output = Math.min(outputTokens, pricing.maxOutputTokens ?? outputTokens)
  const rates = ratesFor(pricing, inputTokens, serviceTier)
  let cost = costOfTokens(inputTokens, rates.input) + costOfTokens(output, rates.output)
  if (rates.request !== undefined) cost += costOfUnits(1, rates.request)
  if (rates.second !== undefined) cost += costOfUnits(USUAL_SECONDS, rates.second)
  return cost
}
