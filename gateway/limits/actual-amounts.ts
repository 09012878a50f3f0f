/** What an attempt really took from each counter that it holds room in. */
import { readPico } from '../../lib/contract/money.ts'
import type { Attempt as AttemptRecord } from '../../lib/contract/usage-event.ts'
import { COUNTS, type Counts, type Hold } from './hold.ts'

export function actualAmount(counts: Counts, { usage, costPicoUsd }: AttemptRecord): bigint {
  switch (counts) {
    case COUNTS.requests:
      return 1n
    case COUNTS.tokens:
      return BigInt(usage.inputTokens + usage.outputTokens)
    case COUNTS.tokensUncached:
      return BigInt(usage.inputTokens - usage.cachedInputTokens + usage.outputTokens)
    case COUNTS.inputTokens:
      return BigInt(usage.inputTokens)
    case COUNTS.inputTokensUncached:
      return BigInt(usage.inputTokens - usage.cachedInputTokens)
    case COUNTS.outputTokens:
      return BigInt(usage.outputTokens)
    case COUNTS.cost:
    case COUNTS.money:
      return costPicoUsd === null ? 0n : readPico(costPicoUsd)
    case COUNTS.concurrency:
      return 0n
  }
}

export function actualAmounts(hold: Hold, record: AttemptRecord): bigint[] {
  const amounts: bigint[] = []
  for (const { counts } of hold.entries) amounts.push(actualAmount(counts, record))
  return amounts
}
