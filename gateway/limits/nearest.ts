/**
 * Which limits are nearest to their end, for people to look at. Counters may be many: each look walks on through a piece of
 * them and keeps the nearest, so it costs the same however many there are; up to a piece of them it is exact.
 */
import { type LeaseRenewal, MAX_NEAR } from '../../lib/contract/control.ts'
import type { LimitEntity } from '../../lib/contract/entities.ts'
import type { Counters } from './counters.ts'

/** Looked at each time, beside the nearest of the time before. */
const PIECE = 2_000

type Near = NonNullable<LeaseRenewal['near']>

/** The limit that a counter belongs to, in the running configuration. */
type LimitOf = (id: string, subject: string) => LimitEntity | undefined

/** The nearest first; what counts nothing is left out. */
export function createNearest(counters: Counters, limitOf: LimitOf): () => Near {
  let nearest: string[] = []
  let walk = counters.countedKeys()

  function nextPiece(): string[] {
    const keys: string[] = []
    while (keys.length < PIECE) {
      const next = walk.next()
      if (next.done) {
        walk = counters.countedKeys()
        break
      }
      keys.push(next.value)
    }
    return keys
  }

  return () => {
    const found = [...new Set([...nearest, ...nextPiece()])].flatMap((key) => {
      const at = key.indexOf('|')
      const limit = limitOf(key.slice(0, at), key.slice(at + 1))
      if (!limit) return []
      const { used } = counters.used(key, (limit.windowSeconds ?? 0) * 1_000)
      if (used <= 0n) return []
      const share = Number(used) / Number(limit.limit)
      return [{ key, share, near: { limitId: limit.id, subject: key.slice(at + 1), used: used.toString() } }]
    })
    found.sort((a, b) => b.share - a.share)
    found.length = Math.min(found.length, MAX_NEAR)
    nearest = found.map(({ key }) => key)
    return found.map(({ near }) => near)
  }
}
