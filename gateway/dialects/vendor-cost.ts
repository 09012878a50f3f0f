/**
 * What a vendor itself says that a call costs, read from the digits on the wire and never through a floating-point number.
 * OpenRouter: `usage.cost` and, with a key of one's own, `usage.cost_details.upstream_inference_cost` besides. Perplexity:
 * `usage.cost.total_cost`. xAI: `usage.cost_in_usd_ticks`, ten thousand millionths of a dollar.
 */
import { type Decimal, parseDecimal, rateText } from '../../lib/contract/money.ts'
import { scanObject } from '../codec/json-scan.ts'

/** A call that costs more is a mistake, or in another currency. */
const MAX_USD = 100_000n
const TICK_DECIMALS = 10

/**
 * USD as decimal text; null when the vendor says nothing, or what can't be true.
 * @param usage as parsed from `bytes`, whose member `usage` it is
 */
export function readVendorCost(usage: unknown, bytes: Buffer): string | null {
  if (typeof usage !== 'object' || usage === null) return null
  const told = usage as Record<string, unknown>
  const { cost } = told
  if (typeof cost === 'number') {
    const charged = numberAt(bytes, ['usage', 'cost'])
    if (told.is_byok !== true) return inBounds(charged)
    // With a key of one's own `cost` is the broker's fee alone.
    const upstream = numberAt(bytes, ['usage', 'cost_details', 'upstream_inference_cost'])
    return inBounds(charged && upstream ? sum(charged, upstream) : null)
  }
  if (typeof cost === 'object' && cost !== null)
    return inBounds(numberAt(bytes, ['usage', 'cost', 'total_cost']))
  if (typeof told.cost_in_usd_ticks !== 'number') return null
  const ticks = numberAt(bytes, ['usage', 'cost_in_usd_ticks'])
  return inBounds(ticks && { coefficient: ticks.coefficient, scale: ticks.scale + TICK_DECIMALS })
}

/** The number at a path of members; null when there is none. */
function numberAt(bytes: Buffer, path: readonly string[]): Decimal | null {
  let start = 0
  let end = bytes.length
  for (const key of path) {
    const member = scanObject(bytes, start)?.members.findLast((candidate) => candidate.key === key)
    if (!member) return null
    start = member.valueStart
    end = member.valueEnd
  }
  try {
    return parseDecimal(bytes.toString('latin1', start, end))
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

function sum(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale)
  const at = (one: Decimal) => one.coefficient * 10n ** BigInt(scale - one.scale)
  return { coefficient: at(a) + at(b), scale }
}

function inBounds(usd: Decimal | null): string | null {
  if (usd === null || usd.coefficient < 0n) return null
  return usd.coefficient > MAX_USD * 10n ** BigInt(usd.scale) ? null : rateText(usd)
}
