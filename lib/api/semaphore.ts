/**
 * Lets a number of tasks run at once, the others wait in order. Held before the database's pool, so that a burst waits
 * here, without a limit of its own on time, and only a database that does not answer runs into the pool's.
 */
export class Semaphore {
  #free: number
  readonly #waiting: (() => void)[] = []
  readonly #maxWaiting: number

  constructor(slots: number, maxWaiting: number) {
    this.#free = slots
    this.#maxWaiting = maxWaiting
  }

  /** @throws the signal's reason when it is aborted before a slot is free, or QueueFullError. */
  async run<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    await this.#acquire(signal)
    try {
      return await task()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#free += 1
    }
  }

  #acquire(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#free > 0) {
      this.#free -= 1
      return Promise.resolve()
    }
    if (this.#waiting.length >= this.#maxWaiting)
      throw new QueueFullError('too many requests wait for the database')
    return new Promise((resolve, reject) => {
      const start = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        const at = this.#waiting.indexOf(start)
        if (at < 0) return
        this.#waiting.splice(at, 1)
        reject(signal.reason as Error)
      }
      this.#waiting.push(start)
      signal.addEventListener('abort', leave, { once: true })
    })
  }
}

/** So many wait already that the newest is better told to come back. */
export class QueueFullError extends Error {
  override name = 'QueueFullError'
}
