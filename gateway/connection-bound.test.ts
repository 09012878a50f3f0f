import { describe, expect, it } from 'vitest'
import { connectionsWithin } from './connection-bound.ts'

describe('the number of connections', () => {
  it.each([
    ['unknown', null, 20_000],
    ['large', 1_048_576, 20_000],
    ['20,000', 20_000, 18_464],
    ['4,096', 4_096, 2_560],
    ['1,024', 1_024, 256],
    ['tiny', 64, 1],
  ])('leaves descriptors for vendors and the journal: a limit that is %s', (_name, files, expected) => {
    expect(connectionsWithin(files, 20_000)).toBe(expected)
  })
})
