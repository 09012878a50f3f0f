/**
 * The vendor of the benchmark, a process of its own on bare sockets, so that it is never what is measured. It answers
 * every POST with the same bytes; streams get an event each `gapMs`, one write each. Prints its port, then nothing.
 */
import { createServer, type Socket } from 'node:net'
import { answerBody, streamEvents } from './wire.ts'

const gapMs = Number(process.argv[2] ?? 10)
const SLOW_MS = 1_000
const HEADERS_END = Buffer.from('\r\n\r\n')
const STREAMED = Buffer.from('"stream":true')

const body = answerBody()
const ANSWER = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
)
const chunks = streamEvents().map((event) =>
  Buffer.from(`${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`),
)
const last = chunks.length - 1
chunks[last] = Buffer.concat([chunks[last] ?? Buffer.alloc(0), Buffer.from('0\r\n\r\n')])
const STREAM_HEAD = Buffer.from(
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n',
)

/** Streams by the tick at which their next event is due: one timer for all of them. */
const wheel: { socket: Socket; next: number }[][] = Array.from({ length: gapMs }, () => [])
let tick = 0
setInterval(() => {
  tick = (tick + 1) % gapMs
  const due = wheel[tick] ?? []
  wheel[tick] = due.filter((stream) => {
    const chunk = chunks[stream.next]
    if (!chunk || stream.socket.destroyed) return false
    stream.socket.write(chunk)
    stream.next += 1
    return stream.next < chunks.length
  })
}, 1)

let opened = 0
function answer(socket: Socket, request: Buffer): void {
  if (!request.includes(STREAMED)) {
    socket.write(ANSWER)
    return
  }
  socket.write(STREAM_HEAD)
  // Spread evenly, so that no tick carries all.
  opened += 1
  // Slow streams begin at once all the same.
  const next = gapMs > SLOW_MS ? 1 : 0
  if (next === 1) socket.write(chunks[0] ?? '')
  wheel[opened % gapMs]?.push({ socket, next })
}

const server = createServer({ noDelay: true }, (socket) => {
  let held: Buffer | null = null
  socket.on('error', () => socket.destroy())
  socket.on('data', (data: Buffer) => {
    let buffer: Buffer = held ? Buffer.concat([held, data]) : data
    for (;;) {
      const end = requestEnd(buffer)
      if (end === -1 || end > buffer.length) break
      answer(socket, buffer.subarray(0, end))
      buffer = buffer.subarray(end)
    }
    held = buffer.length > 0 ? buffer : null
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${typeof address === 'object' && address ? address.port : 0}\n`)
})
// Whoever started it is its end.
process.stdin.resume().on('end', () => process.exit(0))

/** Just behind the first request; -1 while its head isn't whole. */
function requestEnd(buffer: Buffer): number {
  if (buffer.length === 0) return -1
  const head = buffer.indexOf(HEADERS_END)
  if (head === -1) return -1
  const text = buffer.toString('latin1', 0, head)
  const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1]
  if (length !== undefined) return head + 4 + Number(length)
  if (!/\r\ntransfer-encoding: *chunked/i.test(text)) return head + 4
  const end = buffer.indexOf('0\r\n\r\n', head + 4, 'latin1')
  return end === -1 ? -1 : end + 5
}
