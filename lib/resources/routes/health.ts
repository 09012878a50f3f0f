/** How targets do, as the gateways that live told it last: at most three seconds ago. */
import type { LeaseRenewal } from '../../contract/control.ts'
import { pool } from '../../server/db.ts'
import type { TargetHealth } from './health-schema.ts'

export interface GatewayReport {
  readonly gatewayId: string
  readonly targets: NonNullable<LeaseRenewal['targets']>
  readonly shares: NonNullable<LeaseRenewal['shares']>
  readonly credentials: NonNullable<LeaseRenewal['credentials']>
  readonly checks: NonNullable<LeaseRenewal['checks']>
}

export async function readReports(): Promise<GatewayReport[]> {
  const { rows } = await pool.query<GatewayReport>(
    `SELECT id AS "gatewayId", coalesce(report->'targets', '[]') AS targets, coalesce(report->'shares', '[]') AS shares,
            coalesce(report->'credentials', '[]') AS credentials, coalesce(report->'checks', '[]') AS checks
     FROM gateways WHERE lease_until > now() ORDER BY id`,
  )
  return rows
}

/** What the gateways say of one target together. */
export function healthOf(
  target: { readonly providerId: string; readonly model: string },
  reports: readonly GatewayReport[],
): TargetHealth {
  const { providerId, model } = target
  const told = reports.flatMap((report) => {
    const own = report.targets.find((one) => one.providerId === providerId && one.model === model)
    // A gateway that never called it has nothing else to tell of it.
    const known = own ?? (isDown(providerId, report) ? { ...NOTHING, state: 'open' as const } : null)
    return known ? [{ gatewayId: report.gatewayId, ...known }] : []
  })
  const calls = sum(told.map((one) => one.calls))
  const failed = sum(told.map((one) => one.failed))
  const outUntil = Math.max(0, ...told.map(({ outUntilMs }) => outUntilMs ?? 0))
  return {
    providerId,
    model,
    state:
      (['open', 'halfOpen', 'closed'] as const).find((state) => told.some((one) => one.state === state)) ??
      'unknown',
    calls,
    failed,
    errorRate: calls === 0 ? null : failed / calls,
    firstTokenMs: medianOf(told),
    inFlight: sum(told.map((one) => one.inFlight)),
    outUntil: outUntil > 0 ? new Date(outUntil).toISOString() : null,
    gateways: told.map(({ gatewayId, state }) => ({ gatewayId, state })),
  }
}

/** Whether the server of a provider fails the checks of this gateway, so that it leaves all its models alone. */
function isDown(providerId: string, { checks }: Pick<GatewayReport, 'checks'>): boolean {
  return checks.some((check) => check.providerId === providerId && check.isDown)
}

const NOTHING = { calls: 0, failed: 0, firstTokenMs: null, inFlight: 0, outUntilMs: null }

/** Of the gateways' own medians, by their calls. */
function medianOf(
  told: readonly { readonly firstTokenMs: number | null; readonly calls: number }[],
): number | null {
  const known = told
    .flatMap(({ firstTokenMs, calls }) =>
      firstTokenMs === null ? [] : [{ ms: firstTokenMs, calls: calls + 1 }],
    )
    .sort((a, b) => a.ms - b.ms)
  const half = sum(known.map(({ calls }) => calls)) / 2
  let before = 0
  for (const { ms, calls } of known) {
    before += calls
    if (before >= half) return ms
  }
  return null
}

export const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)
