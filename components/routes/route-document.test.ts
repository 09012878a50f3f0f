import { expect, test } from 'vitest'
import {
  changedMembers,
  checkDocument,
  documentOf,
  memberAt,
  moveTarget,
  newDocument,
  targetsOf,
  withMember,
} from './route-document.ts'

const target = (model: string, priority: number) => ({ providerId: 'prov_1', model, weight: 1, priority })

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

test('a target that moves takes the priority of its new place', () => {
  const targets = [target('a', 0), target('b', 0), target('c', 1)]
  const moved = moveTarget(targets, 2, -1)
  expect(moved.map(({ model, priority }) => [model, priority])).toEqual([
    ['a', 0],
    ['c', 0],
    ['b', 1],
  ])
  expect(moveTarget(targets, 0, -1)).toEqual(targets)
})

test('the document of a route holds no field of the server', () => {
  const route = {
    ...newDocument('prov_1'),
    id: 'route_1',
    createdAt: '2026-01-01T00:00:00Z',
    updatedAt: '2026-01-01T00:00:00Z',
    version: 3,
    targets: [{ ...target('a', 0), providerName: 'openai' }],
  }
  const document = documentOf(route as unknown as Parameters<typeof documentOf>[0])
  expect(document).not.toHaveProperty('version')
  expect(document.targets).toEqual([target('a', 0)])
})
