import http from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { expect, test } from 'vitest'
import { dropStalledStreams } from './stalled-connections.ts'

test('a stream that nobody reads loses its connection, one that is read keeps it, and other answers have their time', async () => {
  dropStalledStreams(300)
  const closed = new Map<string, boolean>()
  const server = http.createServer((request, response) => {
    const name = request.url ?? ''
    closed.set(name, false)
    response.on('close', () => closed.set(name, true))
    const write = () => {
      while (response.write('x'.repeat(65_536)));
      response.once('drain', write)
    }
    // A heartbeat, or as much as is taken.
    if (name.includes('quiet')) setInterval(() => response.write(': still here\n\n'), 50).unref()
    else write()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const open = (path: string) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(`GET ${path} HTTP/1.1\r\nhost: here\r\n\r\n`)
    return socket
  }
  open('/api/v1/events?asleep').pause()
  open('/api/control/stream?asleep').pause()
  open('/api/v1/calls?asleep').pause()
  open('/api/v1/events?quiet').resume()
  await expect.poll(() => closed.get('/api/v1/events?asleep'), { timeout: 20_000 }).toBe(true)
  await expect.poll(() => closed.get('/api/control/stream?asleep'), { timeout: 20_000 }).toBe(true)
  expect(closed.get('/api/v1/events?quiet')).toBe(false)
  expect(closed.get('/api/v1/calls?asleep')).toBe(false)
  server.closeAllConnections()
  server.close()
})
