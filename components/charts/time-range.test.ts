import { describe, expect, test } from 'vitest'
import { bucketEnd, intervalFor, RANGE_PRESETS, resolveRange } from './time-range'

const NOW = Date.parse('2026-03-10T14:37:21.500Z')
const choice = (range: '1h' | '24h' | '7d' | '30d') => ({ range, from: null, to: null })

describe('presets', () => {
  test('begin on a whole interval of the zone', () => {
    expect(resolveRange(choice('1h'), 'UTC', NOW).from).toBe('2026-03-10T13:38:00.000Z')
    expect(resolveRange(choice('24h'), 'UTC', NOW).from).toBe('2026-03-09T15:00:00.000Z')
    // 14:37 UTC is 20:07 in Kolkata: its hour began at 14:30 UTC.
    expect(resolveRange(choice('24h'), 'Asia/Kolkata', NOW).from).toBe('2026-03-09T15:30:00.000Z')
    expect(resolveRange(choice('30d'), 'UTC', NOW).from).toBe('2026-02-09T00:00:00.000Z')
  })
  test('a range of days over a change of the clocks still begins at midnight', () => {
    // Los Angeles went to summer time on 8 March 2026: midnight was 08:00 UTC before it.
    expect(resolveRange(choice('30d'), 'America/Los_Angeles', NOW).from).toBe('2026-02-09T08:00:00.000Z')
  })
  test('the period before is as long as what has passed of this one, and they do not overlap', () => {
    for (const preset of RANGE_PRESETS) {
      for (const zone of ['UTC', 'Asia/Kolkata', 'America/Los_Angeles']) {
        const { from, to, before } = resolveRange(choice(preset), zone, NOW)
        expect(Date.parse(before.to)).toBeLessThanOrEqual(Date.parse(from))
        const length = Date.parse(to) - Date.parse(from)
        expect(Math.abs(Date.parse(before.to) - Date.parse(before.from) - length)).toBeLessThanOrEqual(
          3_600_000,
        )
      }
    }
  })
})

describe('own ranges', () => {
  test('are taken as they are, and compared with as long before', () => {
    const range = resolveRange(
      { range: 'custom', from: '2026-03-01T00:00:00Z', to: '2026-03-03T00:00:00Z' },
      'UTC',
      NOW,
    )
    expect(range).toMatchObject({
      from: '2026-03-01T00:00:00.000Z',
      to: '2026-03-03T00:00:00.000Z',
      interval: 'hour',
      before: { from: '2026-02-27T00:00:00.000Z', to: '2026-03-01T00:00:00.000Z' },
      live: false,
    })
  })
  test('fall back to a day when the address makes no sense', () => {
    for (const [from, to] of [
      [null, null],
      ['x', 'y'],
      ['2026-03-03T00:00:00Z', '2026-03-01T00:00:00Z'],
    ] as const) {
      expect(resolveRange({ range: 'custom', from, to }, 'UTC', NOW).live).toBe(true)
    }
  })
})

test('no interval gives a chart more than 1,000 points', () => {
  const size = { minute: 60e3, hour: 3600e3, day: 86400e3, month: 28 * 86400e3 }
  for (let hours = 1; hours < 24 * 3000; hours += 7) {
    const span = hours * 3600e3
    expect(span / size[intervalFor(span)]).toBeLessThanOrEqual(1000)
  }
})

test('a bucket ends where the next begins, the last one where the range does', () => {
  const buckets = ['2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z']
  expect(bucketEnd('2026-03-01T00:00:00Z', buckets, 'end')).toBe('2026-03-02T00:00:00Z')
  expect(bucketEnd('2026-03-02T00:00:00Z', buckets, 'end')).toBe('end')
})
