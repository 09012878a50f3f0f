import { expect, test } from 'vitest'
import {
  changedMembers,
  checkDocument,
  documentOf,
  errorWithin,
  memberAt,
  newDocument,
  rulesOf,
  targetsOf,
  withMember,
} from './route-document.ts'

const target = (model: string, priority: number) => ({
  providerId: 'prov_1',
  model,
  weight: 1,
  priority,
  group: null,
})

test('a new document has every default written out and only lacks what a person must say', () => {
  const paths = checkDocument(newDocument('prov_1')).map((error) => error.path)
  expect(new Set(paths)).toEqual(new Set(['name', 'targets.0.model']))
})

test('members that this console does not know survive an edit', () => {
  const document = { ...newDocument('prov_1'), future: { depth: 1 }, timeouts: { totalMs: 1000, future: 2 } }
  const edited = withMember(document, 'timeouts.totalMs', 2000)
  expect(edited.future).toEqual({ depth: 1 })
  expect(edited.timeouts).toEqual({ totalMs: 2000, future: 2 })
  expect(memberAt(edited, 'timeouts.totalMs')).toBe(2000)
  const [kept] = targetsOf({ targets: [{ ...target('a', 0), region: 'eu' }] })
  expect(kept).toMatchObject({ region: 'eu' })
})

test('a patch carries only the members that differ, and never what cannot be changed', () => {
  const before = newDocument('prov_1')
  const after = { ...withMember(before, 'retries.attempts', 5), kind: 'embeddings' }
  expect(Object.keys(changedMembers(before, after))).toEqual(['retries'])
})

test('the document of a route holds no field of the server', () => {
  const route = {
    ...newDocument('prov_1'),
    id: 'route_1',
    createdAt: '2026-01-01T00:00:00Z',
    updatedAt: '2026-01-01T00:00:00Z',
    version: 3,
    warnings: [],
    targets: [{ ...target('a', 0), providerName: 'openai' }],
  }
  const document = documentOf(route as unknown as Parameters<typeof documentOf>[0])
  expect(document).not.toHaveProperty('version')
  expect(document).not.toHaveProperty('warnings')
  expect(document.targets).toEqual([target('a', 0)])
})

test('rules are read as far as they go, and what is unknown in them is kept', () => {
  expect(rulesOf({ rules: [{ name: 'r', use: 'g', ofTomorrow: 1 }, null] })).toEqual([
    { name: 'r', use: 'g', ofTomorrow: 1, when: {} },
    { name: '', use: '', when: {} },
  ])
  expect(rulesOf({ rules: 'none' })).toEqual([])
})

test('what is wrong inside a rule is told in words, and found from its parts', () => {
  const document = {
    ...newDocument('prov_1'),
    name: 'r',
    targets: [target('m', 0)],
    rules: [
      {
        name: '',
        use: '',
        when: {
          teamIds: [],
          tags: { '': 'x' },
          budgetLeft: { budgetId: '', below: Number.NaN },
          timeOfDay: { from: '22:00', to: '', days: [] },
        },
      },
    ],
  }
  const errors = checkDocument(document)
  const within = (path: string) => errorWithin(errors, `rules.0.${path}`)
  expect([within('name'), within('use'), within('when.teamIds'), within('when.tags')]).toEqual([
    'a name is needed',
    'choose a group',
    'choose at least one',
    'a tag needs a name',
  ])
  expect([within('when.budgetLeft.budgetId'), within('when.budgetLeft.below')]).toEqual([
    'choose a budget',
    'a number is needed',
  ])
  expect(within('when.timeOfDay.days')).toBe('choose at least one day')
  expect(within('when.timeOfDay')).toBe('a time of day such as 08:30')
  expect(within('when.json')).toBeUndefined()
})
