import { describe, expect, it } from 'vitest'
import { systemClock } from '../clock.ts'
import { testProvider } from '../testing/memory-configuration.ts'
import { type Endpoint, endpointOf, requestTo } from './endpoint.ts'
import { failureOfStatus, readRetryAfter } from './vendor-failure.ts'

const NOW = Date.parse('2026-11-23T12:00:00Z')

function endpoint(overrides: object = {}): Endpoint {
  const found = endpointOf(
    testProvider({ id: 'p', baseUrl: 'https://vendor.example/v1/', ...overrides }),
    systemClock,
  )
  if (!found) throw new Error('no endpoint')
  return found
}

const failed = (status: number, body: unknown, of = endpoint()) =>
  failureOfStatus(of, status, {}, Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), NOW)

describe('Retry-After', () => {
  it.each([
    [{ 'retry-after': '7' }, 7_000],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': '1.5' }, 1_500],
    [{ 'retry-after': '1000000000' }, 60_000],
    [{ 'retry-after': 'Mon, 23 Nov 2026 12:00:20 GMT' }, 20_000],
    [{ 'retry-after': 'Mon, 23 Nov 2026 11:00:00 GMT' }, 0],
    [{ 'retry-after': 'Tue, 23 Nov 2027 12:00:00 GMT' }, 60_000],
    [{ 'retry-after-ms': '250', 'retry-after': '9' }, 250],
    [{ 'retry-after': '-5' }, null],
    [{ 'retry-after': 'soon' }, null],
    [{ 'retry-after': '9'.repeat(40) }, null],
    [{ 'retry-after': ['3', '4'] }, 3_000],
    [{}, null],
  ])('%j is %s ms', (headers, expected) => {
    expect(readRetryAfter(headers as Record<string, string>, NOW)).toBe(expected)
  })
})

describe('a vendor’s words', () => {
  it('are told from its documented envelope only', () => {
    expect(
      failed(400, { error: { message: 'too long', code: 'context_length_exceeded', param: 'messages' } })
        .error,
    ).toMatchObject({
      message: 'too long',
      status: 400,
      code: 'provider_error',
      providerCode: 'context_length_exceeded',
      param: 'messages',
    })
    expect(failed(500, '<html>stack trace at /srv/secret.py</html>').error.message).toBe(
      'The provider p answered with HTTP 500.',
    )
    expect(failed(500, { detail: 'internal host db-7' }).error.message).not.toContain('db-7')
  })

  it('of compatible vendors are told too', () => {
    expect(failed(404, { error: 'model not found' }).error.message).toBe('model not found')
    expect(failed(400, { object: 'error', message: 'bad', code: 400 }).error.message).toBe('bad')
    expect(
      failed(400, { object: 'error', message: 'bad' }, endpoint({ kind: 'openai' })).error.message,
    ).toContain('HTTP 400')
  })

  it('never carry a key', () => {
    const message = 'key sk-vendor-secret-000000000001, or sk-proj-abcdefghijkl, or Bearer abcdefgh12345'
    expect(failed(500, { error: { message } }).error.message).toBe(
      'key [removed], or [removed], or [removed]',
    )
  })

  it('about the account are kept from the caller: it is not the caller’s key', () => {
    for (const status of [401, 402, 403]) {
      const { error, reason, sameTargetMayHelp } = failed(status, {
        error: { message: 'Incorrect API key sk-abc' },
      })
      expect(error).toMatchObject({ status: 502, code: 'provider_error' })
      expect(error.message).not.toContain('Incorrect')
      expect([reason, sameTargetMayHelp]).toEqual(['serverError', false])
    }
  })

  it('about a spent quota say that the same account will not help', () => {
    const { reason, sameTargetMayHelp } = failed(429, {
      error: { message: 'spent', code: 'insufficient_quota' },
    })
    expect([reason, sameTargetMayHelp]).toEqual(['rateLimit', false])
  })
})

const list = { method: 'GET', path: '/models', headers: {}, body: null } as const

describe('an account', () => {
  it('with several keys sends the one that is named by its place', () => {
    const several = endpoint({ credentials: { apiKey: ['one', 'two'] } })
    const request = { method: 'POST', path: '/chat/completions', headers: {}, body: null } as const
    expect([0, 1].map((at) => requestTo(several, request, at).headers.authorization)).toEqual([
      'Bearer one',
      'Bearer two',
    ])
  })

  it('joins its address and a path without a double slash, and needs no key', () => {
    const request = requestTo(endpoint({ credentials: {} }), list, 0)
    expect(request).toMatchObject({ origin: 'https://vendor.example', path: '/v1/models', headers: {} })
  })

  it('names its organization and project itself', () => {
    const own = endpoint({
      kind: 'openai',
      baseUrl: null,
      options: { organization: 'org-1', project: 'proj-1' },
    })
    const request = requestTo(own, list, 0)
    expect(request.origin).toBe('https://api.openai.com')
    expect(request.headers).toMatchObject({ 'openai-organization': 'org-1', 'openai-project': 'proj-1' })
  })
})
