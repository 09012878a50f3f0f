/**
 * Values by an id, for what comes and goes with every call. A `Map` makes itself a new table each time that so many
 * entries were deleted, and its old table points to the new one: once one of them is old enough for the old generation,
 * every later one, with the dead calls in it, outlives its scavenges. Here nothing points on.
 */
export class IdTable<T> {
  /** Open addressing, linear probing; a power of two. */
  #ids: (string | undefined)[] = emptySlots()
  #values: (T | undefined)[] = emptySlots()
  #size = 0

  get size(): number {
    return this.#size
  }

  get(id: string): T | undefined {
    return this.#values[this.#slotOf(id)]
  }

  has(id: string): boolean {
    return this.#ids[this.#slotOf(id)] !== undefined
  }

  set(id: string, value: T): void {
    let slot = this.#slotOf(id)
    if (this.#ids[slot] === undefined) {
      if (this.#size * 2 >= this.#ids.length) {
        this.#resize(this.#ids.length * 2)
        slot = this.#slotOf(id)
      }
      this.#size += 1
    }
    this.#ids[slot] = id
    this.#values[slot] = value
  }

  delete(id: string): void {
    let hole = this.#slotOf(id)
    if (this.#ids[hole] === undefined) return
    this.#size -= 1
    const mask = this.#ids.length - 1
    // Whatever was pushed behind the hole moves up, so that no search ends too early.
    for (let slot = (hole + 1) & mask; ; slot = (slot + 1) & mask) {
      const moved = this.#ids[slot]
      if (moved === undefined) break
      const home = hashOf(moved) & mask
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue
      this.#ids[hole] = moved
      this.#values[hole] = this.#values[slot]
      hole = slot
    }
    this.#ids[hole] = undefined
    this.#values[hole] = undefined
    if (this.#size * 16 < this.#ids.length && this.#ids.length > MIN_SLOTS) this.#resize(this.#ids.length / 2)
  }

  /** As they are now, in no order. */
  values(): T[] {
    return this.#values.filter((value) => value !== undefined)
  }

  /** Where the id stands, or would. */
  #slotOf(id: string): number {
    const mask = this.#ids.length - 1
    let slot = hashOf(id) & mask
    for (let found = this.#ids[slot]; found !== undefined && found !== id; found = this.#ids[slot])
      slot = (slot + 1) & mask
    return slot
  }

  #resize(slots: number): void {
    const [ids, values] = [this.#ids, this.#values]
    this.#ids = emptySlots(slots)
    this.#values = emptySlots(slots)
    for (const [index, id] of ids.entries()) {
      if (id === undefined) continue
      const slot = this.#slotOf(id)
      this.#ids[slot] = id
      this.#values[slot] = values[index]
    }
  }
}

const MIN_SLOTS = 64

function emptySlots(slots = MIN_SLOTS): undefined[] {
  return new Array<undefined>(slots).fill(undefined)
}

/** The end of an id of a call is random, its beginning a time that many share. */
const HASHED_CHARACTERS = 10

/** FNV-1a of its end. */
function hashOf(id: string): number {
  let hash = 0x811c9dc5
  for (let at = Math.max(0, id.length - HASHED_CHARACTERS); at < id.length; at += 1)
    hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193)
  return hash >>> 0
}
