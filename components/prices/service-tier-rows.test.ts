import { expect, test } from 'vitest'
import { firstMessage, serviceTiersText, tiersOfRows } from './service-tier-rows.ts'

const row = (key: number, name: string, price: string) => ({ key, name, price })

test('rows become what is sent; of two of one name the first counts', () => {
  expect(tiersOfRows([row(0, 'flex', '0.5'), row(1, 'priority', '2')])).toEqual({
    flex: '0.5',
    priority: '2',
  })
  expect(tiersOfRows([row(0, 'flex', '0.5'), row(1, 'flex', '9')])).toEqual({ flex: '0.5' })
})

test('a list shows them in a line', () => {
  expect(serviceTiersText({})).toBe('–')
  const rates = { inputUsdPerMillion: '1', tiers: [] } as unknown as Parameters<
    typeof serviceTiersText
  >[0]['flex']
  expect(serviceTiersText({ flex: '0.5', batch: rates as string })).toBe('flex ×0.5, batch')
})

test('the first message of nested errors is told with its place', () => {
  expect(firstMessage({ flex: { message: 'is no decimal number' } })).toBe('flex: is no decimal number')
  expect(firstMessage({ message: 'at most 10 service tiers' })).toBe('at most 10 service tiers')
  expect(firstMessage(undefined)).toBeUndefined()
})
