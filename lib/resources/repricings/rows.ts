import { formatUsd } from '../../contract/money.ts'
import type { Prisma } from '../../server/db.ts'
import { isoOrNull } from '../rows.ts'
import type { Repricing } from './schema.ts'

export type RepricingRow = Prisma.RepricingGetPayload<object>

export function renderRepricing(row: RepricingRow): Repricing {
  const [before, after] = [BigInt(row.beforePico.toFixed()), BigInt(row.afterPico.toFixed())]
  return {
    id: row.id,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    finishedAt: isoOrNull(row.finishedAt),
    status: row.finishedAt === null ? 'running' : row.stopReason === null ? 'done' : 'stopped',
    stopReason: row.stopReason,
    priceId: row.priceId,
    priceVersion: row.priceVersion,
    model: row.model,
    from: isoOrNull(row.fromAt),
    to: row.toAt.toISOString(),
    calls: Number(row.correctedCalls),
    beforeUsd: formatUsd(before),
    afterUsd: formatUsd(after),
    differenceUsd: formatUsd(after - before),
    skippedCalls: Number(row.skippedCalls),
    actorName: row.actorName,
  }
}
