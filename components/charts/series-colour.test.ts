import { expect, test } from 'vitest'
import { REST_COLOUR, REST_ID } from './series'
import { SeriesColours } from './series-colour'

test('an entity keeps its colour, whatever else is shown before it asks again', () => {
  const colours = new SeriesColours()
  const first = colours.of('team', 'team_a')
  for (let i = 0; i < 20; i += 1) colours.of('team', `team_${i}`)
  expect(colours.of('team', 'team_a')).toBe(first)
})

test('seven entities of one dimension have seven colours', () => {
  const colours = new SeriesColours()
  const seen = new Set(Array.from({ length: 7 }, (_, i) => colours.of('route', `route_${i}`)))
  expect(seen.size).toBe(7)
  expect(seen.has(REST_COLOUR)).toBe(false)
})

test('the rest and the unattributed are grey, an entity never is', () => {
  const colours = new SeriesColours()
  expect(colours.of('team', REST_ID)).toBe(REST_COLOUR)
  expect(colours.of('team', null)).toBe(REST_COLOUR)
  for (let i = 0; i < 50; i += 1) expect(colours.of('key', `k${i}`)).not.toBe(REST_COLOUR)
})

test('the first choice follows from the id alone', () => {
  expect(new SeriesColours().of('team', 'team_x')).toBe(new SeriesColours().of('team', 'team_x'))
})
