import { expect, test } from 'vitest'
import { medianOf } from './policies.ts'
import { type Figures, isQuiet, judge, type Report, summarize } from './report.ts'

const figures = (us: number, eventUs: number, p50Ms: number): Figures => ({
  calls: { us, perSecond: 1, busy: 1, loadBusy: 0 },
  streams: { us: eventUs, perSecond: 1, busy: 1, loadBusy: 0, streams: 1, eventsPerRead: 1 },
  latency: { p50Ms, p99Ms: p50Ms * 2, sentLateP99Ms: 0 },
  memoryMb: 1,
})
const direct = [0.1, 0.3, 0.2].map((p50Ms) => ({ p50Ms, p99Ms: p50Ms * 2 }))
const report = (contestants: Report['contestants']): Report => ({
  date: '2026-01-01T00:00:00.000Z',
  machine: { cpu: '', cores: 2, memoryGb: 1, system: '', node: 'v24' },
  pinned: true,
  loadAverages: [],
  othersBusy: [],
  rounds: 3,
  seconds: 1,
  missing: [],
  contestants,
})

test('a figure is the median of its rounds, and added time is less that of the same calls without a gateway', () => {
  const summary = summarize('x', '1', [figures(50, 5, 1), figures(900, 9, 7), figures(60, 6, 0.9)], direct)
  expect(summary.usPerCall).toBe(60)
  expect(summary.usPerEvent).toBe(6)
  expect(summary.addedP50Ms).toBeCloseTo(0.8)
})

test('a target is met, missed, or not judged where there is nothing to compare with', () => {
  const own = summarize('Gatehouse', '1', [figures(60, 20, 0.5)], direct)
  const nginx = summarize('nginx', '1', [figures(14, 7, 0.2)], direct)
  const verdicts = judge(report([own, nginx]))
  expect(verdicts.map(({ met }) => met)).toEqual([true, null, false, null, true, true])
  expect(verdicts[0]?.measured).toBe('4.29×')
})

test('events that arrived joined are compared with nothing', () => {
  const joined = { ...figures(60, 5, 0.5), streams: { ...figures(60, 5, 0.5).streams, eventsPerRead: 5 } }
  const own = summarize('Gatehouse', '1', [joined], direct)
  const nginx = summarize('nginx', '1', [figures(14, 9, 0.2)], direct)
  expect(judge(report([own, nginx])).map(({ met }) => met)).toEqual([true, null, null, null, true, true])
})

test('a machine that others use in any round is not quiet', () => {
  expect(isQuiet({ othersBusy: [0.02, 0.04, 0.03] })).toBe(true)
  expect(isQuiet({ othersBusy: [0.02, 0.4, 0.03] })).toBe(false)
})

test('a median of pairs comes with what it may be by chance', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 1 + index)
  const { median, sure } = medianOf(hundred)
  expect(median).toBe(50.5)
  // The 40th and the 61st.
  expect(sure).toEqual([40, 61])
})
