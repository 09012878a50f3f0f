import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../clock.ts'
import { type FakeOpenAi, startFakeOpenAi } from '../testing/fake-openai.ts'
import { testProvider } from '../testing/memory-configuration.ts'
import { createHttpUpstream } from '../upstream/http-upstream.ts'
import { probeProvider } from './probe.ts'

let fake: FakeOpenAi
const upstream = createHttpUpstream({ ownPorts: new Set([4000]) })
beforeAll(async () => {
  fake = await startFakeOpenAi()
})
afterAll(async () => {
  await upstream.close()
  await fake.close()
})
afterEach(() => {
  fake.script([])
  fake.served.length = 0
})

const probe = (overrides: object = {}, model?: string, timeoutMs = 2_000) =>
  probeProvider({
    provider: testProvider({ id: 'p', baseUrl: fake.baseUrl, ...overrides }),
    model,
    timeoutMs,
    upstream,
    clock: systemClock,
  })

describe('testing a connection', () => {
  it('lists models with the credentials of the account', async () => {
    expect(await probe()).toMatchObject({
      ok: true,
      status: 200,
      code: null,
      models: ['gpt-fake', 'gpt-fake-mini'],
    })
    expect(fake.served[0]?.headers.authorization).toBe('Bearer sk-vendor-secret-000000000001')
  })

  it('tries each of several credentials, and says which of them the vendor refuses, by its place', async () => {
    const credentials = { apiKey: ['sk-the-first-00001', 'sk-the-second-0002', 'sk-the-third-00003'] }
    fake.scriptKey('sk-the-second-0002', { status: 403 })
    expect(await probe({ credentials })).toMatchObject({
      ok: false,
      status: 403,
      code: 'provider_error',
      message: 'The provider does not accept 1 of its 3 credentials: number 2 (HTTP 403).',
    })
    fake.scriptKey('sk-the-second-0002', {})
    expect(await probe({ credentials })).toMatchObject({ ok: true })
    expect(new Set(fake.served.map(({ headers }) => headers.authorization)).size).toBe(3)
  })

  it('completes with the model that was named, with a cap on the output', async () => {
    expect(await probe({}, 'gpt-fake')).toMatchObject({
      ok: true,
      message: expect.stringContaining('gpt-fake completes'),
    })
    expect(JSON.parse(fake.served[1]?.body ?? '')).toMatchObject({ model: 'gpt-fake', max_tokens: 16 })
  })

  it('lets the model’s answer decide where a vendor lists none', async () => {
    fake.script([{ status: 404 }, {}])
    expect((await probe({}, 'gpt-fake')).ok).toBe(true)
    fake.script([{ status: 404 }])
    expect(await probe()).toMatchObject({
      ok: false,
      status: 404,
      message: expect.stringContaining('name one'),
    })
  })

  it.each([
    [
      'a key that is refused',
      {},
      [{ status: 401 }],
      { status: 401, code: 'provider_error', message: /did not accept/ },
    ],
    ['a web page', {}, [{ rawBody: '<html>' }], { status: 200, message: /not like an API/ }],
    [
      'a closed port',
      { baseUrl: 'http://127.0.0.1:1/v1' },
      [],
      { status: null, message: /could not be reached/ },
    ],
    ['our own port', { baseUrl: 'http://127.0.0.1:4000/v1' }, [], { status: null, message: /own/ }],
    ['no address', { baseUrl: null }, [], { status: null, message: /without a base URL/ }],
    ['an unknown kind', { kind: 'bedrock' }, [], { status: null, message: /kind bedrock/ }],
  ])('says what is wrong: %s', async (_name, overrides, plans, expected) => {
    fake.script(plans)
    const { ok, status, message } = await probe(overrides)
    expect(ok).toBe(false)
    expect(status).toBe(expected.status)
    expect(message).toMatch(expected.message)
  })

  it('ends in its time', async () => {
    fake.script([{ hang: true }])
    expect(await probe({}, undefined, 150)).toMatchObject({ ok: false, code: 'provider_timeout' })
  })

  it('works for the sandbox', async () => {
    const outcome = await probe({ kind: 'sandbox', baseUrl: null, credentials: {} }, 'sandbox-small')
    expect(outcome).toMatchObject({ ok: true })
    expect(outcome.models).toContain('sandbox-cut')
  })
})
