import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type FakeOpenAi, startFakeOpenAi } from '../testing/fake-openai.ts'
import { type RawPlan, type RawVendor, startRawVendor } from '../testing/raw-vendor.ts'
import type { ResolveAll } from './guarded-connector.ts'
import { createHttpUpstream } from './http-upstream.ts'
import type { Upstream, UpstreamError } from './upstream.ts'

let fake: FakeOpenAi
beforeAll(async () => {
  fake = await startFakeOpenAi()
})
afterAll(() => fake.close())

interface Heard {
  status: number | null
  body: string
  error: UpstreamError | null
}

function get(upstream: Upstream, origin: string, allowPrivateNetwork: boolean): Promise<Heard> {
  const heard: Heard = { status: null, body: '', error: null }
  return new Promise((resolve) => {
    upstream.dispatch(
      { method: 'GET', origin, path: '/v1/models', headers: {}, body: null, allowPrivateNetwork },
      {
        onHeaders: (status) => {
          heard.status = status
        },
        onData: (chunk) => {
          heard.body += chunk.toString()
        },
        onEnd: () => resolve(heard),
        onError: (error) => resolve({ ...heard, error }),
      },
    )
  })
}

function resolving(...answers: string[][]): ResolveAll & { asked: number } {
  const resolve = (_name: string, callback: Parameters<ResolveAll>[1]) => {
    const addresses = answers[Math.min(resolve.asked, answers.length - 1)] ?? []
    resolve.asked += 1
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  }
  resolve.asked = 0
  return resolve
}

async function withUpstream(
  options: Parameters<typeof createHttpUpstream>[0],
  use: (upstream: Upstream) => Promise<void>,
) {
  const upstream = createHttpUpstream(options)
  try {
    await use(upstream)
  } finally {
    await upstream.close()
  }
}

describe('the guard at the moment of connecting', () => {
  it('pins a connection to the addresses that it checked, and asks DNS once for it', async () => {
    const resolve = resolving(['127.0.0.1'])
    await withUpstream({ ownPorts: new Set(), resolve }, async (upstream) => {
      const heard = await get(upstream, `http://vendor.test:${fake.port}`, true)
      expect(heard.status).toBe(200)
      expect(resolve.asked).toBe(1)
    })
  })

  it.each([
    ['a name that answers privately', [['127.0.0.1']]],
    ['one private address among public ones', [['93.184.216.34', '10.0.0.1']]],
    ['a mapped address', [['::ffff:127.0.0.1']]],
    ['a metadata address', [['169.254.169.254']]],
  ])('refuses %s', async (_name, answers) => {
    await withUpstream({ ownPorts: new Set(), resolve: resolving(...answers) }, async (upstream) => {
      const { error } = await get(upstream, `https://vendor.test:${fake.port}`, false)
      expect(error).toMatchObject({ failure: 'refused' })
    })
  })

  it('refuses a name that answered well when it was saved, and answers privately now', async () => {
    const resolve = resolving(['127.0.0.1'], ['169.254.169.254'])
    await withUpstream({ ownPorts: new Set(), resolve }, async (upstream) => {
      const origin = `http://rebind.test:${fake.port}`
      fake.script([{ headers: { connection: 'close' } }])
      expect((await get(upstream, origin, true)).status).toBe(200)
      expect((await get(upstream, origin, true)).error).toMatchObject({ failure: 'refused' })
    })
  })

  it('refuses our own ports on this machine even where private networks are allowed', async () => {
    await withUpstream(
      { ownPorts: new Set([fake.port]), resolve: resolving(['127.0.0.1']) },
      async (upstream) => {
        for (const host of ['127.0.0.1', '2130706433', 'vendor.test', 'localhost', '[::ffff:127.0.0.1]']) {
          const { error } = await get(upstream, new URL(`http://${host}:${fake.port}`).origin, true)
          expect(error, host).toMatchObject({ failure: 'refused' })
        }
      },
    )
  })

  it('a connection made under the wider rule never serves the narrower one', async () => {
    await withUpstream({ ownPorts: new Set() }, async (upstream) => {
      expect((await get(upstream, `http://127.0.0.1:${fake.port}`, true)).status).toBe(200)
      expect((await get(upstream, `http://127.0.0.1:${fake.port}`, false)).error).toMatchObject({
        failure: 'refused',
      })
    })
  })
})

