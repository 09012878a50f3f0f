/**
 * A series keeps its colour everywhere: a team is teal on each page of a session. The first choice follows from the
 * entity's id, so it mostly survives a reload too; when another entity of the same dimension holds that colour, the
 * next free one is taken, and when all seven are held they are shared.
 */
import { REST_COLOUR, REST_ID } from './series'

/** The eighth is the grey of "the rest" and never an entity's. */
const ENTITY_COLOURS = 7

export class SeriesColours {
  readonly #slots = new Map<string, number>()
  readonly #taken = new Map<string, Set<number>>()

  /** A CSS colour. `dimension`: `team`, `route`. */
  of(dimension: string, id: string | null): string {
    if (id === null || id === REST_ID) return REST_COLOUR
    const name = `${dimension}/${id}`
    let slot = this.#slots.get(name)
    if (slot === undefined) {
      slot = this.#claim(dimension, name)
      this.#slots.set(name, slot)
    }
    return `var(--chart-${slot + 1})`
  }

  #claim(dimension: string, name: string): number {
    const taken = this.#taken.get(dimension) ?? new Set<number>()
    this.#taken.set(dimension, taken)
    const first = fnv1a(name) % ENTITY_COLOURS
    for (let step = 0; step < ENTITY_COLOURS; step += 1) {
      const slot = (first + step) % ENTITY_COLOURS
      if (!taken.has(slot)) {
        taken.add(slot)
        return slot
      }
    }
    return first
  }
}

/** One for the session of this page. */
export const sessionColours = new SeriesColours()

/** FNV-1a, 32 bits: spreads ids that differ in their last characters alone. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return hash >>> 0
}
