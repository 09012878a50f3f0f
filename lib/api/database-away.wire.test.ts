import net from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase } from '../../scripts/testing/postgres.ts'
import { type Call, makeUser, startTestApi } from './testing.ts'

/** Between the admin and Postgres: lets all through, or holds every byte as a server that hangs does. */
class Wire {
  readonly #sockets = new Set<net.Socket>()
  #held = false
  readonly server: net.Server

  constructor(target: URL) {
    this.server = net.createServer((client) => {
      const upstream = net.connect(Number(target.port), target.hostname)
      for (const [from, to] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        this.#sockets.add(from)
        from.on('data', (bytes) => void to.write(bytes))
        from.on('error', () => to.destroy())
        from.on('close', () => {
          this.#sockets.delete(from)
          to.destroy()
        })
        if (this.#held) from.pause()
      }
    })
  }

  hang(held: boolean): void {
    this.#held = held
    for (const socket of this.#sockets) held ? socket.pause() : socket.resume()
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.server.close()
  }
}

let call: Call
let owner: string
let wire: Wire

beforeAll(async () => {
  const database = await createTestDatabase()
  wire = new Wire(new URL(database.url))
  await new Promise<void>((resolve) => wire.server.listen(0, '127.0.0.1', resolve))
  const through = new URL(database.url)
  through.host = `127.0.0.1:${(wire.server.address() as net.AddressInfo).port}`
  ;({ call } = await startTestApi({ ...database, url: through.href }))
  owner = (await makeUser({ role: 'owner' })).token
})
afterAll(() => wire.cut())

test('a database that hangs is a 503 within two seconds, for reads and changes, and all goes on when it is back', async () => {
  expect((await call('GET', '/teams', { token: owner })).status).toBe(200)
  wire.hang(true)
  const started = performance.now()
  const answers = await Promise.all([
    ...Array.from({ length: 30 }, () => call('GET', '/teams', { token: owner })),
    call('POST', '/teams', { token: owner, body: { name: 'while it hangs' } }),
  ])
  expect(performance.now() - started).toBeLessThan(2_500)
  for (const answer of answers) {
    expect(answer.status).toBe(503)
    expect(answer.body.code).toBe('database_unavailable')
  }
  wire.hang(false)
  await expect
    .poll(async () => (await call('GET', '/teams', { token: owner })).status, { timeout: 15_000 })
    .toBe(200)
  // What was answered with a 503 before it began has changed nothing.
  const { body } = await call('GET', '/teams', { token: owner })
  expect(body.data).toEqual([])
})

test('a database that is gone is a 503 at once', async () => {
  wire.cut()
  const answer = await call('GET', '/teams', { token: owner })
  expect(answer.status).toBe(503)
  expect(answer.body.code).toBe('database_unavailable')
  expect(answer.text).not.toContain('127.0.0.1')
})
