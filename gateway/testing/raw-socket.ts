/** For tests: bytes on a bare socket, as no HTTP client would send them, and all that comes back until the end. */
import { connect } from 'node:net'

export interface RawExchange {
  /** All that came back. */
  readonly text: string
  /** The status of each answer in it, in order; `100 Continue` too. */
  readonly statuses: number[]
  /** `end`: the gateway closed; `reset`: it did so while we were still sending; `open`: it did neither in time. */
  readonly ending: 'end' | 'reset' | 'open'
  readonly bytesSent: number
}

export interface RawOptions {
  /** Sent over and over after the first bytes, until the connection ends. */
  readonly endless?: string
  /** Sent once something came back. */
  readonly afterAnswer?: string
  /** Whether our side says FIN after the last byte. */
  readonly halfClose?: boolean
  /** One write for each so many bytes; all in one otherwise. */
  readonly pieceBytes?: number
  readonly withinMs?: number
}

/** An endless sender that nobody stops has found a hole. */
const MAX_ENDLESS_BYTES = 256 * 1024 * 1024

export function rawExchange(
  port: number,
  bytes: string | Buffer,
  options: RawOptions = {},
): Promise<RawExchange> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let ending: RawExchange['ending'] = 'end'
    let ended = false
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    const timer = setTimeout(() => {
      ending = 'open'
      socket.destroy()
    }, options.withinMs ?? 15_000)
    socket.on('data', (chunk) => {
      if (chunks.length === 0 && options.afterAnswer !== undefined) socket.write(options.afterAnswer)
      chunks.push(chunk)
    })
    socket.on('error', () => {
      ending = 'reset'
    })
    socket.on('end', () => {
      ended = true
      socket.end()
    })
    socket.on('close', () => {
      clearTimeout(timer)
      const text = Buffer.concat(chunks).toString('latin1')
      const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
      resolve({ text, statuses, ending, bytesSent: socket.bytesWritten })
    })
    socket.once('connect', () => void send())

    async function send(): Promise<void> {
      const whole = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
      const size = options.pieceBytes ?? Math.max(1, whole.length)
      for (let at = 0; at < whole.length; at += size) await write(whole.subarray(at, at + size))
      if (options.endless !== undefined) {
        const more = Buffer.from(options.endless.repeat(Math.ceil(16_384 / options.endless.length)), 'latin1')
        while (writable() && socket.bytesWritten < MAX_ENDLESS_BYTES) await write(more)
      }
      if (options.halfClose && writable()) socket.end()
    }

    function writable(): boolean {
      return !ended && !socket.destroyed && socket.writable
    }

    function write(chunk: Buffer): Promise<void> {
      return new Promise((done) => {
        if (!writable()) return done()
        socket.once('close', done)
        socket.write(chunk, () => {
          socket.off('close', done)
          // Each piece a segment of its own, as far as the kernel goes along.
          setImmediate(done)
        })
      })
    }
  })
}
