import { describe, expect, test } from 'vitest'
import { NO_USAGE } from '@/lib/contract/usage'
import type { Call } from '@/lib/resources/calls/schema'
import { belongs, neighbour, prepend } from './live-rows'

const call = (patch: Partial<Call> = {}): Call => ({
  id: 'c1',
  traceId: 't1',
  at: '2026-03-10T14:00:00.000Z',
  kind: 'llm',
  status: 200,
  code: null,
  teamId: 'team_a',
  teamName: 'A',
  consumerId: 'con_a',
  consumerName: 'a',
  keyId: 'key_a',
  keyName: 'k',
  routeId: 'route_a',
  route: 'support-chat',
  stream: true,
  requestedModel: 'support-chat',
  servedModel: 'sandbox-large',
  providerId: 'prov_a',
  providerName: 'P',
  endUser: null,
  usage: NO_USAGE,
  usageSource: 'provider',
  costUsd: '0',
  unpriced: false,
  attemptCount: 1,
  simulated: true,
  latencyMs: 10,
  firstTokenMs: 5,
  tags: {},
  revision: 1,
  degraded: null,
  ...patch,
})

describe('a booked call comes into the list that would hold it', () => {
  test('no filter, or each that fits', () => {
    expect(belongs(call(), {})).toBe(true)
    for (const filters of [
      { teamId: 'team_a' },
      { route: 'support-chat' },
      { model: 'sandbox-large' },
      { model: 'support-chat' },
      { stream: 'true' },
      { simulated: 'only' },
      { outcome: 'ok' },
      { from: '2026-03-10T14:00:00Z' },
    ]) {
      expect(belongs(call(), filters)).toBe(true)
    }
  })
  test('and not into another', () => {
    for (const filters of [
      { teamId: 'team_b' },
      { consumerId: 'x' },
      { keyId: 'x' },
      { route: 'x' },
      { providerId: 'x' },
      { model: 'x' },
      { kind: 'mcp' },
      { code: 'rate_limit_exceeded' },
      { stream: 'false' },
      { degraded: 'true' },
      { simulated: 'exclude' },
      { outcome: 'error' },
      { outcome: 'refused' },
      { to: '2026-03-10T14:00:00Z' },
      { from: '2026-03-10T14:00:01Z' },
    ]) {
      expect(belongs(call(), filters)).toBe(false)
    }
  })
  test('a search is for the server to judge', () => {
    expect(belongs(call(), { q: 'sand' })).toBeNull()
    expect(belongs(call(), { q: 'sand', teamId: 'team_b' })).toBe(false)
  })
})

test('rows come in newest first, once each, and never without end', () => {
  const rows = [call({ id: 'b', at: '2026-03-10T14:00:02Z' }), call({ id: 'a', at: '2026-03-10T14:00:01Z' })]
  const added = [call({ id: 'c', at: '2026-03-10T14:00:03Z' }), call({ id: 'b', at: '2026-03-10T14:00:02Z' })]
  expect(prepend(rows, added).map((row) => row.id)).toEqual(['c', 'b', 'a'])
  expect(prepend(rows, added, 2).map((row) => row.id)).toEqual(['c', 'b'])
})

test('J and K move within the rows and stop at the ends', () => {
  const rows = [{ id: 'a' }, { id: 'b' }]
  expect(neighbour(rows, 'a', 1)).toBe('b')
  expect(neighbour(rows, 'b', 1)).toBe('b')
  expect(neighbour(rows, 'a', -1)).toBe('a')
  expect(neighbour(rows, null, 1)).toBe('a')
  expect(neighbour([], 'a', 1)).toBeNull()
})
