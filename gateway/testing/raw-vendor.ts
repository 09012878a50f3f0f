/**
 * For tests: a vendor that answers with exactly the bytes it is told, which no HTTP server would send. It reads each
 * request whole, then writes, then ends the connection as told.
 */
import { type AddressInfo, createServer, type Socket } from 'node:net'

export interface RawPlan {
  /** Each a write of its own, one after the other. */
  readonly pieces: readonly (string | Buffer)[]
  /** Written over and over afterwards, as fast as it is read, until the connection ends. */
  readonly endless?: string
  readonly ending?: 'fin' | 'reset' | 'open'
}

export interface RawVendor {
  readonly baseUrl: string
  /** Requests that were read whole. */
  readonly requests: number
  readonly bytesSent: number
  /** Connections that are open. */
  open(): number
  script(plans: readonly RawPlan[]): void
  close(): Promise<void>
}

/** An endless vendor that nobody stops has found a hole. */
const MAX_ENDLESS_BYTES = 256 * 1024 * 1024

export async function startRawVendor(): Promise<RawVendor> {
  const state = { plans: [] as RawPlan[], requests: 0, bytesSent: 0 }
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
      const end = received.indexOf('\r\n\r\n')
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(received.slice(0, end + 2))?.[1] ?? 0)
      if (end === -1 || received.length < end + 4 + length) return
      received = received.slice(end + 4 + length)
      state.requests += 1
      void answer(socket, state.plans.shift() ?? { pieces: [], ending: 'fin' })
    })
  })

  async function answer(socket: Socket, { pieces, endless, ending = 'fin' }: RawPlan): Promise<void> {
    for (const piece of pieces) {
      await write(socket, typeof piece === 'string' ? Buffer.from(piece) : piece)
      // Each piece a segment of its own, as far as the kernel goes along.
      await new Promise((resolve) => setImmediate(resolve))
    }
    if (endless !== undefined) {
      const more = Buffer.from(endless.repeat(Math.max(1, Math.ceil(16_384 / endless.length))))
      for (let sent = 0; sent < MAX_ENDLESS_BYTES && socket.writable; sent += more.length)
        await write(socket, more)
    }
    if (ending === 'fin') socket.end()
    else if (ending === 'reset') socket.resetAndDestroy()
  }

  function write(socket: Socket, bytes: Buffer): Promise<void> {
    if (!socket.writable) return Promise.resolve()
    state.bytesSent += bytes.length
    return new Promise((resolve) => {
      socket.once('close', resolve)
      socket.write(bytes, () => {
        socket.off('close', resolve)
        resolve()
      })
    })
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    get requests() {
      return state.requests
    },
    get bytesSent() {
      return state.bytesSent
    },
    open: () => sockets.size,
    script: (plans) => {
      state.plans = [...plans]
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
