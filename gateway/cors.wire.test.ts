import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type GatewayUnderTest, HELLO, startGatewayUnderTest } from './testing/gateway-under-test.ts'

const CONSOLE = 'https://gatehouse.example'
const ELSEWHERE = [
  'https://evil.example',
  'http://gatehouse.example',
  'https://gatehouse.example:8443',
  'https://gatehouse.example.evil.example',
  'https://gatehouse.example, https://evil.example',
  'null',
  '',
]

let gateway: GatewayUnderTest
let onThisMachine: GatewayUnderTest
let without: GatewayUnderTest

beforeAll(async () => {
  const started = (consoleUrl: string | null) =>
    startGatewayUnderTest({}, {}, undefined, undefined, consoleUrl)
  gateway = await started(`${CONSOLE}/behind/a/path`)
  onThisMachine = await started('http://127.0.0.1:3000')
  without = await started(null)
})
afterAll(() => Promise.all([gateway, onThisMachine, without].map((one) => one.close())))

const corsOf = ({ headers }: Response) =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary'))

function preflight(origin: string, { url } = gateway, path = '/v1/chat/completions'): Promise<Response> {
  return fetch(`${url}${path}`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  })
}

describe('a page of the console', () => {
  it('is told what it may send, before it sends it', async () => {
    const response = await preflight(CONSOLE)
    expect(response.status).toBe(204)
    expect(corsOf(response)).toEqual({
      'access-control-allow-origin': CONSOLE,
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': expect.stringMatching(
        /^authorization, content-type, .*x-gatehouse-tags/,
      ),
      'access-control-max-age': '600',
      vary: 'Origin',
    })
  })

  it.each([
    ['an answer', { model: 'chat', ...HELLO }, 200],
    ['a stream', { model: 'chat', stream: true, ...HELLO }, 200],
    ['a refusal', { model: 'absent', ...HELLO }, 404],
  ])('reads %s with all its headers', async (_what, body, status) => {
    const response = await gateway.post(body, { headers: { origin: CONSOLE } })
    await response.text()
    expect(response.status).toBe(status)
    expect(corsOf(response)).toEqual({
      'access-control-allow-origin': CONSOLE,
      'access-control-expose-headers': '*',
      vary: 'Origin',
    })
    expect(response.headers.get('x-gatehouse-request-id')).not.toBeNull()
  })

  it('reads the refusal of a wrong key and of a path that is not there', async () => {
    const refused = await gateway.post(
      { model: 'chat', ...HELLO },
      {
        headers: { origin: CONSOLE, authorization: 'Bearer gh_wrong' },
      },
    )
    expect([refused.status, corsOf(refused)['access-control-allow-origin']]).toEqual([401, CONSOLE])
    const absent = await preflight(CONSOLE, gateway, '/nothing')
    expect([absent.status, corsOf(absent)['access-control-allow-origin']]).toEqual([404, CONSOLE])
  })

  it('on this machine goes by any of its names, at its own port', async () => {
    for (const name of ['127.0.0.1', 'localhost', '[::1]']) {
      const origin = `http://${name}:3000`
      expect(corsOf(await preflight(origin, onThisMachine))).toMatchObject({
        'access-control-allow-origin': origin,
      })
      for (const other of [`http://${name}:3001`, `https://${name}:3000`])
        expect(corsOf(await preflight(other, onThisMachine))).toEqual({ vary: 'Origin' })
    }
  })
})

describe('everybody else', () => {
  it.each(ELSEWHERE)('gets no leave from %j', async (origin) => {
    const refused = await preflight(origin)
    expect([refused.status, corsOf(refused)]).toEqual([204, { vary: 'Origin' }])
    const response = await gateway.post({ model: 'chat', ...HELLO }, { headers: { origin } })
    await response.text()
    expect(corsOf(response)).toEqual({ vary: 'Origin' })
  })

  it('is answered as ever where it is no page', async () => {
    const response = await gateway.post({ model: 'chat', ...HELLO })
    await response.text()
    expect(corsOf(response)).toEqual({})
  })

  it('has no leave to read what is no call', async () => {
    for (const path of ['/healthz', '/readyz'])
      expect(corsOf(await fetch(`${gateway.url}${path}`, { headers: { origin: CONSOLE } }))).toEqual({})
  })
})

it('where the address of the console is not known, no page may call', async () => {
  for (const origin of [CONSOLE, 'http://127.0.0.1:3000', 'null'])
    expect(corsOf(await preflight(origin, without))).toEqual({})
})