describe('the client', () => {
  it('follows no redirect', async () => {
    await withUpstream({ ownPorts: new Set() }, async (upstream) => {
      fake.script([{ status: 302, headers: { location: `${fake.baseUrl}/models` } }])
      fake.served.length = 0
      expect((await get(upstream, `http://127.0.0.1:${fake.port}`, true)).status).toBe(302)
      expect(fake.served).toHaveLength(1)
    })
  })

  it('tells a closed port from a broken connection, without naming addresses', async () => {
    await withUpstream({ ownPorts: new Set() }, async (upstream) => {
      expect((await get(upstream, 'http://127.0.0.1:1', true)).error).toMatchObject({
        failure: 'connect',
        message: 'No connection could be made (ECONNREFUSED).',
      })
      fake.script([{ failAtByte: 5 }])
      expect((await get(upstream, `http://127.0.0.1:${fake.port}`, true)).error).toMatchObject({
        failure: 'broken',
        message: 'The connection broke.',
      })
    })
  })
})

describe('connections', () => {
  let vendor: RawVendor
  beforeAll(async () => {
    vendor = await startRawVendor()
  })
  afterAll(() => vendor.close())

  const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
  const open = (...pieces: string[]): RawPlan => ({ pieces, ending: 'open' })
  const origin = () => new URL(vendor.baseUrl).origin
  const ask = (upstream: Upstream) => get(upstream, origin(), true)

  it('are used again', async () => {
    await withUpstream({ ownPorts: new Set() }, async (upstream) => {
      vendor.script([open(OK), open(OK), open(OK)])
      for (let call = 0; call < 3; call += 1) expect(await ask(upstream)).toMatchObject({ body: 'ok' })
      expect(vendor.open()).toBe(1)
    })
    await vi.waitFor(() => expect(vendor.open()).toBe(0))
  })

  it.each([
    ['that say close', open(OK.replace('\r\n', '\r\nconnection: close\r\n'))],
    ['whose vendor waits no longer', open(OK.replace('\r\n', '\r\nkeep-alive: timeout=1\r\n'))],
    ['with bytes behind the answer', open(`${OK}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfake`)],
    ['with bytes between two answers', open(OK, 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfake')],
    ['that the vendor ended', { pieces: [OK] }],
  ] as [string, RawPlan][])('%s carry nothing more', async (_name, plan) => {
    await withUpstream({ ownPorts: new Set() }, async (upstream) => {
      vendor.script([plan, open(OK)])
      expect(await ask(upstream)).toMatchObject({ status: 200, body: 'ok', error: null })
      await vi.waitFor(() => expect(vendor.open()).toBe(0))
      expect(await ask(upstream)).toMatchObject({ status: 200, body: 'ok', error: null })
    })
  })

  it('are no more than the bound: others wait in turn, and who left meanwhile is not sent', async () => {
    await withUpstream({ ownPorts: new Set(), connectionsPerOrigin: 1 }, async (upstream) => {
      vendor.script([open(OK), open(OK), open(OK)])
      const before = vendor.requests
      const first = ask(upstream)
      const gone = upstream.dispatch(
        { method: 'GET', origin: origin(), path: '/', headers: {}, body: null, allowPrivateNetwork: true },
        {
          onHeaders: () => expect.unreachable('headers'),
          onData: () => expect.unreachable('a body'),
          onEnd: () => expect.unreachable('an end'),
          onError: () => expect.unreachable('an error'),
        },
      )
      const others = [ask(upstream), ask(upstream)]
      gone.abort()
      for (const answer of [first, ...others]) expect(await answer).toMatchObject({ body: 'ok' })
      expect(gone.sent).toBe(false)
      expect(vendor.requests - before).toBe(3)
      expect(vendor.open()).toBe(1)
    })
  })

  it('end with their exchanges when all is closed', async () => {
    const upstream = createHttpUpstream({ ownPorts: new Set(), connectionsPerOrigin: 1 })
    vendor.script([open('HTTP/1.1 200 OK\r\n')])
    const before = vendor.requests
    const [sent, waiting] = [ask(upstream), ask(upstream)]
    await vi.waitFor(() => expect(vendor.requests).toBe(before + 1))
    await upstream.close()
    expect((await sent).error).toMatchObject({ failure: 'broken' })
    expect((await waiting).error).toMatchObject({ failure: 'broken' })
    await vi.waitFor(() => expect(vendor.open()).toBe(0))
  })

  it('carry no header that would be two', async () => {
    await withUpstream({ ownPorts: new Set() }, async (upstream) => {
      for (const [path, headers] of [
        ['/', { authorization: 'Bearer a\r\nx: y' }],
        ['/', { 'a b': 'c' }],
        ['/ HTTP/1.1\r\nx: y', {}],
      ] as const) {
        const request = { method: 'GET', origin: origin(), body: null, allowPrivateNetwork: true } as const
        const handler = {
          onHeaders: () => expect.unreachable('headers'),
          onData: () => expect.unreachable('a body'),
          onEnd: () => expect.unreachable('an end'),
          onError: () => expect.unreachable('an error'),
        }
        expect(() => upstream.dispatch({ ...request, path, headers }, handler)).toThrow(/characters/)
      }
    })
  })
})
