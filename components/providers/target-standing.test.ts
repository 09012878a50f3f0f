import { describe, expect, test } from 'vitest'
import { healthSentence, standingOf, worstStanding } from './target-standing'

const healthy = { state: 'closed', outUntil: null, errorRate: 0 } as const

describe('standingOf', () => {
  test.each([
    [{ ...healthy }, 'Healthy', 'ok'],
    [{ ...healthy, errorRate: null }, 'Healthy', 'ok'],
    [{ ...healthy, errorRate: 0.049 }, 'Healthy', 'ok'],
    [{ ...healthy, errorRate: 0.05 }, 'Some failures', 'warn'],
    [{ ...healthy, outUntil: '2026-11-26T00:00:00.000Z' }, 'Resting', 'warn'],
    [{ ...healthy, state: 'halfOpen', errorRate: 1 }, 'Tried again', 'warn'],
    [{ ...healthy, state: 'open', outUntil: '2026-11-26T00:00:00.000Z' }, 'Out', 'danger'],
    [{ ...healthy, state: 'unknown', errorRate: null }, 'Not called', 'neutral'],
  ] as const)('%j is told as %s', (health, word, tone) => {
    expect(standingOf(health)).toMatchObject({ word, tone })
  })
})

describe('worstStanding', () => {
  test('is that of the model that does worst, whatever their order', () => {
    const open = { ...healthy, state: 'open' } as const
    const unknown = { ...healthy, state: 'unknown' } as const
    expect(worstStanding([healthy, open, unknown]).word).toBe('Out')
    expect(worstStanding([unknown, healthy]).word).toBe('Healthy')
  })

  test('is unknown without models', () => {
    expect(worstStanding([]).word).toBe('Not called')
  })
})

test('the sentence counts models by how they stand, the worst first', () => {
  const targets = ['closed', 'open', 'closed'].map((state) => ({ ...healthy, state }))
  expect(healthSentence({ gateways: 2, targets } as never)).toBe(
    '3 models: 1 out, 2 healthy, as 2 gateways tell it from the last half minute.',
  )
  expect(healthSentence({ gateways: 1, targets: targets.slice(0, 1) } as never)).toBe(
    '1 model: 1 healthy, as 1 gateway tells it from the last half minute.',
  )
  expect(healthSentence({ gateways: 0, targets } as never)).toMatch(/^No gateway/)
  expect(healthSentence({ gateways: 1, targets: [] })).toMatch(/^No route/)
})
