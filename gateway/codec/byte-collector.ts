/**
 * The chunks of a body as they come, and at its end all of them in one. Small ones are gathered: a Buffer weighs some
 * 200 bytes beside what is in it, so that a body sent byte by byte would hold hundreds of times its length.
 */
const SMALL_BYTES = 512
const GATHERED_BYTES = 4_096

export class ByteCollector {
  length = 0
  #chunks: Buffer[] = []
  #gathered: Buffer | null = null
  #used = 0

  add(chunk: Buffer): void {
    this.length += chunk.length
    // Most bodies are one chunk: it is kept as it is.
    if (chunk.length >= SMALL_BYTES || this.length === chunk.length) {
      this.#flush()
      this.#chunks.push(chunk)
      return
    }
    if (this.#used + chunk.length > GATHERED_BYTES) this.#flush()
    this.#gathered ??= Buffer.allocUnsafeSlow(GATHERED_BYTES)
    this.#gathered.set(chunk, this.#used)
    this.#used += chunk.length
  }

  /** All of it, in order. */
  join(): Buffer {
    this.#flush()
    const [only] = this.#chunks
    return this.#chunks.length === 1 && only ? only : Buffer.concat(this.#chunks, this.length)
  }

  clear(): void {
    this.length = 0
    this.#chunks = []
    this.#gathered = null
    this.#used = 0
  }

  #flush(): void {
    if (this.#gathered === null) return
    this.#chunks.push(this.#gathered.subarray(0, this.#used))
    this.#gathered = null
    this.#used = 0
  }
}
