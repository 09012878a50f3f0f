/**
 * A map whose versions share what did not change: a new version with k changes copies about k small buckets and the
 * paths to them, never the whole. A version, once finished, does not change.
 */

/** 64 branches of 64 buckets: at 100,000 entries a bucket holds 24. */
const FANOUT = 64

type Bucket<V> = Map<string, V>
type Branch<V> = (Bucket<V> | undefined)[]
type Root<V> = (Branch<V> | undefined)[]

export class PersistentMap<V> {
  readonly #root: Root<V>
  readonly size: number

  private constructor(root: Root<V>, size: number) {
    this.#root = root
    this.size = size
  }

  static empty<V>(): PersistentMap<V> {
    return new PersistentMap<V>(new Array<undefined>(FANOUT).fill(undefined), 0)
  }

  static finish<V>(root: Root<V>, size: number): PersistentMap<V> {
    return new PersistentMap(root, size)
  }

  get(key: string): V | undefined {
    const hash = hashOf(key)
    return this.#root[hash & 63]?.[(hash >>> 6) & 63]?.get(key)
  }

  *values(): Generator<V> {
    for (const branch of this.#root) {
      if (!branch) continue
      for (const bucket of branch) if (bucket) yield* bucket.values()
    }
  }

  /** Begins the next version; this one stays as it is. */
  edit(): MapDraft<V> {
    return new MapDraft(this.#root, this.size)
  }
}

export class MapDraft<V> {
  readonly #root: Root<V>
  readonly #owned = new Set<object>()
  #size: number
  #finished = false
  /** Entries and slots copied so far: the work, for tests. */
  copied = FANOUT

  constructor(root: Root<V>, size: number) {
    this.#root = root.slice()
    this.#size = size
  }

  get(key: string): V | undefined {
    const hash = hashOf(key)
    return this.#root[hash & 63]?.[(hash >>> 6) & 63]?.get(key)
  }

  set(key: string, value: V): void {
    const bucket = this.#bucketFor(key)
    if (!bucket.has(key)) this.#size += 1
    bucket.set(key, value)
  }

  delete(key: string): void {
    if (this.get(key) === undefined) return
    if (this.#bucketFor(key).delete(key)) this.#size -= 1
  }

  finish(): PersistentMap<V> {
    this.#finished = true
    return PersistentMap.finish(this.#root, this.#size)
  }

  /** The bucket of a key, copied unless this draft made it. */
  #bucketFor(key: string): Bucket<V> {
    if (this.#finished) throw new Error('a finished draft was changed')
    const hash = hashOf(key)
    const [high, low] = [hash & 63, (hash >>> 6) & 63]
    let branch = this.#root[high]
    if (!branch || !this.#owned.has(branch)) {
      branch = branch ? branch.slice() : new Array<undefined>(FANOUT).fill(undefined)
      this.copied += FANOUT
      this.#owned.add(branch)
      this.#root[high] = branch
    }
    let bucket = branch[low]
    if (!bucket || !this.#owned.has(bucket)) {
      bucket = new Map(bucket)
      this.copied += bucket.size
      this.#owned.add(bucket)
      branch[low] = bucket
    }
    return bucket
  }
}

/** FNV-1a with a last mix, so that ids with a common beginning spread too. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < key.length; index += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  }
  return hash ^ (hash >>> 15)
}
