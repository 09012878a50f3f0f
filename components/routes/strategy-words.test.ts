import { expect, test } from 'vitest'
import type { Target } from './route-document.ts'
import { listed, routeSentence, tierWords } from './strategy-words.ts'

const target = (model: string, priority = 0, more: Partial<Target> = {}): Target => ({
  providerId: 'OpenAI',
  model,
  weight: 1,
  priority,
  group: null,
  ...more,
})
const words = (strategy: string, targets: readonly Target[], more: object = {}) =>
  routeSentence({
    strategy,
    targets,
    canary: null,
    rules: [],
    nameOf: ({ model, providerId }) => `${model} at ${providerId}`,
    ...more,
  })

test('each strategy says whom calls meet, and who comes next', () => {
  const two = [target('big'), target('small'), target('spare', 1)]
  expect(words('priority', [target('big'), target('spare', 1), target('last', 2)])).toBe(
    'Calls go to big at OpenAI; when it fails, to spare at OpenAI, then to last at OpenAI.',
  )
  expect(words('weighted', [target('big', 0, { weight: 4 }), target('small')])).toBe(
    'Calls are shared by big at OpenAI (80 %) and small at OpenAI (20 %).',
  )
  expect(words('leastLatency', two)).toBe(
    'Calls go to the fastest of big at OpenAI and small at OpenAI; when they fail, to spare at OpenAI.',
  )
  expect(words('leastBusy', two)).toContain('the least busy of big')
  expect(words('cheapest', two)).toContain('the cheapest of big at OpenAI and small at OpenAI for each call;')
  expect(words('consistentHash', two)).toContain('Calls that belong together stick to one of big')
})

test('a canary and rules are told, and their targets are not among the usual ones', () => {
  const targets = [target('big'), target('new', 0, { group: 'next' })]
  expect(words('priority', targets, { canary: { group: 'next', percent: 5 } })).toBe(
    'Calls go to big at OpenAI. 5 % of callers, always the same ones, meet the group next first.',
  )
  expect(words('rules', targets, { rules: [{ use: 'next' }] })).toBe(
    'One rule sends calls to next. All others go to big at OpenAI.',
  )
  expect(
    words('rules', [target('new', 0, { group: 'next' })], { rules: [{ use: 'next' }, { use: '' }] }),
  ).toBe(
    'The first of 2 rules that holds sends calls to next and a group to choose. Where none holds, every target may be asked.',
  )
})

test('the head of a priority says how its targets share', () => {
  expect(tierWords('leastLatency', 0, 1)).toBe('Asked before all others.')
  expect(tierWords('leastLatency', 0, 2)).toBe('The fastest of them is asked.')
  expect(tierWords('rules', 0, 0)).toBe('For calls that a rule or the canary sends there.')
  expect(tierWords('weighted', 1, 1)).toBe('When all above fail or are out.')
  expect(tierWords('rules', 1, 2)).toBe('When all above fail or are out: they share the calls by weight.')
})

test('nothing to say is said too, and of many names only the first', () => {
  expect(words('priority', [])).toBe('Calls go nowhere: the route has no target.')
  expect(listed(['a', 'b', 'c', 'd'])).toBe('a, b, c and d')
  expect(listed(['a', 'b', 'c', 'd', 'e'])).toBe('a, b, c and 2 others')
})
