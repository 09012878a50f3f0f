import { describe, expect, it } from 'vitest'
import { countOf } from '../testing/routing-world.ts'
import { ProviderCredentials } from './provider-credentials.ts'

const MINUTE = 60_000

function listOf(count: number): ProviderCredentials {
  return new ProviderCredentials('p', '1').growTo(count)
}

const takenAt = (credentials: ProviderCredentials, now: number, mayAskAgain = true): number | null =>
  credentials.take('m', now, mayAskAgain)?.position ?? null

function refuse(credentials: ProviderCredentials, position: number, now: number): void {
  const credential = credentials.list[position]
  if (credential) credentials.refuse(credential, now, '401')
}

function rest(credentials: ProviderCredentials, position: number, until: number, model = 'm'): void {
  const credential = credentials.list[position]
  if (credential) credentials.rest(credential, model, until, '429')
}

describe('several credentials', () => {
  it('take turns, one call each', () => {
    const credentials = listOf(3)
    expect(Array.from({ length: 7 }, () => takenAt(credentials, 0))).toEqual([0, 1, 2, 0, 1, 2, 0])
  })

  it('that are left share evenly: no neighbour carries what another leaves', () => {
    const credentials = listOf(4)
    refuse(credentials, 1, 0)
    rest(credentials, 2, 10_000)
    const taken = Array.from({ length: 100 }, () => String(takenAt(credentials, 1)))
    expect(countOf(taken)).toEqual({ 0: 50, 3: 50 })
  })

  it('rest for the model that their vendor limits, and serve its others', () => {
    const credentials = listOf(2)
    rest(credentials, 0, 5_000, 'm')
    expect([0, 1, 2].map(() => takenAt(credentials, 4_999))).toEqual([1, 1, 1])
    expect([0, 1].map(() => credentials.take('other', 0, true)?.position)).toEqual([0, 1])
    expect([0, 1].map(() => takenAt(credentials, 5_000))).toEqual([0, 1])
  })

  it('that are all out wait for the first that comes back', () => {
    const credentials = listOf(3)
    rest(credentials, 0, 9_000)
    rest(credentials, 1, 4_000)
    refuse(credentials, 2, 0)
    expect(credentials.waitMs('m', 1_000)).toBe(3_000)
    expect(takenAt(credentials, 1_000)).toBeNull()
    expect(credentials.areAllRefused()).toBe(false)
    expect(takenAt(credentials, 4_000)).toBe(1)
  })
})

describe('a refused credential', () => {
  it('is tried again by one call after a minute, then after twice as long each time, up to an hour', () => {
    const credentials = listOf(2)
    let now = 0
    refuse(credentials, 0, now)
    for (const minutes of [1, 2, 4, 8, 16, 32, 60, 60]) {
      const back = now + minutes * MINUTE
      expect([0, 1].map(() => takenAt(credentials, back - 1))).toEqual([1, 1])
      const taken = Array.from({ length: 4 }, () => takenAt(credentials, back))
      expect(taken.filter((position) => position === 0)).toHaveLength(1)
      now = back + 20
      refuse(credentials, 0, now)
    }
  })

  it('counts the calls that left together as one refusal', () => {
    const credentials = listOf(2)
    for (let call = 0; call < 20; call += 1) refuse(credentials, 0, call)
    expect(takenAt(credentials, MINUTE)).toBe(0)
  })

  it('has its share back once its vendor takes it', () => {
    const credentials = listOf(2)
    refuse(credentials, 0, 0)
    credentials.list[0]?.accept()
    expect([0, 1, 2].map(() => takenAt(credentials, 1))).toEqual([0, 1, 0])
    expect(credentials.list[0]?.state(1)).toEqual({ state: 'ready', until: null, code: null })
  })

  it('is tried again after another minute when nobody heard what became of the try', () => {
    const credentials = listOf(2)
    refuse(credentials, 0, 0)
    expect([takenAt(credentials, MINUTE), takenAt(credentials, MINUTE)]).toEqual([0, 1])
    expect([0, 1].map(() => takenAt(credentials, 2 * MINUTE))).toContain(0)
  })

  it('costs no call that has a single try, as long as another is there', () => {
    const credentials = listOf(2)
    refuse(credentials, 0, 0)
    expect([0, 1, 2].map(() => takenAt(credentials, MINUTE, false))).toEqual([1, 1, 1])
    rest(credentials, 1, 2 * MINUTE)
    expect(takenAt(credentials, MINUTE, false)).toBe(0)
  })
})

describe('a single credential', () => {
  it('goes with every call, whatever its vendor said of it', () => {
    for (const credentials of [listOf(1), listOf(0)]) {
      refuse(credentials, 0, 0)
      expect([takenAt(credentials, 1), credentials.waitMs('m', 1)]).toEqual([0, 0])
      expect(credentials.list[0]?.state(1)).toMatchObject({ state: 'refused', code: '401' })
    }
  })
})
