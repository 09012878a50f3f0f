import { expect, test } from 'vitest'
import type { Provider, ProviderCredentialsPatch } from '@/lib/resources/providers/schema'
import { leavesKeysBehind, patchOf } from './moved-address'

const setAt = '2026-01-01T00:00:00.000Z'
const PROVIDER: Provider = {
  id: 'prov_1',
  createdAt: setAt,
  updatedAt: setAt,
  version: 1,
  name: 'own server',
  kind: 'openai-compatible',
  baseUrl: 'https://one.example/v1',
  options: {},
  limits: [],
  allowPrivateNetwork: false,
  credentials: {
    apiKey: [
      { last4: '1111', setAt },
      { last4: '2222', setAt },
    ],
  },
  credentialsSetAt: setAt,
  routeCount: 0,
}

/** Where it complains of a move to another address with these keys. */
function pathsOf(credentials: ProviderCredentialsPatch | undefined, baseUrl = 'https://two.example/v1') {
  const values = {
    name: PROVIDER.name,
    kind: PROVIDER.kind,
    baseUrl,
    allowPrivateNetwork: false,
    credentials,
  }
  return patchOf(PROVIDER)
    .safeParse(values)
    .error?.issues.map(({ path }) => path.join('.'))
}

test('each stored key that would go to a new address is an error at its line', () => {
  expect(pathsOf(undefined)).toEqual(['credentials.apiKey.0', 'credentials.apiKey.1'])
  expect(pathsOf({ apiKey: ['sk-anew-1111', { keep: 1 }] })).toEqual(['credentials.apiKey.1'])
})

test('keys that are entered anew or taken away may go, and all stay where the address does', () => {
  expect(pathsOf({ apiKey: ['sk-anew-1111', 'sk-anew-2222'] })).toBeUndefined()
  expect(pathsOf({})).toBeUndefined()
  expect(pathsOf(undefined, PROVIDER.baseUrl ?? '')).toBeUndefined()
})

test('opening the private network counts as a move, and without keys nothing is left behind', () => {
  const opened = { kind: 'openai-compatible', baseUrl: PROVIDER.baseUrl, allowPrivateNetwork: true } as const
  expect(leavesKeysBehind(PROVIDER, opened)).toBe(true)
  expect(leavesKeysBehind({ ...PROVIDER, credentials: {} }, opened)).toBe(false)
})
