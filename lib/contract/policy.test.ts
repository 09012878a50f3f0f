import { expect, test } from 'vitest'
import { periodAt, type ScopeSubjects, subjectsOf } from './policy.ts'

const CALL: ScopeSubjects = {
  teamId: 'team_a',
  consumerId: 'cons_a',
  keyId: 'key_a',
  endUser: null,
  routeId: 'route_a',
  tags: { feature: 'chat', env: 'prod' },
  providerId: 'prov_a',
  model: 'gpt-4o',
}
const scope = (type: Parameters<typeof subjectsOf>[0]['type'], id: string | null = null, each = false) => ({
  type,
  id,
  each,
})

test('a scope counts what it names, each one separately where it says so, and nothing else', () => {
  expect(subjectsOf(scope('organization'), CALL)).toEqual([''])
  expect(subjectsOf(scope('team', 'team_a'), CALL)).toEqual(['team_a'])
  expect(subjectsOf(scope('team', 'team_b'), CALL)).toEqual([])
  expect(subjectsOf(scope('key', null, true), CALL)).toEqual(['key_a'])
  expect(subjectsOf(scope('user', null, true), CALL)).toEqual([])
  expect(subjectsOf(scope('user', null, true), { ...CALL, endUser: 'ada' })).toEqual(['ada'])
  expect(subjectsOf(scope('model', 'gpt-4o'), CALL)).toEqual(['gpt-4o'])
  expect(subjectsOf(scope('provider', null, true), CALL)).toEqual(['prov_a'])
  expect(subjectsOf(scope('tag', 'env=prod'), CALL)).toEqual(['env=prod'])
  expect(subjectsOf(scope('tag', 'env=dev'), CALL)).toEqual([])
  expect(subjectsOf(scope('tag', null, true), CALL)).toEqual(['feature=chat', 'env=prod'])
})

const iso = (at: string, period: Parameters<typeof periodAt>[1], zone: string) => {
  const { startMs, endMs } = periodAt(Date.parse(at), period, zone)
  return [new Date(startMs).toISOString(), endMs === null ? null : new Date(endMs).toISOString()]
}

test('periods follow the calendar of the time zone, over changes of the clock too', () => {
  expect(iso('2026-11-25T14:30:00Z', 'hour', 'Asia/Kolkata')).toEqual([
    '2026-11-25T14:30:00.000Z',
    '2026-11-25T15:30:00.000Z',
  ])
  // 25 hours: the clocks of Los Angeles go back on 1 November 2026.
  expect(iso('2026-11-01T12:00:00Z', 'day', 'America/Los_Angeles')).toEqual([
    '2026-11-01T07:00:00.000Z',
    '2026-11-02T08:00:00.000Z',
  ])
  // A Sunday belongs to the week that began on Monday.
  expect(iso('2026-11-29T23:59:59Z', 'week', 'UTC')).toEqual([
    '2026-11-23T00:00:00.000Z',
    '2026-11-30T00:00:00.000Z',
  ])
  expect(iso('2026-03-31T22:30:00Z', 'month', 'Europe/Berlin')).toEqual([
    '2026-03-31T22:00:00.000Z',
    '2026-04-30T22:00:00.000Z',
  ])
  expect(iso('2026-12-31T23:00:00Z', 'quarter', 'UTC')).toEqual([
    '2026-10-01T00:00:00.000Z',
    '2027-01-01T00:00:00.000Z',
  ])
  expect(iso('2026-12-31T23:00:00Z', 'total', 'UTC')).toEqual(['1970-01-01T00:00:00.000Z', null])
})
