import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterEach, expect, test } from 'vitest'
import { get } from '../testing/http-caller.ts'
import { gatewayMetrics } from './gateway-metrics.ts'
import { answerMetrics } from './metrics.ts'

const TOKEN = 'a-token-for-metrics'
const STATE = {
  revision: 7,
  inFlight: 2,
  accepting: false,
  journal: { unshippedEvents: 3, unshippedBytes: 400, openIntents: 1, failures: 5 },
  copyIsSaved: true,
  stalls: { count: 1, totalMs: 2_100, lastMs: 2_100 },
}

let server: Server
afterEach(() => new Promise<void>((resolve) => server.close(() => resolve())))

async function serve(token: string | null, host = '127.0.0.1'): Promise<string> {
  server = createServer((request, response) =>
    answerMetrics(request, response, { token, metrics: () => gatewayMetrics(STATE) }),
  )
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  return `http://${host}:${(server.address() as AddressInfo).port}/metrics`
}

test('what a scrape from this machine reads is in the format of Prometheus', async () => {
  const answer = await get(await serve(null))
  expect(answer.status).toBe(200)
  expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(answer.text).toContain('# TYPE gatehouse_journal_accepting gauge\ngatehouse_journal_accepting 0\n')
  expect(answer.text).toContain('gatehouse_loop_stalled_seconds_total 2.1\n')
  const names = [...answer.text.matchAll(/^([a-z_]+) [\d.e+-]+$/gm)].map(([, name]) => name)
  expect(names).toHaveLength(gatewayMetrics(STATE).length)
  expect(new Set(names).size).toBe(names.length)
})

test('what is forwarded by a proxy on this machine comes from elsewhere, and needs the token', async () => {
  const url = await serve(TOKEN)
  for (const name of ['x-forwarded-for', 'forwarded', 'via']) {
    expect((await get(url, { headers: { [name]: 'for=192.0.2.1' } })).status).toBe(401)
  }
  const headers = { 'x-forwarded-for': '192.0.2.1', authorization: `Bearer ${TOKEN}` }
  expect((await get(url, { headers })).status).toBe(200)
  expect((await get(url, { headers: { ...headers, authorization: `Bearer ${TOKEN}x` } })).status).toBe(401)
})

test('another machine needs the token, and without one that was set none is right', async () => {
  // This machine under its outer address is as another one; where it has none, a header stands for it.
  const outer = Object.values(networkInterfaces())
    .flat()
    .find((address) => address && !address.internal && address.family === 'IPv4')?.address
  const url = await serve(null, outer)
  const via: Record<string, string> = outer ? {} : { via: '1.1 somewhere' }
  expect((await get(url, { headers: via })).status).toBe(401)
  expect((await get(url, { headers: { ...via, authorization: 'Bearer null' } })).status).toBe(401)
  expect((await get(url, { headers: { ...via, authorization: 'Bearer ' } })).status).toBe(401)
})
