/** Somebody who carries calls from the load to the upstream. */
import { createServer } from 'node:net'

export interface Contestant {
  readonly name: string
  readonly version: string
  readonly port: number
  readonly path: string
  readonly headers: Record<string, string>
  /** The model that callers ask for. */
  readonly model: string
  /** Whose CPU counts. */
  readonly pids: readonly number[]
  /** Resolves when all work that the calls left behind is done: its CPU counts too. */
  drained(): Promise<void>
  stop(): Promise<void>
}

/** Of a contestant that can't be had here: said in the table, and the run goes on. */
export class Unavailable extends Error {}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

/** Polls until `condition` holds. @throws after `withinMs`. */
export async function until(
  what: string,
  withinMs: number,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${what} took more than ${withinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

export async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false
  }
}
