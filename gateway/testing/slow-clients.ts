/** For tests: many connections that send a byte now and then, and what became of each. */
import { connect, type Socket } from 'node:net'

export interface SlowClients {
  /** Once all are closed: how many ended with which status (0: without a word). */
  ended(withinMs: number): Promise<Record<number, number>>
  open(): number
  close(): void
}

export interface SlowClientOptions {
  readonly count: number
  readonly first: string
  /** Sent by each every so often. */
  readonly drip: string
  readonly everyMs: number
}

export async function openSlowClients(
  port: number,
  { count, first, drip, everyMs }: SlowClientOptions,
): Promise<SlowClients> {
  const open = new Set<Socket>()
  const tally: Record<number, number> = {}
  let allClosed: () => void = () => {}
  const closed = new Promise<void>((resolve) => {
    allClosed = resolve
  })
  // No more at a time than a listener's queue takes.
  for (let from = 0; from < count; from += 100)
    await Promise.all(Array.from({ length: Math.min(100, count - from) }, begin))
  const dripping = setInterval(() => {
    for (const socket of open) if (drip !== '' && socket.writable) socket.write(drip)
  }, everyMs)

  function begin(): Promise<void> {
    return new Promise((resolve) => {
      let received = ''
      const socket = connect(port, '127.0.0.1', () => {
        open.add(socket)
        if (first !== '') socket.write(first)
        resolve()
      })
      socket.on('data', (chunk) => {
        received += chunk.toString('latin1')
      })
      socket.on('error', () => resolve())
      socket.on('close', () => {
        open.delete(socket)
        const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(received)?.[1] ?? 0)
        tally[status] = (tally[status] ?? 0) + 1
        if (open.size === 0) allClosed()
      })
    })
  }

  const close = () => {
    clearInterval(dripping)
    for (const socket of open) socket.destroy()
  }
  return {
    open: () => open.size,
    close,
    async ended(withinMs) {
      const late = setTimeout(close, withinMs)
      await closed
      clearTimeout(late)
      clearInterval(dripping)
      return tally
    },
  }
}
