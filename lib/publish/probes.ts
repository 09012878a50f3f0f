/**
 * "Test connection": a provider is reached through a gateway, by the production code path. The gateway may be connected
 * to another admin, and may answer to a third: request and result travel by notification, the request sealed, for it
 * carries credentials.
 */
import 'server-only'
import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { ProbeResult } from '../contract/control.ts'
import type { ProviderEntity } from '../contract/entities.ts'
import type { ProviderTest } from '../resources/providers/schema.ts'
import { openSecret, sealSecret } from '../server/secrets.ts'
import { PROBE_CHANNEL, PROBE_RESULT_CHANNEL } from './channels.ts'
import { COUNTS_SQL } from './fleet.ts'
import type { Listener } from './listener.ts'
import { createAssembler, intoPieces } from './pieces.ts'
import type { Streams } from './streams.ts'

export interface Probes {
  /** Never rejects for what a provider or a gateway does; without a gateway it says so. */
  run(provider: ProviderEntity, model?: string): Promise<ProviderTest>
  /** The answer of a gateway, wherever the question came from. */
  answered(result: ProbeResult): Promise<void>
  close(): void
}

const PROBE_TIMEOUT_MS = 15_000
/** For the way there and back. */
const MARGIN_MS = 2_000

interface ProbeRequest {
  gatewayId: string
  provider: ProviderEntity
  model: string | null
}

export function createProbes(pool: pg.Pool, listener: Listener, streams: Streams): Probes {
  const waiting = new Map<string, (result: ProbeResult) => void>()
  const requests = createAssembler()
  const results = createAssembler()

  const sendTo = (gatewayId: string, probeId: string, provider: ProviderEntity, model?: string) =>
    streams.send(gatewayId, {
      kind: 'probe',
      probeId,
      provider,
      ...(model === undefined ? {} : { model }),
      timeoutMs: PROBE_TIMEOUT_MS,
    })

  const stops = [
    listener.on(PROBE_CHANNEL, (payload) => {
      const whole = requests(payload)
      if (!whole) return
      const request = openSecret(whole.text, whole.id) as ProbeRequest
      sendTo(request.gatewayId, whole.id, request.provider, request.model ?? undefined)
    }),
    listener.on(PROBE_RESULT_CHANNEL, (payload) => {
      const whole = results(payload)
      if (whole) waiting.get(whole.id)?.(JSON.parse(whole.text) as ProbeResult)
    }),
  ]

  const notify = (channel: string, id: string, text: string) =>
    pool.query('SELECT pg_notify($1, piece) FROM unnest($2::text[]) AS p(piece)', [
      channel,
      intoPieces(id, text),
    ])

  return {
    async run(provider, model) {
      const probeId = randomUUID()
      const startedAt = performance.now()
      const answer = new Promise<ProbeResult | null>((resolve) => {
        const limit = setTimeout(() => resolve(null), PROBE_TIMEOUT_MS + MARGIN_MS)
        waiting.set(probeId, (result) => {
          clearTimeout(limit)
          resolve(result)
        })
      })
      try {
        const { rows } = await pool.query<{ id: string }>(
          `SELECT id FROM gateways WHERE ${COUNTS_SQL} AND lease_until > now() ORDER BY (state = 'ready') DESC, last_seen_at DESC`,
        )
        const here = rows.find((row) => streams.connected().includes(row.id))
        if (!here || !sendTo(here.id, probeId, provider, model)) {
          const other = rows[0]
          if (!other)
            return failure(
              'no_gateway',
              'No gateway is connected: the test runs through one. Start a gateway.',
            )
          const request: ProbeRequest = { gatewayId: other.id, provider, model: model ?? null }
          await notify(PROBE_CHANNEL, probeId, sealSecret(request, probeId))
        }
        const result = await answer
        if (!result) {
          return {
            ...failure('timeout', `No answer within ${(PROBE_TIMEOUT_MS + MARGIN_MS) / 1_000} seconds.`),
            latencyMs: Math.round(performance.now() - startedAt),
          }
        }
        const { ok, message, status, code, latencyMs, models } = result
        return { ok, message, status, code, latencyMs, models }
      } finally {
        waiting.get(probeId)?.({} as ProbeResult)
        waiting.delete(probeId)
      }
    },
    async answered(result) {
      const mine = waiting.get(result.probeId)
      if (mine) return mine(result)
      await notify(PROBE_RESULT_CHANNEL, result.probeId, JSON.stringify(result))
    },
    close() {
      for (const stop of stops) stop()
    },
  }
}

function failure(code: string, message: string): ProviderTest {
  return { ok: false, message, status: null, code, latencyMs: 0, models: [] }
}
