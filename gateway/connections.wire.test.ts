import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type GatewayUnderTest, HELLO, startGatewayUnderTest, until } from './testing/gateway-under-test.ts'
import { GOOD, hardCall } from './testing/hardness-corpus.ts'
import { rawExchange } from './testing/raw-socket.ts'

let gateway: GatewayUnderTest
const sockets: Socket[] = []

beforeEach(async () => {
  gateway = await startGatewayUnderTest({ maxConnections: 20 })
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await gateway.close()
})

async function hold(count: number): Promise<void> {
  let open = 0
  for (let n = 0; n < count; n += 1) {
    const socket = connect(gateway.port, '127.0.0.1', () => {
      open += 1
    })
    sockets.push(socket.on('error', () => {}))
  }
  await until(() => open === count)
}

describe('more connections than the door holds', () => {
  it('are told 503 and when to come back; health still answers; room is given again', async () => {
    await hold(20)
    const refused = await rawExchange(gateway.port, hardCall(GOOD))
    expect(refused.statuses).toEqual([503])
    expect(refused.text).toMatch(/\r\nretry-after: 1\r\n/i)
    expect(refused.text).toMatch(/\r\nconnection: close\r\n/i)
    expect(refused.text).toContain('"code":"overloaded"')
    expect(refused.ending).toBe('end')
    expect(gateway.a.served).toEqual([])
    const health = await rawExchange(
      gateway.port,
      'GET /healthz HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n',
    )
    expect(health.statuses).toEqual([200])

    for (const socket of sockets.splice(0)) socket.destroy()
    await until(() => gateway.listener.inFlight() === 0)
    await expect
      .poll(async () => (await rawExchange(gateway.port, hardCall(GOOD))).statuses, { timeout: 5_000 })
      .toEqual([200])
    expect(gateway.reports).toEqual([])
  })

  it('never close one that is served', async () => {
    gateway.a.script([{ eventDelayMs: 20 }])
    const response = await gateway.post({ model: 'chat', ...HELLO, stream: true })
    await hold(40)
    expect((await rawExchange(gateway.port, hardCall(GOOD))).statuses).toEqual([503])
    expect(await response.text()).toContain('data: [DONE]')
  })

  it('far beyond it are closed at once', async () => {
    await hold(276)
    const { statuses } = await rawExchange(gateway.port, hardCall(GOOD))
    expect(statuses).toEqual([])
  })
})
