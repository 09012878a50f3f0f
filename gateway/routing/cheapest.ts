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

/** Pico-dollars; null: unpriced. */
export function estimatedCost(target: CompiledTarget, asked: Asked, { route }: CompiledRoute): bigint | null {
  const pricing = asked.configuration.pricing(target.provider, target.model, asked.at)
  if (!pricing) return null
  const { estimatedInputTokens, maxOutputTokens } = asked.chat
  const caps = [maxOutputTokens, route.maxOutputTokens].filter((cap) => cap !== null)
  const wanted = caps.length > 0 ? Math.min(...caps) : USUAL_OUTPUT_TOKENS
  const output = Math.min(wanted, pricing.maxOutputTokens ?? wanted)
  const { service_tier: tier } = asked.chat.fields
  const rates = ratesFor(pricing, estimatedInputTokens, typeof tier === 'string' ? tier : null)
  return (
    costOfTokens(estimatedInputTokens, rates.input) +
    costOfTokens(output, rates.output) +
    (rates.request === undefined ? 0n : costOfUnits(1, rates.request)) +
    (rates.second === undefined ? 0n : costOfUnits(USUAL_SECONDS, rates.second))
  )
}

export function cheapest(
  candidates: readonly Candidate[],
  asked: Asked,
  route: CompiledRoute,
): Candidate | undefined {
  let best: Candidate | undefined
  let least: bigint | null = null
  for (const candidate of candidates) {
    const cost = estimatedCost(candidate.target, asked, route)
    if (best !== undefined && (cost === null || (least !== null && cost >= least))) continue
    best = candidate
    least = cost
  }
  return best
}
