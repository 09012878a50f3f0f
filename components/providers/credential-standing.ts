/** What the health of a provider's API keys means, in words. */
import { formatCount, formatPlural } from '@/lib/format/tokens'
import type { CredentialHealth } from '@/lib/resources/routes/health-schema'
import type { Standing } from './target-standing'

const READY: Standing = { tone: 'ok', word: 'Ready', meaning: 'Nothing is held against it.' }
const NOT_CALLED: Standing = {
  tone: 'neutral',
  word: 'Not called',
  meaning: 'No call went with it lately, and nothing is held against it.',
}
const RESTING: Standing = {
  tone: 'warn',
  word: 'Resting',
  meaning: 'Its vendor limits it: for one model at least, no call goes with it.',
}
const REFUSED: Standing = {
  tone: 'danger',
  word: 'Refused',
  meaning: 'Its vendor does not take it: calls go with the others.',
}
const REFUSED_LIKE_ALL: Standing = { ...REFUSED, meaning: 'Its vendor does not take it.' }
const REFUSED_ALONE: Standing = {
  ...REFUSED,
  meaning: 'Its vendor does not take it. There is no other, so that every call goes with it and fails.',
}

type Told = Pick<CredentialHealth, 'state' | 'calls'>

/** @param all of the provider: others may stand in for it. */
export function credentialStanding({ state, calls }: Told, all: readonly Told[]): Standing {
  if (state === 'refused') {
    if (all.length === 1) return REFUSED_ALONE
    return areAllRefused(all) ? REFUSED_LIKE_ALL : REFUSED
  }
  if (state === 'resting') return RESTING
  return calls === 0 ? NOT_CALLED : READY
}

export const areAllRefused = (all: readonly Told[]): boolean => all.every(({ state }) => state === 'refused')

/** A short key has no last four: they would tell the most of it. */
export function credentialName({ last4, position }: Pick<CredentialHealth, 'last4' | 'position'>): string {
  return last4 === '' ? `Key ${position + 1}` : `••••${last4}`
}

const CODES: Readonly<Record<string, string>> = {
  '401': 'HTTP 401: not a valid key',
  '402': 'HTTP 402: the account has to be paid',
  '403': 'HTTP 403: the key may not do this',
  '429': 'HTTP 429: too many calls',
  '503': 'HTTP 503: overloaded',
  insufficient_quota: 'insufficient_quota: its quota is spent',
}

/** What the vendor said, by its status or its own code. */
export function codeWords(code: string): string {
  return CODES[code] ?? (/^\d{3}$/.test(code) ? `HTTP ${code}` : code)
}

/** `3 API keys: 1 refused, 2 ready.` */
export function credentialsSentence(all: readonly Told[]): string {
  const words = all.map((one) => credentialStanding(one, all).word)
  const counts = [REFUSED, RESTING, READY, NOT_CALLED].flatMap(({ word }) => {
    const count = words.filter((one) => one === word).length
    return count === 0 ? [] : [`${formatCount(count)} ${word.toLowerCase()}`]
  })
  return `${formatPlural(all.length, 'API key')}: ${counts.join(', ')}.`
}
