import { expect, test } from 'vitest'
import { codeWords, credentialName, credentialStanding, credentialsSentence } from './credential-standing'

const READY = { state: 'ready', calls: 3 } as const
const QUIET = { state: 'ready', calls: 0 } as const
const RESTING = { state: 'resting', calls: 0 } as const
const REFUSED = { state: 'refused', calls: 1 } as const

test('a key is ready once a call went with it, and not called before', () => {
  expect(credentialStanding(READY, [READY, QUIET])).toMatchObject({ tone: 'ok', word: 'Ready' })
  expect(credentialStanding(QUIET, [READY, QUIET])).toMatchObject({ tone: 'neutral', word: 'Not called' })
  expect(credentialStanding(RESTING, [READY, RESTING])).toMatchObject({ tone: 'warn', word: 'Resting' })
})

test('a refused key says who takes its calls, and promises nobody where there is none', () => {
  expect(credentialStanding(REFUSED, [REFUSED, QUIET]).meaning).toMatch(/calls go with the others/)
  expect(credentialStanding(REFUSED, [REFUSED, REFUSED]).meaning).not.toMatch(/others/)
  expect(credentialStanding(REFUSED, [REFUSED]).meaning).toMatch(/There is no other/)
})

test('the sentence counts the keys by state, the worst first', () => {
  expect(credentialsSentence([READY, REFUSED, READY, RESTING, QUIET])).toBe(
    '5 API keys: 1 refused, 1 resting, 2 ready, 1 not called.',
  )
})

test('a key without its last four is named by its place, and a status is told from a code of the vendor', () => {
  expect(credentialName({ last4: '', position: 1 })).toBe('Key 2')
  expect(credentialName({ last4: 'a1b2', position: 1 })).toBe('••••a1b2')
  expect(codeWords('401')).toBe('HTTP 401: not a valid key')
  expect(codeWords('418')).toBe('HTTP 418')
  expect(codeWords('account_on_hold')).toBe('account_on_hold')
})
