import { expect, test } from 'vitest'
import { CONDITION_KINDS, CONDITIONS, conditionWords, ruleSentence } from './rule-words.ts'

const nameOf = (kind: string, id: string) => `${kind} ${id}`

test('a rule reads as a sentence', () => {
  expect(ruleSentence({ when: { inputTokens: { min: 8_000 }, tools: true }, use: 'long' }, nameOf)).toBe(
    'When the input has at least 8k tokens and tools are offered: group long.',
  )
  expect(ruleSentence({ when: {}, use: '', only: true }, nameOf)).toBe(
    'Always: a group to choose, and nobody else.',
  )
})

test('each condition has words of its own', () => {
  const told = (when: Parameters<typeof conditionWords>[0]) => conditionWords(when, nameOf)
  expect(told({ inputTokens: { min: 10, max: 20 } })).toEqual(['the input has 10 to 20 tokens'])
  expect(told({ images: false, json: true, stream: false })).toEqual([
    'there are no images',
    'the answer is to be JSON',
    'it is not streamed',
  ])
  expect(told({ tags: { env: 'prod', tier: 'gold' } })).toEqual(['tag env is prod and tag tier is gold'])
  expect(told({ teamIds: ['t1', 't2'], consumerIds: ['c1'] })).toEqual([
    'the team is team t1 or team t2',
    'the consumer is consumer c1',
  ])
  expect(
    told({ timeOfDay: { from: '22:00', to: '06:00', days: [6, 7], timeZone: 'Europe/Berlin' } }),
  ).toEqual(['it is 22:00 to 06:00 on Sat and Sun (Europe/Berlin)'])
  expect(told({ budgetLeft: { budgetId: 'b1', below: 0.2 } })).toEqual([
    'less than 20 % of budget b1 is left',
  ])
  expect(told({ complexity: { max: 30 } })).toEqual(['its complexity is at most 30'])
  expect(told({ complexity: {}, inputTokens: {} })).toEqual([
    'the input has any number of tokens',
    'its complexity is anything',
  ])
})

test('whatever is added has words at once', () => {
  for (const kind of CONDITION_KINDS) expect(conditionWords(CONDITIONS[kind].start, nameOf)).toHaveLength(1)
})
