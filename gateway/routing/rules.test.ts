import { describe, expect, it } from 'vitest'
import { routeRule } from '../../lib/contract/routing.ts'
import { createCounters } from '../limits/counters.ts'
import { budgetKey } from '../limits/policing.ts'
import { testBudget } from '../testing/policies.ts'
import { type AskedFields, asking, fakeClock, routeOf } from '../testing/routing-world.ts'
import { createBalancer } from './balancer.ts'
import { complexityOf } from './complexity.ts'
import { explainRules, ruleFor } from './rules.ts'

const rule = (when: object, fields: object = {}) =>
  routeRule.parse({ name: 'rule', when, use: 'g', ...fields })
const holds = (when: object, asked: AskedFields) => ruleFor([rule(when)], asking(asked)) !== null
const at = (text: string) => Date.parse(text)
const image = { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://example.com/x' } }] }

describe('a condition', () => {
  it.each<[string, object, AskedFields, AskedFields]>([
    ['tokens at least', { inputTokens: { min: 100 } }, { inputTokens: 100 }, { inputTokens: 99 }],
    ['tokens at most', { inputTokens: { max: 100 } }, { inputTokens: 100 }, { inputTokens: 101 }],
    ['tools', { tools: true }, { request: { tools: [{}] } }, { request: { tools: [] } }],
    ['no tools', { tools: false }, {}, { request: { tools: [{}] } }],
    ['images', { images: true }, { request: { messages: [image] } }, {}],
    [
      'JSON',
      { json: true },
      { request: { response_format: { type: 'json_schema' } } },
      { request: { response_format: { type: 'text' } } },
    ],
    ['a stream', { stream: true }, { stream: true }, { stream: false }],
    [
      'tags',
      { tags: { env: 'prod', app: 'x' } },
      { subjects: { tags: { env: 'prod', app: 'x', more: 'y' } } },
      { subjects: { tags: { env: 'prod' } } },
    ],
    ['teams', { teamIds: ['team_1', 'team_2'] }, {}, { subjects: { teamId: 'team_3' } }],
    ['consumers', { consumerIds: ['consumer_1'] }, {}, { subjects: { consumerId: null } }],
    [
      'office hours',
      { timeOfDay: { from: '08:00', to: '18:00', timeZone: 'Europe/Berlin' } },
      { at: at('2026-07-01T06:00:00Z') },
      { at: at('2026-07-01T16:00:00Z') },
    ],
    [
      'a night',
      { timeOfDay: { from: '22:00', to: '06:00' } },
      { at: at('2026-07-01T23:00:00Z') },
      { at: at('2026-07-01T06:00:00Z') },
    ],
    [
      'the night of a Friday, on Saturday',
      { timeOfDay: { from: '22:00', to: '06:00', days: [5] } },
      { at: at('2026-07-04T03:00:00Z') },
      { at: at('2026-07-04T23:00:00Z') },
    ],
    [
      'a hard task',
      { complexity: { min: 40 } },
      { inputTokens: 8_000, request: { reasoning_effort: 'high' } },
      {},
    ],
    [
      'two together',
      { tools: false, stream: true },
      { stream: true },
      { stream: true, request: { tools: [{}] } },
    ],
  ])('%s', (_, when, yes, no) => {
    expect([holds(when, yes), holds(when, no)]).toEqual([true, false])
  })

  it('without any it always holds', () => {
    expect(holds({}, {})).toBe(true)
  })

  it('on what is left of a budget, of the one who calls', () => {
    const counters = createCounters(fakeClock())
    const budget = testBudget({
      amountUsd: '10',
      id: 'budget_1',
      period: 'total',
      scope: { type: 'team', id: null, each: true },
    })
    counters.setMoney(budgetKey(budget, 'team_1', 0), { spent: 7_500_000_000_000n, held: 1_000_000_000_000n })
    const left = (below: number, teamId: string) =>
      holds(
        { budgetLeft: { budgetId: 'budget_1', below } },
        { counters, subjects: { teamId }, configuration: { policies: [budget] } },
      )
    expect([left(0.16, 'team_1'), left(0.15, 'team_1'), left(0.16, 'team_2')]).toEqual([true, false, false])
    expect(holds({ budgetLeft: { budgetId: 'gone', below: 1 } }, {})).toBe(false)
  })
})

describe('rules', () => {
  const route = routeOf(
    [
      { model: 'big' },
      { model: 'small', group: 'small' },
      { model: 'spare', group: 'small', priority: 1 },
      { model: 'eu', group: 'eu' },
    ],
    {
      strategy: 'rules',
      rules: [
        { name: 'stays here', when: { teamIds: ['team_eu'] }, use: 'eu', only: true },
        { name: 'short', when: { inputTokens: { max: 500 } }, use: 'small' },
      ],
    },
  )
  const order = (asked: AskedFields) => {
    const plan = createBalancer(fakeClock()).plan(route, asking(asked))
    const size = plan.size
    return Array.from({ length: size }, () => {
      const target = plan.next()
      return typeof target === 'object' ? target?.model : target
    })
  }

  it('the first that holds decides; the rest of the route is the fallback, unless it says only', () => {
    expect(order({ inputTokens: 10 }).slice(0, 2)).toEqual(['small', 'spare'])
    expect(order({ inputTokens: 10 }).toSorted()).toEqual(['big', 'eu', 'small', 'spare'])
    expect(order({ inputTokens: 10, subjects: { teamId: 'team_eu' } })).toEqual(['eu'])
    expect(order({ inputTokens: 5_000 })[0]).toBe('big')
  })

  it('say in a sentence each why they apply or do not', () => {
    expect(explainRules(route.route.rules, asking({ inputTokens: 10 }))).toEqual([
      'The rule "stays here" does not apply: its team is team_1.',
      'The rule "short" applies (about 10 input tokens): the targets of "small" are asked.',
    ])
    expect(explainRules(route.route.rules, asking({ inputTokens: 501 })).at(-1)).toBe(
      'No rule applies: the targets outside every group are asked, or all where there are none.',
    )
  })
})

describe('how hard a task looks', () => {
  it('grows with what it brings, says of what it is made, and quotes nothing of the text', () => {
    const easy = complexityOf(asking({ inputTokens: 20 }))
    expect(easy).toEqual({ score: 0, parts: [] })
    const content = 'Please debug and optimize this:\n```js\nfunction secret(a) { return a }\n```'
    const hard = complexityOf(
      asking({
        inputTokens: 8_000,
        request: { messages: [{ role: 'user', content }], tools: [{}, {}], reasoning_effort: 'high' },
      }),
    )
    expect(hard.score).toBe(25 + 10 + 15 + 16 + 20)
    expect(hard.parts).toEqual([
      'about 8000 input tokens (+25)',
      '2 tools (+10)',
      'code (+15)',
      'words such as debug, optimize (+16)',
      'high reasoning effort (+20)',
    ])
  })

  it('is read quickly from whatever is sent', () => {
    const content = 'function '.repeat(100_000)
    expect(complexityOf(asking({ request: { messages: [null, { role: 'user', content }] } })).score).toBe(0)
  })
})
