import { expect, test } from 'vitest'
import type { HistoryValues } from '@/lib/resources/routes/history-schema'
import {
  changeWords,
  errorsTitle,
  fallbacksTitle,
  latencyTitle,
  marksOf,
  reasonsOf,
  sharesTitle,
} from './history-words'

const values = (more: Partial<HistoryValues> = {}): HistoryValues => ({
  calls: 100,
  errors: 0,
  refused: 0,
  attempts: 120,
  chosenFirst: 100,
  failures: {},
  fallbacks: {},
  latencyP50Ms: null,
  latencyP95Ms: null,
  firstTokenP50Ms: null,
  firstTokenP95Ms: null,
  attemptP50Ms: null,
  attemptP95Ms: null,
  attemptFirstTokenP50Ms: null,
  attemptFirstTokenP95Ms: null,
  ...more,
})
const target = (model: string, attempts: number) => ({
  providerId: 'prov_a',
  providerName: 'Lab',
  model,
  total: values({ attempts }),
  values: [],
})
const history = (targets: ReturnType<typeof target>[], total = values()) => ({
  from: '',
  to: '',
  interval: 'hour' as const,
  timeZone: 'UTC',
  buckets: [],
  total,
  values: [],
  targets,
  changes: [],
})

test('errors leave out callers that left', () => {
  expect(errorsTitle(values())).toBe('No attempt of 120 failed')
  expect(errorsTitle(values({ failures: { callerGone: 3 } }))).toBe('No attempt of 120 failed')
  expect(errorsTitle(values({ failures: { timeout: 10, rateLimit: 2, callerGone: 3 } }))).toBe(
    '10 % of 120 attempts failed, mostly: timed out',
  )
  expect(errorsTitle(values({ failures: { timeout: 6, rateLimit: 6 } }))).toBe('10 % of 120 attempts failed')
  expect(errorsTitle(values({ attempts: 0 }))).toBe('No target was asked')
})

test('the other titles say what is to be seen', () => {
  expect(latencyTitle(values({ latencyP50Ms: 512, latencyP95Ms: 4_096 }))).toBe(
    'Half of the calls took at most 512 ms, 19 of 20 at most 4.1 s',
  )
  expect(latencyTitle(values())).toBe('Time to answer')
  expect(fallbacksTitle(values({ fallbacks: { serverError: 7, timeout: 1 } }))).toBe(
    'A fallback answered 8 of 100 calls, mostly: failed at the vendor',
  )
  expect(fallbacksTitle(values())).toBe('No call was answered by a fallback')
  expect(sharesTitle(history([target('large', 90), target('small', 30)]))).toBe(
    'large at Lab had 75 % of 120 attempts',
  )
  expect(sharesTitle(history([target('large', 120)]))).toBe('large at Lab was asked each time')
})

test('the most frequent reason stands first', () => {
  expect(reasonsOf({ rateLimit: 1, timeout: 4, other: 2 })).toEqual(['timeout', 'other', 'rateLimit'])
})

test('changes of one bucket are one mark, which leads to the newest', () => {
  const change = { at: '2026-03-10T14:10:00Z', actorName: 'Ada', op: 'update' as const }
  const changes = [
    { ...change, revision: 7, members: ['targets'] },
    { ...change, revision: 8, members: ['strategy', 'retries'] },
    { ...change, at: '2026-03-10T16:00:00Z', revision: 9, op: 'create' as const, members: [] },
  ]
  const buckets = ['2026-03-10T14:00:00Z', '2026-03-10T15:00:00Z', '2026-03-10T16:00:00Z']
  expect(marksOf({ buckets, changes })).toEqual([
    {
      index: 0,
      title: 'Revision 7 by Ada: targets. Revision 8 by Ada: strategy, retries',
      href: '/revisions/8',
    },
    { index: 2, title: 'Revision 9 by Ada: created', href: '/revisions/9' },
  ])
  expect(changeWords({ ...change, revision: 3, members: [], op: 'delete' })).toBe(
    'Revision 3 by Ada: deleted',
  )
})
