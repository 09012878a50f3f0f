import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson, EMPTY_HASH, entityHash, nextHash } from './content-hash.ts'
import type { Entity } from './entities.ts'

const team = (id: string, name: string): Entity => ({ type: 'team', id, name })

describe('the hash of a configuration', () => {
  test('is the same in any order, and comes back when a change is taken back', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 20 }), (ids) => {
        const shares = ids.map((id) => entityHash(team(id, `name of ${id}`)))
        const forwards = shares.reduce((hash, share) => nextHash(hash, null, share), EMPTY_HASH)
        const backwards = shares.toReversed().reduce((hash, share) => nextHash(hash, null, share), EMPTY_HASH)
        expect(forwards).toBe(backwards)
        expect(forwards).toMatch(/^[0-9a-f]{64}$/)
        expect(shares.reduce((hash, share) => nextHash(hash, share, null), forwards)).toBe(EMPTY_HASH)
      }),
    )
  })

  test('does not depend on the order of fields, survives JSON, and leaves credentials out', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const received = JSON.parse(JSON.stringify(value))
        expect(canonicalJson(received)).toBe(canonicalJson(value))
        const reversed = Object.fromEntries(Object.entries(received).reverse())
        expect(canonicalJson(reversed)).toBe(canonicalJson(value))
      }),
    )
    const provider = { type: 'provider', id: 'p', credentialsVersion: '1' }
    expect(entityHash({ ...provider, credentials: { apiKey: 'a' } } as unknown as Entity)).toBe(
      entityHash({ ...provider, credentials: { apiKey: 'b' } } as unknown as Entity),
    )
  })
})
